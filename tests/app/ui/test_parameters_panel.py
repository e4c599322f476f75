from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from PySide6.QtCore import Qt

from app.ui.parameters_panel import (
    CHOICES,
    SETUP,
    STUDIES,
    SUGGESTIONS,
    TABS,
    TIME,
    TRADEOFFS,
)
from app.ui.parameters_texts import odds_card
from app.ui.parameters_values import ParametersView
from engine.analytics.settings import AnalyticsSettings
from engine.analytics.snapshot import AnalyticsSnapshot
from tests.app.analytics_snapshots import MODEL, TASK, arms, new_study, study, view
from tests.app.signals import heard

NOTHING = AnalyticsSnapshot(taken_s=1.0, version=1)


@pytest.fixture
def panel(parameters_page):
    parameters_page.show_snapshot(view())
    return parameters_page


def test_before_anything_was_learnt_the_switch_is_on_the_page(panel):
    """Without a study the page says what to do, and its switch asks for the setting."""
    panel.show_snapshot(ParametersView(is_ready=True))
    assert "Reading" in panel.empty.text
    panel.show_snapshot(ParametersView(NOTHING, is_ready=True))
    assert panel.empty.isVisible()
    assert "Learning is off" in panel.empty.text
    told = heard(panel.setting_changed)
    panel.empty.mode._group.button(2).click()
    assert told == [("analytics.mode", "automatic")]


def test_while_it_waits_the_page_says_for_what(panel):
    """When learning is on and nothing came yet, the page says what brings the first answer."""
    settings = AnalyticsSettings(mode="suggest")
    panel.show_snapshot(ParametersView(NOTHING, settings, is_ready=True))
    assert "Waiting for the first answer" in panel.empty.text
    panel.tabs.setCurrentIndex(SETUP)
    assert panel.setup.isVisible()


def test_the_study_used_last_shows_first(panel):
    """The first study of the snapshot shows until another is picked, which then stays."""
    assert panel.picker.currentText() == f"{MODEL} \N{MIDDLE DOT} {TASK}"
    panel.picker.setCurrentIndex(panel.picker.findText("gpt-4o-mini", Qt.MatchFlag.MatchContains))
    panel.picker.activated.emit(panel.picker.currentIndex())
    assert panel.study.model == "gpt-4o-mini"
    panel.show_snapshot(view(version=2))
    assert panel.study.model == "gpt-4o-mini"


def test_a_study_that_nobody_rated_does_not_hide_what_was_learnt(panel):
    """Where the one used last has nothing to show yet, the last that has comes first."""
    bare, rated = new_study("used-last", "chat"), study()
    panel.show_snapshot(view(studies=(bare, rated)))
    assert panel.study is rated
    panel.show_snapshot(view(studies=(bare,)))
    assert panel.study is bare


def test_a_study_that_is_gone_leaves_another(panel):
    """When the chosen study was forgotten, the next one shows."""
    panel.open_study("gpt-4o-mini", "summary")
    panel.show_snapshot(view(studies=(study(),)))
    assert panel.study.model == MODEL


def test_arms_are_told_with_their_evidence(panel):
    """Each arm has a row: tries, mean with interval, probability of best, loss; and its colour."""
    rows = {row.id: row for row in panel.arms.table.rows}
    assert list(rows) == ["unchanged", "precise", "balanced", "free"]
    assert [str(cell) for cell in rows["precise"].cells[1:6]] == [
        "1,160",
        "0.81 (0.79\N{EN DASH}0.83)",
        "93 %",
        "0.002",
        "1,024 ms",
    ]
    assert "free is left out: p95 of 2,400 ms" in panel.arms.left_out.whole_text
    assert panel.arms.surety.value.text == "93 %"


def test_the_same_study_is_drawn_once(panel, paint_count):
    """A snapshot in which a study has not changed repaints none of its plots."""
    drawn = panel.arms.densities.plot.drawing
    panel.show_snapshot(replace(panel._view, now_s=panel._view.now_s + 1))
    assert panel.arms.densities.plot.drawing is drawn


