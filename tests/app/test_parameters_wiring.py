from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtWidgets import QFileDialog

from app.sources import PARAMETER_BEATS, Sources
from app.ui.parameters_panel import SEARCH, SETUP, WHAT_IF, ParametersPanel
from app.wiring import NOT_READY
from engine.analytics.answers import Comparison, Forgotten, OffPolicyView, WhatIf
from engine.analytics.parameter_sets import Arm
from engine.analytics.search_view import SearchView
from engine.analytics.settings import AnalyticsSettings
from engine.analytics.snapshot import Estimate
from engine.errors import Rejected, SettingsError
from tests.app.analytics_snapshots import MODEL, TASK, arms, estimate, snapshot, view
from tests.app.search_views import search_view


class FakeAnalytics:
    """Remembers what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.error: Exception | None = None
        self.shown = snapshot()

    def snapshot(self) -> Any:
        return self.shown

    async def forget(self, **where: Any) -> Forgotten:
        self.asked.append(("forget", where))
        if self.error:
            raise self.error
        return Forgotten("token-1", 2000, 1)

    async def compare(self, a: str, b: str, *, model: str, task_type: str) -> Comparison:
        self.asked.append(("compare", a, b))
        known = {arm.name: arm for arm in arms()}
        told = OffPolicyView(estimate(0.76, 800), 812.0, 1800, "SNIPS")
        none = OffPolicyView(None, 3.0, 1800, "SNIPS", "too few answers are like it")
        views = (told, none) if a == "balanced" else (none, told)
        return Comparison(model, task_type, known[a], known[b], 0.03, 0.05, 0.001, *views)

    async def inspect(self, model: str, task_type: str, *, pair: Any = None) -> SearchView:
        self.asked.append(("inspect", model, task_type, pair))
        if self.error:
            raise self.error
        return search_view()

    async def add_arm(self, name: str, values: Any, *, model: str, task_type: str) -> Arm:
        self.asked.append(("add_arm", name, dict(values), model, task_type))
        if self.error:
            raise self.error
        return Arm(name, values, is_own=True)

    async def remove_arm(self, name: str, *, model: str, task_type: str) -> Arm:
        self.asked.append(("remove_arm", name, model, task_type))
        if self.error:
            raise self.error
        return Arm(name, {"temperature": 0.7})

    async def what_if(self, values: Any, *, model: str, task_type: str) -> WhatIf:
        self.asked.append(("what_if", values))
        if self.error:
            raise self.error
        reward, latency = Estimate(0.7, 0.6, 0.8), Estimate(500, 400, 900)
        return WhatIf(model, task_type, values, reward, latency, 12, ("12 rated answers",), ())

    async def undo_forget(self, token: str) -> int:
        self.asked.append(("undo_forget", token))
        return 1


@pytest.fixture
def panel(theme, qtbot, wiring):
    panel = ParametersPanel(theme)
    qtbot.addWidget(panel)
    wiring.add(panel)
    panel.show_snapshot(view())
    return panel


@pytest.fixture
def analytics(wiring, engines):
    engines.analytics = FakeAnalytics()
    wiring.use(engines)
    wiring.started()
    return engines.analytics


def test_before_the_engines_work_the_user_is_told(panel):
    """What is wanted too early is answered by a sentence."""
    panel.forget_wanted.emit(MODEL, TASK)
    assert panel.strip.text == NOT_READY


def test_forgetting_can_be_taken_back(panel, analytics, qtbot):
    """What was forgotten is told with its count; Undo brings it back by its token."""
    panel.forget_wanted.emit(MODEL, TASK)
    qtbot.waitUntil(lambda: "2,000 observations" in panel.undo.text)
    panel.undo.buttons["Undo"].click()
    qtbot.waitUntil(lambda: "1 observation brought back" in panel.undo.text)
    assert analytics.asked == [
        ("forget", {"model": MODEL, "task_type": TASK}),
        ("undo_forget", "token-1"),
    ]


def test_what_if_is_asked_and_told(panel, analytics, qtbot):
    """A choice that is picked is compared with the best, and its words stand below the table."""
    panel.arms.table.select_id("balanced")
    qtbot.waitUntil(lambda: "as from 812 answers of 1,800" in panel.arms.what_if.whole_text)
    assert analytics.asked == [("compare", "balanced", "precise")]
    assert "balanced alone would have earned 0.76" in panel.arms.what_if.whole_text
    assert panel.arms.better.whole_text == "Precise is better than balanced with 97%."
    panel.arms.table.select_id("precise")
    qtbot.waitUntil(lambda: "too few" in panel.arms.what_if.whole_text)
    assert analytics.asked[-1] == ("compare", "precise", "balanced")


def test_a_choice_is_added_and_a_refusal_stands_in_its_form(panel, analytics, qtbot):
    """The engine is asked; what it refuses is told where it was typed, and the form stays."""
    panel.show()
    panel.arms.add_arm({"temperature": 0.4})
    panel.arms.form.name.setText("mine")
    analytics.error = Rejected("there are 32 arms, the most there may be: remove one first")
    panel.arms.form.save_button.click()
    qtbot.waitUntil(lambda: "32 arms" in panel.arms.form.wrong.text())
    analytics.error = None
    panel.arms.form.save_button.click()
    qtbot.waitUntil(panel.arms.form.isHidden)
    assert analytics.asked[-1] == ("add_arm", "mine", {"temperature": 0.4}, MODEL, TASK)
    assert panel.undo.text == "mine is tried from now on"
    assert panel.undo.buttons["Undo"].isHidden()


def test_a_choice_that_was_taken_out_can_be_brought_back(panel, analytics, qtbot):
    """Undo adds it again with its values; what goes wrong stands in the strip."""
    panel.arms.remove_wanted.emit(MODEL, TASK, "balanced")
    qtbot.waitUntil(lambda: panel.undo.text == "balanced is tried no more")
    panel.undo.buttons["Undo"].click()
    qtbot.waitUntil(lambda: panel.undo.text == "balanced is tried again")
    assert analytics.asked == [
        ("remove_arm", "balanced", MODEL, TASK),
        ("add_arm", "balanced", {"temperature": 0.7}, MODEL, TASK),
    ]
    analytics.error = Rejected("'balanced' is the last arm: add another one first")
    panel.arms.remove_wanted.emit(MODEL, TASK, "balanced")
    qtbot.waitUntil(lambda: "last arm" in panel.strip.text)


def test_what_any_values_lead_to_is_asked_and_told(panel, analytics, qtbot):
    """The engine predicts; what it refuses stands above the figures."""
    panel.tabs.setCurrentIndex(WHAT_IF)
    qtbot.waitUntil(lambda: panel.foresee.reward.value.text == "0.70 of 1")
    assert analytics.asked == [("what_if", {"temperature": 0.2, "top_p": 0.9})]
    analytics.error = Rejected("temperature = 1e99: give a number")
    panel.foresee.ask()
    qtbot.waitUntil(lambda: "give a number" in panel.foresee.warning.text)


def test_before_the_engines_work_what_if_says_to_wait(panel):
    """In its own place, since nothing was asked for by the user."""
    panel.foresee.what_if_wanted.emit(MODEL, TASK, {})
    assert panel.foresee.warning.text == NOT_READY


def test_own_parameters_are_written_as_groups(panel, analytics, engines, qtbot):
    """What is typed is a setting like others; a refusal is told in its card."""
    key, entries = "analytics.ranges.parameter", [{"name": "top_k", "low": 1, "high": 9}]
    panel.tabs.setCurrentIndex(SETUP)
    panel.setup.own.setting_changed.emit(key, entries)
    qtbot.waitUntil(lambda: ("change_setting", key, entries) in engines.voice.asked)
    engines.error = SettingsError("settings.toml cannot be read")
    panel.setup.own.setting_changed.emit(key, entries)
    qtbot.waitUntil(lambda: "cannot be read" in panel.setup.own.parameters.wrong.text())


def test_an_own_parameter_that_was_removed_comes_back(panel, analytics, engines, qtbot):
    """Undo writes the entries that there were."""
    key = "analytics.ranges.parameter"
    panel.setup.own.removed.emit("top_k was removed", key, [{"name": "top_k"}])
    assert panel.undo.text == "top_k was removed"
    panel.undo.buttons["Undo"].click()
    wanted = ("change_setting", key, [{"name": "top_k"}])
    qtbot.waitUntil(lambda: wanted in engines.voice.asked)


def test_a_refusal_is_told(panel, analytics, qtbot):
    """What the engine refuses stands in the strip."""
    analytics.error = Rejected("nothing of that name")
    panel.forget_wanted.emit(MODEL, TASK)
    qtbot.waitUntil(lambda: "nothing of that name" in panel.strip.text)


def test_the_mode_is_written_as_a_setting(panel, analytics, engines, qtbot):
    """The switch on the page changes the setting of that name."""
    panel.setting_changed.emit("analytics.mode", "suggest")
    wanted = ("change_setting", "analytics.mode", "suggest")
    qtbot.waitUntil(lambda: wanted in engines.voice.asked)


def test_observations_are_saved(panel, analytics, tmp_path, qtbot):
    """The menu saves every observation that is drawn as CSV, and the page as PNG."""
    panel._save_observations()
    panel._save_picture()
    csv, png = tmp_path / "o.csv", tmp_path / "p.png"
    for dialog, path in zip(panel.findChildren(QFileDialog), (csv, png), strict=True):
        dialog.fileSelected.emit(str(path))
        dialog.close()
    lines = Path(csv).read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2001
    assert lines[0].startswith("at_s,choice,reward,latency_ms,cost_usd,within_limits")
    assert png.stat().st_size > 10_000


def test_the_page_reads_what_was_learnt(theme, folders, problems, panel, engines):
    """The page gets the engine's snapshot with its settings; the very same while both are."""
    sources = Sources(theme, folders, problems)
    assert not sources.of(panel)().is_ready
    shown = snapshot()
    engines.analytics = SimpleNamespace(snapshot=lambda: shown)
    sources.use(engines)
    sources.started()
    read = sources.of(panel)
    assert read() is read()
    assert read().analytics is shown
    assert read().settings == AnalyticsSettings()


