from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from app.ui.about_texts import (
    build_facts,
    home_as_tilde,
    news_chip,
    news_texts,
    report_text,
    version_text,
)
from app.ui.about_values import AboutView
from engine.build import Build
from engine.updates.release import Release
from engine.updates.snapshot import UpdateState, UpdateView

BUILT = datetime(2026, 11, 23, 18, 40, tzinfo=UTC)
BUILD = Build("0.1.0", "abc1234", BUILT, "standard")
VIEW = AboutView(BUILD, (("Python", "3.11.2"), ("Qt", "6.11.3")))
NEWER = Release("0.2.0", "https://example.org/0.2.0", date(2026, 12, 1))
NEWS = UpdateView(UpdateState.KNOWN, "example.org", NEWER, is_newer=True, looked_at=BUILT)
TODAY = date(2026, 12, 24)


def test_a_build_is_told_in_facts():
    """What is not known is a dash, and a checkout was not packaged."""
    assert version_text(BUILD) == "Version 0.1.0"
    assert version_text(Build()) == "Version unknown"
    facts = dict(build_facts(VIEW))
    assert facts["Built"] == "2026-11-23 18:40 UTC"
    assert (facts["Commit"], facts["Qt"]) == ("abc1234", "6.11.3")
    assert dict(build_facts(AboutView()))["Built"] == "not packaged"


def test_a_bug_report_names_the_build_and_not_the_user():
    """Everything that helps is in it; the user's own folder is a tilde."""
    folders = (("Log", Path.home() / "logs"), ("Settings", Path("/srv/settings")))
    assert report_text(VIEW, folders).splitlines() == [
        "universal-ai-tools 0.1.0 (standard, commit abc1234, built 2026-11-23)",
        "Python: 3.11.2",
        "Qt: 6.11.3",
        "Log: ~/logs",
        "Settings: /srv/settings",
    ]


def test_a_folder_elsewhere_stays_as_it_is():
    """Only what lies in the user's folder is shortened, not what is called like it."""
    assert home_as_tilde(Path("/home/mia/a"), Path("/home/mia")) == "~/a"
    assert home_as_tilde(Path("/home/mia2/a"), Path("/home/mia")) == "/home/mia2/a"


@pytest.mark.parametrize(
    ("view", "title", "detail", "chip"),
    [
        (UpdateView(), "New versions are not looked for", "Nobody is asked", ("Off", "mute")),
        (
            UpdateView(UpdateState.NO_ADDRESS),
            "There is nobody to ask",
            "enter one below",
            ("No address", "warn"),
        ),
        (
            UpdateView(UpdateState.WAITING, "example.org"),
            "Not looked for yet",
            "example.org is asked soon",
            ("On", "mute"),
        ),
        (
            UpdateView(UpdateState.LOOKING, "example.org"),
            "Looking for a new version",
            "example.org is being asked",
            ("On", "mute"),
        ),
        (
            NEWS,
            "Version 0.2.0 is out",
            "Released on 1 December 2026; example.org was asked on 23 Nov, ",
            ("New", "accent"),
        ),
        (
            replace(NEWS, latest=replace(NEWER, released=None)),
            "Version 0.2.0 is out",
            "example.org was asked on 23 Nov, ",
            ("New", "accent"),
        ),
        (
            replace(NEWS, is_newer=False),
            "No newer version is out",
            "example.org was asked on 23 Nov, ",
            ("Up to date", "ok"),
        ),
        (
            UpdateView(UpdateState.FAILED, "example.org", problem="It is away: try later"),
            "No news",
            "It is away: try later",
            ("No answer", "warn"),
        ),
        (
            replace(NEWS, state=UpdateState.FAILED, problem="It is away: try later"),
            "Version 0.2.0 is out",
            "It is away: try later",
            ("No answer", "warn"),
        ),
    ],
)
def test_each_state_has_its_words(view, title, detail, chip):
    """What is known comes first; a failure says why, and hides no version that is out."""
    shown = news_texts(view, TODAY)
    assert shown[0] == title
    assert detail in shown[1]
    assert news_chip(view) == chip


def test_a_look_of_today_has_its_time_alone():
    """The day is left out."""
    _, detail = news_texts(replace(NEWS, is_newer=False), BUILT.astimezone().date())
    assert detail == f"example.org was asked at {BUILT.astimezone():%H:%M}"
