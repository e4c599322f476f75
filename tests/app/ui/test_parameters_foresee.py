"""What any values would lead to, on the Parameters page."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt

from app.ui.parameters_panel import WHAT_IF
from engine.analytics.answers import WhatIf
from engine.analytics.snapshot import Estimate, ParameterRange
from tests.app.analytics_snapshots import MODEL, TASK, new_study, study, view
from tests.app.signals import heard

FOUND = WhatIf(
    MODEL,
    TASK,
    {"temperature": 0.3},
    Estimate(0.79, 0.74, 0.84),
    Estimate(655, 400, 1080),
    1804,
    ("1,804 rated answers had values for temperature",),
    (),
)
BEYOND = replace(
    FOUND, warnings=("temperature 1.9 lies above everything that was tried (0.2 to 1)",)
)
NOTHING = replace(FOUND, reward=None, latency_ms=None, rated=0, evidence=())


@pytest.fixture
def panel(parameters_page):
    parameters_page.show_snapshot(view())
    return parameters_page


@pytest.fixture
def part(panel):
    panel.tabs.setCurrentIndex(WHAT_IF)
    return panel.foresee


def test_it_begins_with_the_best_choice(panel):
    """Opened, the part asks at once about the values of the best choice."""
    told = heard(panel.foresee.what_if_wanted)
    panel.tabs.setCurrentIndex(WHAT_IF)
    assert told == [(MODEL, TASK, {"temperature": 0.2, "top_p": 0.9})]
    panel.show_snapshot(view(version=2))
    assert len(told) == 1 or told[-1] == told[0]


def test_values_are_asked_about_by_keyboard(part, qtbot):
    """Typed and Enter: numbers as numbers, what is empty left out."""
    told = heard(part.what_if_wanted)
    field = part.values.fields["temperature"]
    field.clear()
    part.values.fields["top_p"].clear()
    qtbot.keyClicks(field, "1.9")
    assert part.begin_with.currentText() == "own values"
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert told[-1] == (MODEL, TASK, {"temperature": 1.9})


def test_a_pause_in_typing_asks_too(part, qtbot):
    """Nobody needs to press anything."""
    told = heard(part.what_if_wanted)
    part._pause.setInterval(0)
    qtbot.keyClicks(part.values.fields["top_p"], "1")
    qtbot.waitUntil(lambda: bool(told))


def test_the_prediction_is_told_with_its_interval_and_evidence(part):
    """Reward and latency as numbers and pictures, beside the best choice, and why."""
    part.show_what_if(FOUND)
    assert part.reward.value.text == "0.79 of 1"
    assert part.reward.note.whole_text == "90 %: 0.74 to 0.84"
    assert part.latency.value.text == "655 ms"
    assert part.latency.note.whole_text == "90 %: 400 to 1,080 ms"
    shown = part._reward_bar.interval
    assert (shown.low, shown.mean, shown.high, shown.beside) == (0.74, 0.79, 0.84, 0.81)
    assert part._latency_bar.interval.most > 1080
    assert part.evidence.text() == "1,804 rated answers had values for temperature."
    assert "precise (temperature 0.2, top_p 0.9): 0.81, 640 ms" in part.best.text()
    assert part.warning.text == ""


def test_beyond_what_was_tried_the_page_warns(part):
    """A strip above the figures says that it is a guess, and why."""
    part.show_what_if(BEYOND)
    assert part.warning.text.startswith("Only a guess: temperature 1.9 lies above everything")
    assert part.warning.isVisible()
    part.show_what_if(FOUND)
    assert not part.warning.isVisible()


def test_where_nothing_is_known_no_figure_is_shown(panel, part):
    """A study without an answer says so; there is no number and no picture."""
    panel.show_snapshot(view(studies=(new_study(),)))
    part.show_what_if(replace(NOTHING, model="qwen2.5:7b", task_type="chat"))
    assert "\N{EM DASH}" in part.reward.value.text
    assert part._reward_bar.interval is None
    assert "Nothing like this was rated yet" in part.evidence.text()
    assert part.best.text() == ""
    part.grab()


def test_mistakes_are_told_at_their_fields(part):
    """What is no number is not asked about."""
    told = heard(part.what_if_wanted)
    part.values.fields["temperature"].setText("hot")
    part.ask_button.click()
    assert "Write a number" in part.values.wrong_text("temperature")
    assert told == []


def test_choices_and_whole_numbers_have_fields_of_their_kind(panel, part):
    """A parameter with a few values is chosen; a whole number is one."""
    parameters = (
        ParameterRange("effort", "choice", choices=("low", True)),
        ParameterRange("budget", "int", 1, 9),
    )
    panel.show_snapshot(view(studies=(study(parameters=parameters, version=9),)))
    effort, budget = part.values.fields["effort"], part.values.fields["budget"]
    assert [effort.itemText(at) for at in range(effort.count())] == ["left open", "low", "true"]
    effort.show_value("true")
    budget.setText("3.0")
    told = heard(part.what_if_wanted)
    part.ask()
    assert told[0][2]["effort"] is True
    assert told[0][2]["budget"] == 3
    budget.setText("3.5")
    part.ask()
    assert "whole number" in part.values.wrong_text("budget")


def test_an_answer_for_another_study_is_not_shown(part):
    """What comes after the study was changed is let go; a failure is told."""
    part.show_what_if(replace(FOUND, model="other"))
    assert "0.79" not in part.reward.value.text
    part.show_failure("temperature = 1e99: give a number")
    assert "give a number" in part.warning.text


def test_a_narrow_window_puts_the_figures_below(panel, part, qtbot):
    """At the smallest size nothing is clipped: it stands below each other and scrolls."""
    panel.resize(672, 520)
    qtbot.waitUntil(
        lambda: (
            part.reward.mapTo(part, part.reward.rect().topLeft()).y()
            > part.ask_button.mapTo(part, part.ask_button.rect().bottomLeft()).y()
        )
    )


def test_every_field_has_a_name(part):
    """Whoever cannot see the labels is told which parameter a field is for."""
    assert {name: each.accessibleName() for name, each in part.values.fields.items()} == {
        "temperature": "temperature",
        "top_p": "top_p",
    }
    assert part.begin_with.accessibleName() == "Begin with"
