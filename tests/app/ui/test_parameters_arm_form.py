"""Choices are added and taken out on the Parameters page."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt

from app.ui.parameters_panel import CHOICES, SETUP, WHAT_IF
from app.ui.parameters_values import ParametersView
from tests.app.analytics_snapshots import MODEL, TASK, arms, new_study, study, view
from tests.app.signals import heard


@pytest.fixture
def panel(parameters_page):
    parameters_page.show_snapshot(view())
    return parameters_page


def with_removed(*names):
    """Return a page on which some arms were removed."""
    gone = [
        replace(arm, is_allowed=False, density=None, reason="it was removed")
        if arm.name in names
        else arm
        for arm in arms()
    ]
    return view(studies=(study(arms=tuple(gone), version=2),))


def test_a_choice_is_added_by_keyboard(panel, qtbot):
    """Ctrl+N opens the form with the keyboard in it; Enter asks for name and values."""
    told = heard(panel.arms.add_wanted)
    qtbot.keyClick(panel, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    form = panel.arms.form
    assert form.isVisible()
    assert form.name.hasFocus()
    qtbot.keyClicks(form.name, "careful")
    qtbot.keyClicks(form.values.fields["temperature"], "0.4")
    qtbot.keyClicks(form.others, "top_k = 40")
    qtbot.keyClick(form.others, Qt.Key.Key_Return)
    assert told == [(MODEL, TASK, "careful", {"temperature": 0.4, "top_k": 40})]
    panel.arms.show_added()
    assert not form.isVisible()


@pytest.mark.parametrize("number", [0, 1])
def test_mistakes_are_told_at_their_fields(panel, number):
    """No name, one that is taken, a word for a number, a pair without a sign: each in its place."""
    told = heard(panel.arms.add_wanted)
    panel.arms.add_arm()
    form = panel.arms.form
    form.name.setText(("", "precise")[number])
    form.values.fields["temperature"].setText("warm")
    form.others.setText("top_k 40")
    form.save_button.click()
    assert (
        form.name_problem()
        == ("Give it a name", "There is a choice called precise already")[number]
    )
    assert "Write a number" in form.values.wrong_text("temperature")
    assert form.values.wrong_text("top_p") == ""
    assert "write it as name = value" in form.others_problem()
    assert told == []


def test_a_choice_must_be_another_one(panel):
    """Without a value it is the request as it came; with those of another it is that one."""
    panel.arms.add_arm({"temperature": 0.2, "top_p": 0.9})
    form = panel.arms.form
    form.name.setText("mine")
    form.save_button.click()
    assert form.wrong.text() == "precise has just these values"
    form.values.show_values({})
    form.save_button.click()
    assert "at least one value" in form.wrong.text()


def test_what_the_engine_refuses_stands_in_the_form(panel):
    """What was typed stays, with the reason."""
    panel.arms.add_arm({"temperature": 0.3})
    panel.arms.form.show_failure("there are 32 arms, the most there may be")
    assert "32 arms" in panel.arms.form.wrong.text()
    assert panel.arms.form.values.texts() == {"temperature": "0.3"}


def test_a_choice_is_taken_out_and_brought_back(panel, qtbot):
    """The button and Del remove what is picked; one that is gone offers to return."""
    out, back = heard(panel.arms.remove_wanted), heard(panel.arms.add_wanted)
    assert not panel.arms.remove_button.isEnabled()
    panel.arms.table.select_id("balanced")
    panel.arms.remove_button.click()
    qtbot.keyClick(panel.arms.table, Qt.Key.Key_Delete)
    assert out == [(MODEL, TASK, "balanced")] * 2
    panel.show_snapshot(with_removed("balanced"))
    assert panel.arms.return_button.isVisible()
    assert not panel.arms.remove_button.isVisible()
    panel.arms.return_button.click()
    assert back == [(MODEL, TASK, "balanced", {"temperature": 0.7, "top_p": 0.95})]


def test_what_was_taken_out_is_told_apart(panel):
    """Its row says so, and nobody is asked what it alone would have earned."""
    panel.show_snapshot(with_removed("balanced"))
    told = heard(panel.arms.compare_wanted)
    panel.arms.table.select_id("balanced")
    row = next(row for row in panel.arms.table.rows if row.id == "balanced")
    assert (row.cells[0].token, row.cells[3]) == ("mute", "\N{EM DASH}")
    assert "What balanced has earned stays" in panel.arms.what_if.whole_text
    assert panel.arms.left_out.whole_text.endswith("balanced is tried no more")
    assert told == []


@pytest.mark.parametrize("work", ["form", "row", "what if"])
def test_no_other_study_takes_the_place_of_one_that_is_worked_on(panel, work):
    """While somebody types or has picked a choice, the study stays, whichever was used last."""
    if work == "form":
        panel.arms.add_button.click()
    elif work == "row":
        panel.arms.table.select_id("precise")
    else:
        panel.tabs.setCurrentIndex(WHAT_IF)
    other = study("another", "chat", version=9)
    panel.show_snapshot(view(studies=(other, study(version=9))))
    assert panel.study.model == MODEL
    assert panel.arms.form.isHidden() is not (work == "form")


def test_the_table_has_room_for_what_was_added(panel):
    """A few choices more need no scrolling; many do."""
    few = panel.arms.table.minimumHeight()
    more = (*arms(), replace(arms()[0], name="mine"), replace(arms()[0], name="yours"))
    panel.show_snapshot(view(studies=(study(arms=more, version=4),)))
    assert panel.arms.table.minimumHeight() > few


def test_a_removed_name_is_free(panel):
    """A choice that was taken out does not stand in the way of one with its name."""
    panel.show_snapshot(with_removed("balanced"))
    told = heard(panel.arms.add_wanted)
    panel.arms.add_arm({"temperature": 0.7, "top_p": 0.95})
    panel.arms.form.name.setText("balanced")
    panel.arms.form.save_button.click()
    assert len(told) == 1


def test_the_last_choice_stays(panel):
    """Where one is left it cannot be taken out."""
    panel.show_snapshot(with_removed("precise", "balanced", "free"))
    panel.arms.table.select_id("unchanged")
    assert not panel.arms.remove_button.isEnabled()


def test_a_choice_can_be_added_before_anything_was_learnt(panel):
    """A study without an answer has a form as well; another study closes it."""
    panel.show_snapshot(view(studies=(new_study(), study())))
    panel.open_study("qwen2.5:7b", "chat")
    panel.arms.add_button.click()
    assert panel.arms.form.isVisible()
    panel.open_study(MODEL, TASK)
    assert not panel.arms.form.isVisible()


def test_the_key_adds_what_the_part_holds(panel, qtbot):
    """Ctrl+N on the setup describes a parameter, also before there is a study."""
    panel.show_snapshot(ParametersView(is_ready=True))
    qtbot.keyClick(panel, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    assert not panel.arms.form.isVisible()
    panel.tabs.setCurrentIndex(SETUP)
    qtbot.keyClick(panel, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    assert panel.setup.own.parameters.is_editing


def test_values_that_were_asked_about_become_a_choice(panel):
    """What if leads to the form, which holds the values already."""
    panel.tabs.setCurrentIndex(WHAT_IF)
    panel.foresee.values.show_values({"temperature": 0.33})
    panel.foresee.add_button.click()
    assert panel.tabs.currentIndex() == CHOICES
    assert panel.arms.form.values.texts() == {"temperature": "0.33"}
