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
from engine.analytics.snapshot import StudyView, Values

if TYPE_CHECKING:
    from engine.analytics.answers import Forgotten
    from engine.analytics.parameter_sets import Arm
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
        self._question: Handle | None = None

    def connect_panel(self, panel: ParametersPanel) -> None:
        """Send what the user wants on `panel` to the engine."""
        panel.setting_changed.connect(partial(self._change, panel))
        panel.forget_wanted.connect(partial(self._forget, panel))
        panel.inspect_wanted.connect(partial(self._inspect, panel))
        panel.time.regret_wanted.connect(partial(self._regret, panel))
        panel.arms.compare_wanted.connect(partial(self._compare, panel))
        panel.arms.add_wanted.connect(partial(self._add_arm, panel))
        panel.arms.remove_wanted.connect(partial(self._remove_arm, panel))
        panel.foresee.what_if_wanted.connect(partial(self._foresee, panel))
        panel.picture_wanted.connect(partial(_save_picture, panel))
        panel.observations_wanted.connect(partial(_save_observations, panel))

    def _forget(self, panel: ParametersPanel, model: str, task_type: str) -> None:
        def done(found: Forgotten) -> None:
            what = counted(found.observations, "observation", "observations")
            undo = partial(self._undo, panel, found.token)
            panel.show_undo(f"{what} of {model}, {task_type} forgotten", undo)

        self._run(panel, lambda found: found.forget(model=model, task_type=task_type), done)

    def _undo(self, panel: ParametersPanel, token: str) -> None:
        def done(count: int) -> None:
            panel.show_undo(f"{counted(count, 'observation', 'observations')} brought back")

        self._run(panel, lambda found: found.undo_forget(token), done)

    def _add_arm(
        self, panel: ParametersPanel, model: str, task_type: str, name: str, values: Values
    ) -> None:
        """Try values under a name; what is wrong with them stands in the form, where it shows."""
        is_new = panel.arms.form.isVisible()

        def done(_: Arm) -> None:
            if is_new:
                panel.arms.show_added()
            panel.show_undo(f"{name} is tried {'from now on' if is_new else 'again'}")

        def failed(text: str, details: str) -> None:
            if is_new:
                panel.arms.form.show_failure(text)
            else:
                panel.show_problem(text, details)

        self._run(
            panel,
            lambda found: found.add_arm(name, values, model=model, task_type=task_type),
            done,
            failed,
        )

    def _remove_arm(self, panel: ParametersPanel, model: str, task_type: str, name: str) -> None:
        def done(arm: Arm) -> None:
            back = partial(self._add_arm, panel, model, task_type, arm.name, arm.values)
            panel.show_undo(f"{name} is tried no more", back)

        self._run(
            panel, lambda found: found.remove_arm(name, model=model, task_type=task_type), done
        )

    def _foresee(self, panel: ParametersPanel, model: str, task_type: str, values: Values) -> None:
        """Show what values would lead to; the last question counts."""
        engines = self._engines()
        if self._question is not None:
            self._question.cancel()
        if engines is None:
            panel.foresee.show_failure(self._not_ready)
            return
        work = _call(
            lambda found: found.what_if(values, model=model, task_type=task_type),
            engines.analytics,
        )
        self._question = self._bridge.run(
            work, panel.foresee.show_what_if, panel.foresee.show_failure
        )

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

    def _regret(self, panel: ParametersPanel, model: str, task_type: str) -> None:
        """Show what suggestions lost or gained, and where that cannot be told, in its place."""
        engines = self._engines()
        if engines is None:
            panel.time.show_regret_failure(self._not_ready)
            return
        self._bridge.run(
            _call(lambda found: found.regret(model, task_type), engines.analytics),
            panel.time.show_regret,
            lambda text, _: panel.time.show_regret_failure(text),
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
        failed: Callable[[str, str], None] | None = None,
    ) -> None:
        """Run `work(analytics)` and show on `panel` what went wrong, unless `failed` does."""
        engines = self._engines()
        if engines is None:
            panel.show_problem(self._not_ready)
            return
        self._bridge.run(_call(work, engines.analytics), done, failed or panel.show_problem)


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