@pytest.mark.parametrize(
    "part", [CHOICES, TIME, TRADEOFFS, SUGGESTIONS, STUDIES, SETUP], ids=lambda part: TABS[part]
)
def test_every_part_can_show_a_new_study(panel, part):
    """A study of which nothing is known says so in words, whatever part shows."""
    panel.show_snapshot(view(studies=(new_study(),), heat=(), alarms=(), suggestions=()))
    panel.tabs.setCurrentIndex(part)
    panel.grab()
    texts = {
        CHOICES: panel.arms.densities.empty.text,
        TIME: panel.time.progress.empty.text,
        TRADEOFFS: panel.tradeoffs.pareto.empty.text,
        SUGGESTIONS: panel.suggestions.empty.text,
        STUDIES: panel.map.empty.text,
        SETUP: "the setup has no study",
    }
    assert texts[part]


def test_drift_is_told_beside_the_tabs(panel):
    """A study that drifts says so, with all of it where the pointer rests."""
    assert panel._change.text().endswith("Reward fell")
    assert "precise earns less" in panel._change.toolTip()
    panel.tabs.setCurrentIndex(TIME)
    assert "precise earns less" in panel.time.alarms.csv_text()


def test_the_alarms_of_another_study_are_not_shown(panel):
    """Alarms belong to one study."""
    panel.open_study("gpt-4o-mini", "summary")
    panel.tabs.setCurrentIndex(TIME)
    assert panel.time.alarms.rows == ()
    assert panel._change.isHidden()


def test_a_field_of_the_map_opens_its_study(panel, qtbot):
    """A click on a pair of model and task shows what is known of it."""
    panel.tabs.setCurrentIndex(STUDIES)
    place = panel.map.map.box((2, 2)).center().toPoint()
    qtbot.mouseClick(panel.map.map, Qt.MouseButton.LeftButton, pos=place)
    assert panel.tabs.currentIndex() == CHOICES
    assert (panel.study.model, panel.study.task_type) == ("gpt-4o-mini", "summary")


def test_the_map_is_walked_by_keyboard(panel, qtbot):
    """Arrows skip empty fields, the description tells the field, Enter opens it."""
    panel.tabs.setCurrentIndex(STUDIES)
    heat_map = panel.map.map
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down):
        qtbot.keyClick(heat_map, key)
    assert "qwen2.5:7b" in heat_map.accessibleDescription()
    told = heard(panel.map.opened)
    qtbot.keyClick(heat_map, Qt.Key.Key_Return)
    assert told == [("qwen2.5:7b", "summary")]


def test_why_is_told_in_full(panel):
    """The chosen suggestion tells its reasons, what was predicted, and the signs it earned by."""
    panel.tabs.setCurrentIndex(SUGGESTIONS)
    panel.suggestions.table.select_id("sug-1")
    assert "best of 4" in panel.suggestions.why.text()
    assert panel.suggestions.facts.texts["Predicted reward"] == "0.81 (0.79\N{EN DASH}0.83)"
    assert panel.suggestions.terms.texts["Fast"].endswith("0.70")
    panel.suggestions.table.select_id("sug-2")
    assert panel.suggestions.facts.texts["Chosen with"] == "by the search"


def test_pausing_is_a_setting(panel):
    """The button asks to pause, and to go on while it is paused; it is away while off."""
    told = heard(panel.setting_changed)
    panel.pause_button.click()
    panel.show_snapshot(view(is_paused=True))
    assert panel.pause_button.text() == "Resume"
    assert "Paused" in panel._state.text()
    panel.pause_button.click()
    assert told == [("analytics.is_paused", True), ("analytics.is_paused", False)]
    panel.show_snapshot(view(mode="off"))
    assert panel.pause_button.isHidden()
    panel.switch_on_button.click()
    assert panel.tabs.currentIndex() == SETUP


