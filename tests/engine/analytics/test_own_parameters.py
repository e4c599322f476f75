"""Parameters that the user describes in the settings."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.analytics.own_parameters import (
    constraint_entry,
    entry_of,
    own_constraints,
    own_parameters,
)
from engine.analytics.parameters import ChoiceParameter, FloatParameter, IntParameter
from engine.analytics.settings import AnalyticsSettings, RangeSettings
from engine.configuration import SettingsFile, settings_from
from engine.errors import Refused, SettingsError

TEXT = """
[analytics]
method = "search"

[[analytics.ranges.parameter]]
name = "reasoning_effort"
choices = ["low", "high"]
models = ["GPT-5*"]

[[analytics.ranges.parameter]]
name = "min_p"
low = 0.01
high = 0.5
is_log = true

[[analytics.ranges.parameter]]
name = "top_k"
low = 1
high = 100
only_if = { parameter = "reasoning_effort", values = ["low"] }

[[analytics.ranges.constraint]]
weights = { temperature = 1, min_p = 2 }
at_most = 1.5
"""


@dataclass(frozen=True, slots=True)
class Whole:
    analytics: AnalyticsSettings = AnalyticsSettings()


def ranges(text: str) -> RangeSettings:
    return settings_from(Whole, tomllib.loads(text)).analytics.ranges


def test_they_are_read_as_they_are_written():
    """Choices, any and whole numbers, models and conditions become what they say."""
    found = ranges(TEXT)
    effort, min_p, top_k = (each.parameter for each in found.parameter)
    assert effort == ChoiceParameter("reasoning_effort", ("low", "high"))
    assert min_p == FloatParameter("min_p", 0.01, 0.5, is_log=True)
    assert isinstance(top_k, IntParameter)
    assert top_k.only_if is not None
    assert found.parameter[0].is_for("gpt-5-mini")
    assert not found.parameter[0].is_for("llama")
    assert found.parameter[1].is_for("llama")
    assert found.constraint[0].weights == {"temperature": 1.0, "min_p": 2.0}
    assert found == ranges(TEXT)


def test_they_survive_a_change_in_the_window(tmp_path: Path):
    """Another setting can be changed beside them, in the file that has them."""
    file = SettingsFile(tmp_path / "settings.toml")
    file.path.write_text(TEXT, encoding="utf-8")
    file.change(Whole, "analytics.ranges.top_p", False)
    file.change(Whole, "analytics.mode", "suggest")
    found = file.read(Whole).analytics
    assert not found.ranges.top_p
    assert found.ranges.parameter == ranges(TEXT).parameter


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("3", r"analytics\.ranges\.parameter: write each"),
        ("[{ low = 1, high = 2 }]", r"parameter\[0\]\.name = None"),
        ('[{ name = "messages", low = 1, high = 2 }]', r"parameter\[0\]\.name = 'messages'"),
        ('[{ name = "top_p", low = 1, high = 2 }]', r"analytics\.ranges\.top_p_low"),
        ('[{ name = "a", low = 1, hihg = 2 }]', r"parameter\[0\]\.hihg"),
        ('[{ name = "a", low = 1 }]', r"parameter\[0\]\.high = None"),
        ('[{ name = "a", low = nan, high = 2 }]', r"parameter\[0\]\.low = nan"),
        ('[{ name = "a", low = 3, high = 2 }]', r"parameter\[0\]: a: 3 is above 2"),
        ('[{ name = "a", low = 0.0, high = 2, is_log = true }]', "no logarithm"),
        ('[{ name = "a", low = 1, high = 2, is_log = 1 }]', r"is_log = 1"),
        ('[{ name = "a", choices = [] }]', r"parameter\[0\]\.choices = \[\]"),
        ('[{ name = "a", choices = ["x", "x"] }]', "given twice"),
        ('[{ name = "a", choices = [["x"]] }]', r"parameter\[0\]\.choices = \['x'\]"),
        ('[{ name = "a", choices = ["x"], low = 1 }]', "give it choices, or low and high"),
        ('[{ name = "a", choices = ["x"], models = "m" }]', r"parameter\[0\]\.models = 'm'"),
        ('[{ name = "a", choices = ["x"], only_if = 1 }]', r"parameter\[0\]\.only_if = 1"),
        ('[{ name = "a", choices = [1] }, { name = "a", choices = [2] }]', r"parameter\[1\]\.name"),
        (
            '[{ name = "a", choices = [1], only_if = { parameter = "b", values = [1] } }]',
            r"analytics\.ranges: a counts only with 'b'",
        ),
    ],
)
def test_what_is_wrong_is_named(entry, words):
    """A wrong description names its key, what stands there and what would be right."""
    with pytest.raises(SettingsError, match=words):
        ranges(f"analytics.ranges.parameter = {entry}")


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("[{ weights = {}, at_most = 1 }]", r"constraint\[0\]\.weights = \{\}"),
        ("[{ weights = { top_p = 1 } }]", r"constraint\[0\]\.at_most = None"),
        ("[{ weights = { top_q = 1 }, at_most = 1 }]", r"constraint\[0\]\.weights\.top_q"),
        ("[{ weights = { top_p = 1 }, at_most = -1 }]", "analytics.ranges"),
    ],
)
def test_wrong_constraints_are_named(entry, words):
    """So does a constraint that names nothing, or that nothing can keep."""
    with pytest.raises(SettingsError, match=words):
        ranges(f"analytics.ranges.constraint = {entry}")


def test_nothing_described_is_nothing_added():
    """Empty lists are allowed, and mean what leaving them out means."""
    assert own_parameters("p", []) == ()
    assert own_constraints("c", []) == ()


def test_they_are_written_as_they_are_read(tmp_path: Path):
    """What the window writes is what the file said; groups that say the same stay as they are."""
    file = SettingsFile(tmp_path / "settings.toml")
    text = TEXT.replace('name = "min_p"', 'name = "min_p" # mine').strip() + "\n"
    file.path.write_text(text, encoding="utf-8")
    before = file.read(Whole).analytics.ranges
    entries = [entry_of(each) for each in before.parameter]
    limits = [constraint_entry(each) for each in before.constraint]
    assert limits == [{"weights": {"temperature": 1, "min_p": 2}, "at_most": 1.5}]
    file.change(Whole, "analytics.ranges.constraint", limits)
    after = file.change(Whole, "analytics.ranges.parameter", entries).analytics.ranges
    assert after == before
    assert file.path.read_text(encoding="utf-8") == text
    entries[0]["choices"] = ["low", "high", "highest"]
    after = file.change(Whole, "analytics.ranges.parameter", entries).analytics.ranges
    assert after.parameter[1:] == before.parameter[1:]
    changed = file.path.read_text(encoding="utf-8")
    assert changed == text.replace('["low", "high"]', '["low", "high", "highest"]')


def test_what_others_need_is_not_removed(tmp_path: Path):
    """Nothing is written where a condition or a constraint would name what is gone."""
    file = SettingsFile(tmp_path / "settings.toml")
    file.path.write_text(TEXT, encoding="utf-8")
    entries = [entry_of(each) for each in file.read(Whole).analytics.ranges.parameter]
    for gone, needs in ((0, "reasoning_effort"), (1, "min_p")):
        kept = [each for place, each in enumerate(entries) if place != gone]
        with pytest.raises(SettingsError, match=needs):
            file.change(Whole, "analytics.ranges.parameter", kept)
    assert file.path.read_text(encoding="utf-8") == TEXT


def test_groups_are_not_written_over_those_of_somebody_else(tmp_path: Path):
    """A list that was made before the file was changed by hand is refused; the file stays."""
    file = SettingsFile(tmp_path / "settings.toml")
    file.path.write_text(TEXT, encoding="utf-8")
    file.read(Whole)
    by_hand = TEXT.replace("0.5", "0.25")
    file.path.write_text(by_hand + "# longer", encoding="utf-8")
    with pytest.raises(Refused, match="changed by hand"):
        file.change(Whole, "analytics.ranges.constraint", [])
    assert file.path.read_text(encoding="utf-8") == by_hand + "# longer"
    assert file.read(Whole).analytics.ranges.constraint
    assert not file.change(Whole, "analytics.ranges.constraint", []).analytics.ranges.constraint
