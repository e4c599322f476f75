"""Tests of the regret as it is asked of the engine."""

from __future__ import annotations

from app.ui.parameters_panel import TIME, ParametersPanel
from app.ui.parameters_regret import RegretDrawing
from app.wiring import NOT_READY
from engine.analytics.regret_view import RegretView
from engine.errors import Rejected
from tests.app.analytics_snapshots import MODEL, TASK, snapshot, view
from tests.app.regret_views import gained


class OnlyRegret:
    """As much of the engine as is asked."""

    def __init__(self) -> None:
        self.error: Exception | None = None

    def snapshot(self):
        return snapshot()

    async def regret(self, model: str, task_type: str) -> RegretView:
        assert (model, task_type) == (MODEL, TASK)
        if self.error:
            raise self.error
        return gained()


def test_the_regret_is_asked_and_shown(theme, qtbot, wiring, engines):
    """What suggestions gained is asked of the engine, and what it refuses is told in its place."""
    panel = ParametersPanel(theme)
    qtbot.addWidget(panel)
    wiring.add(panel)
    panel.show_snapshot(view())
    panel.tabs.setCurrentIndex(TIME)
    panel.time.course.show_value("regret")
    panel.time.course.chosen.emit("regret")
    card = panel.time.progress
    qtbot.waitUntil(lambda: NOT_READY in card.empty.text)
    engines.analytics = OnlyRegret()
    wiring.use(engines)
    wiring.started()
    panel.time.regret_wanted.emit(MODEL, TASK)
    qtbot.waitUntil(lambda: isinstance(card.plot.drawing, RegretDrawing))
    engines.analytics.error = Rejected("there is no such arm")
    panel.time.regret_wanted.emit(MODEL, TASK)
    qtbot.waitUntil(lambda: "no such arm" in card.empty.text)