def test_what_the_search_believes_is_worked_out_when_its_part_shows(panel, analytics, qtbot):
    """By the engine, for the study that shows; what goes wrong stands where the plots would be."""
    panel.tabs.setCurrentIndex(SEARCH)
    qtbot.waitUntil(lambda: not panel.search.belief.isHidden())
    assert analytics.asked == [("inspect", MODEL, TASK, None)]
    analytics.error = Rejected("there is no parameter of that name")
    panel.search.pair.edited.emit("temperature\nmax_tokens")
    qtbot.waitUntil(lambda: "There is no parameter" in panel.search.empty.text)
    assert analytics.asked[-1] == ("inspect", MODEL, TASK, ("temperature", "max_tokens"))


def test_before_the_engines_work_the_search_says_to_wait(panel):
    """In its own place, since nothing was asked for by the user."""
    panel.inspect_wanted.emit(MODEL, TASK, None)
    assert NOT_READY in panel.search.empty.text


def test_what_was_learnt_is_looked_at_once_a_second(theme, folders, problems, qtbot):
    """The page is drawn anew once a second, at once where it opens or a setting was changed."""
    analytics = FakeAnalytics()
    engines = SimpleNamespace(
        analytics=analytics, settings=SimpleNamespace(analytics=AnalyticsSettings())
    )
    sources, panel = Sources(theme, folders, problems), ParametersPanel(theme)
    qtbot.addWidget(panel)
    sources.use(engines)
    sources.started()
    read = sources.of(panel)
    for _ in range(PARAMETER_BEATS):
        analytics.shown = snapshot()
        assert read().analytics is analytics.shown
    first = read()
    analytics.shown = snapshot()
    assert all(read() is first for _ in range(PARAMETER_BEATS - 1))
    second = read()
    assert second.analytics is analytics.shown
    analytics.shown = snapshot()
    engines.settings.analytics = AnalyticsSettings(is_paused=True)
    assert read().analytics is analytics.shown
    analytics.shown = snapshot()
    assert sources.of(panel)().analytics is analytics.shown
