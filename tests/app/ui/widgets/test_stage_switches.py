from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QLabel

from app.ui.widgets.stage_switches import StageSwitches, cost_text
from engine.voice.snapshot import StageView

STAGE = StageView("high_pass", "High-pass", True, 200.0)


@pytest.fixture
def switches(theme, qtbot) -> StageSwitches:
    """Return switches that show one stage, which is on."""
    view = StageSwitches(theme)
    qtbot.addWidget(view)
    view.show_stages([STAGE])
    return view


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "0.2 ms per second of audio"),
        ({"cost_us": 4130.0}, "4.1 ms per second of audio"),
        ({"cost_us": 40.0}, "under 0.1 ms per second of audio"),
        ({"cost_us": None}, "Not measured yet"),
        ({"problem": "The library is missing"}, "The library is missing"),
    ],
)
def test_cost_in_words(changes: dict, text: str):
    """A stage says what it costs, that it does not know, or what is wrong with it."""
    assert cost_text(replace(STAGE, **changes)) == text


def test_a_switch_asks_and_does_not_decide(switches, qtbot):
    """A click asks for the change; the next snapshot draws what came of it."""
    with qtbot.waitSignal(switches.toggled) as asked:
        switches.switches["high_pass"].click()
    assert asked.args == ["high_pass", False]
    switches.show_stages([replace(STAGE, cost_us=300.0)])
    assert switches.switches["high_pass"].isChecked()


def test_drawing_a_state_asks_for_nothing(switches, qtbot):
    """A stage switched elsewhere is drawn without being asked for again."""
    with qtbot.assertNotEmitted(switches.toggled):
        switches.show_stages([replace(STAGE, is_on=False)])
    assert not switches.switches["high_pass"].isChecked()


def test_stages_replace_the_note_that_there_are_none(theme, qtbot):
    """Before the engine runs a note stands there, and nothing of it stays behind the stages."""
    view = StageSwitches(theme)
    qtbot.addWidget(view)
    view.show()
    note = view.findChild(QLabel)
    assert note.isVisible()
    view.show_stages([STAGE])
    assert not note.isVisible()


def test_new_costs_keep_the_switch(switches):
    """Fresh costs leave the switches in place, and focus with them."""
    before = switches.switches["high_pass"]
    switches.show_stages([replace(STAGE, cost_us=900.0)])
    assert switches.switches["high_pass"] is before
    assert switches.cost_of("high_pass") == "0.9 ms per second of audio"
