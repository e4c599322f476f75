"""What the user wants of what was learnt, as calls to its engine."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from app.bridge import Bridge, Handle
from app.saving import save_picture, save_text
from app.ui.panel import Panel
from app.ui.parameters_panel import ParametersPanel
from app.ui.parameters_progress import ProgressDrawing
from app.ui.quantity_texts import counted
from app.ui.widgets.plot_drawing import csv_of
from engine.analytics.snapshot import StudyView

if TYPE_CHECKING:
    from engine.analytics.answers import Forgotten
    from engine.analytics.service import ParameterAnalytics
    from engine.assembly import Engines

FILE_NAME = "observations.csv"


class ParametersWiring(QObject):
    """Connects the Parameters page.

    engines: returns the engines, or None before they work; until then the user is told
    `not_ready`. change: writes a setting by its key, for a page that is told what went wrong.
    """

    def __init__(
        self,
        bridge: Bridge,
        *,
        engines: Callable[[], Engines | None],
        change: Callable[[Panel, str, Any], None],
        not_ready: str,
    ) -> None:
        super().__init__()
        self._bridge = bridge
        self._engines = engines
        self._change = change
        self._not_ready = not_ready
        self._comparison: Handle | None = None

    def connect_panel(self, panel: ParametersPanel) -> None:
        """Send what the user wants on `panel` to the engine."""
        panel.setting_changed.connect(partial(self._change, panel))
        panel.forget_wanted.connect(partial(self._forget, panel))
        panel.undo_wanted.connect(partial(self._undo, panel))
        panel.inspect_wanted.connect(partial(self._inspect, panel))
        panel.arms.compare_wanted.connect(partial(self._compare, panel))
        panel.picture_wanted.connect(partial(_save_picture, panel))
        panel.observations_wanted.connect(partial(_save_observations, panel))

    def _forget(self, panel: ParametersPanel, model: str, task_type: str) -> None:
        def done(found: Forgotten) -> None:
            what = counted(found.observations, "observation", "observations")
            panel.show_undo(f"{what} of {model}, {task_type} forgotten", found.token)

        self._run(panel, lambda found: found.forget(model=model, task_type=task_type), done)

    def _undo(self, panel: ParametersPanel, token: str) -> None:
        def done(count: int) -> None:
            panel.show_undo(f"{counted(count, 'observation', 'observations')} brought back", "")

        self._run(panel, lambda found: found.undo_forget(token), done)

    def _inspect(
        self, panel: ParametersPanel, model: str, task_type: str, pair: tuple[str, str] | None
    ) -> None:
        """Show what the search believes, and where that cannot be told, in its place."""
        engines = self._engines()
        if engines is None:
            panel.search.show_failure(self._not_ready)
            return
        self._bridge.run(
            _call(lambda found: found.inspect(model, task_type, pair=pair), engines.analytics),
            panel.search.show_search,
            lambda text, _: panel.search.show_failure(text),
        )

    def _compare(
        self, panel: ParametersPanel, model: str, task_type: str, arm: str, other: str
    ) -> None:
        """Show what `arm` alone would have earned; the last question counts."""
        engines = self._engines()
        if self._comparison is not None:
            self._comparison.cancel()
        if engines is None:
            panel.arms.show_comparison_problem(self._not_ready)
            return
        work = _call(
            lambda found: found.compare(arm, other, model=model, task_type=task_type),
            engines.analytics,
        )
        self._comparison = self._bridge.run(
            work, panel.arms.show_comparison, panel.arms.show_comparison_problem
        )

    def _run(
        self,
        panel: ParametersPanel,
        work: Callable[[ParameterAnalytics], Coroutine[Any, Any, Any]],
        done: Callable[[Any], None],
    ) -> None:
        """Run `work(analytics)` and show on `panel` what went wrong."""
        engines = self._engines()
        if engines is None:
            panel.show_problem(self._not_ready)
            return
        self._bridge.run(_call(work, engines.analytics), done, panel.show_problem)


async def _call(
    work: Callable[[ParameterAnalytics], Coroutine[Any, Any, Any]], analytics: ParameterAnalytics
) -> Any:
    """Return what `work(analytics)` finds, asked on the engines' loop."""
    return await work(analytics)


def _save_picture(panel: ParametersPanel, name: str, widget: QWidget) -> None:
    save_picture(panel, name, widget.grab())


def _save_observations(panel: ParametersPanel, study: StudyView) -> None:
    names = tuple(arm.name for arm in study.arms)
    save_text(panel, FILE_NAME, csv_of(ProgressDrawing(names, study.columns)))