def test_limits_and_weights_are_settings(panel):
    """What is typed into the setup is asked for by its key."""
    panel.tabs.setCurrentIndex(SETUP)
    told = heard(panel.setting_changed)
    row = panel.setup.rows["analytics.max_latency_ms"]
    assert row.field.value == 2000
    row.field.edited.emit(1500.0)
    panel.setup.rows["analytics.rewards.latency_weight"].field.edited.emit(0.4)
    assert told == [
        ("analytics.max_latency_ms", 1500.0),
        ("analytics.rewards.latency_weight", 0.4),
    ]
    panel.show_setting_problem("analytics.max_latency_ms", "it is no number")
    assert row.problem == "it is no number"


def test_forgetting_is_confirmed_and_can_be_undone(panel):
    """Only the second button forgets; what was forgotten offers to come back."""
    panel.tabs.setCurrentIndex(SETUP)
    told, taken_back = heard(panel.forget_wanted), []
    panel.setup.forget_button.click()
    assert told == []
    assert f"{MODEL} \N{MIDDLE DOT} {TASK}" in panel.setup.confirm.text
    panel.setup.confirm.buttons["Forget"].click()
    assert told == [(MODEL, TASK)]
    panel.show_undo("2,000 observations forgotten", lambda: taken_back.append("token-1"))
    panel.undo.buttons["Undo"].click()
    assert taken_back == ["token-1"]
    panel.show_undo("1 observation brought back")
    assert panel.undo.buttons["Undo"].isHidden()


def test_a_change_of_study_takes_the_question_back(panel):
    """Whoever picks another study is not asked about the first any more."""
    panel.tabs.setCurrentIndex(SETUP)
    panel.setup.forget_button.click()
    panel._choose("gpt-4o-mini\nsummary")
    assert panel.setup.confirm.text == ""


def test_a_small_window_puts_cards_below_each_other(panel, qtbot):
    """At the smallest size nothing overlaps: plots stand below each other and scroll."""
    panel.resize(672, 520)
    upper, lower = panel.arms.densities, panel.arms._choices
    qtbot.waitUntil(lambda: upper.geometry().bottom() < lower.geometry().top())
    shown = [panel.picker, panel.pause_button, panel.export_button]
    edges = [(each.geometry().left(), each.geometry().right()) for each in shown]
    assert all(right < left for (_, right), (left, _) in pairwise(edges))


def test_every_part_is_reached_by_keyboard(panel):
    """Plots, tables, the map and the switches take the focus and have names."""
    for widget in (
        panel.arms.densities.plot,
        panel.arms.table,
        panel.time.progress.plot,
        panel.tradeoffs.pareto.plot,
        panel.suggestions.table,
        panel.map.map,
        panel.picker,
    ):
        assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        assert widget.accessibleName()


def test_a_decided_study_says_so(panel):
    """When enough is known, the page tells what was decided."""
    panel.show_snapshot(view(studies=(study(is_decided=True),)))
    assert "Decided: precise" in panel.arms.decision.text()
    nothing = tuple(replace(arm, reward=None, density=None, rewards=0) for arm in arms())
    panel.show_snapshot(view(studies=(study(arms=nothing, rewards=0),)))
    assert "Nothing rated yet" in panel.arms.decision.text()


def test_arms_by_the_request_say_for_which_one_they_are_shown(panel):
    """Where the best arm depends on the request, none is called decided, and the usual is told."""
    told = "about 800 tokens, turn 2, tools in 40%"
    panel.show_snapshot(view(studies=(study(usual_request=told),)))
    assert panel.arms.decision.text().endswith("By the request")
    assert panel.arms.decision.toolTip().endswith(f"the usual one: {told}")
    assert panel.arms.densities.isVisible()
    assert odds_card(study(usual_request=told))[2] == "precise at the usual request"


def test_parameters_by_the_request_can_be_chosen(panel):
    """Setup offers all methods where parameters come from, in words."""
    field = panel.setup.rows["analytics.method"].field
    offered = [field.itemText(number) for number in range(field.count())]
    assert offered == ["A few named choices", "Search within bounds", "Choices by the request"]
    told = heard(panel.setting_changed)
    field.setCurrentIndex(2)
    field.activated.emit(2)
    assert told == [("analytics.method", "context")]
