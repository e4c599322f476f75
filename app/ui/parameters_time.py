"""The part of the Parameters page that shows what changed over time."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QStackedWidget, QWidget

from app.theme import Theme
from app.ui.panel import SPACING_PX
from app.ui.parameters_progress import CourseDrawing, ProgressDrawing
from app.ui.parameters_regret import RegretDrawing, regret_refusal
from app.ui.parameters_texts import change_text
from app.ui.parameters_values import study_id
from app.ui.widgets.card import Card
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.plot_axes import moment_text
from app.ui.widgets.plot_card import PlotCard
from app.ui.widgets.scroll_page import ScrollPage
from app.ui.widgets.segmented import Segmented
from app.ui.widgets.table import Table, height_of
from app.ui.widgets.table_model import Column, Mark, Row
from engine.analytics.regret_view import RegretView
from engine.analytics.snapshot import AlarmView, StudyView

NARROW_PX = 800
PLOT_PX = 240
ALARM_COLUMNS = (
    Column("Noticed", 104),
    Column("What changed"),
)
SECOND_LINES = (("latency", "Latency"), ("cost", "Cost"))
BEST, REGRET = "best", "regret"
COURSES = ((BEST, "Best so far"), (REGRET, "Regret"))
NOTHING = ("Nothing was observed yet", "Every answer that is rated appears here.")
REST_MS = 3000
"""After an answer: the regret of a study that changes all the time is not asked all the time."""


def alarm_row(number: int, alarm: AlarmView) -> Row:
    """Return an alarm as a row of ALARM_COLUMNS."""
    return Row(
        id=f"{alarm.at_s} {alarm.arm} {alarm.measure} {number}",
        cells=(
            moment_text(alarm.at_s),
            Mark(alarm.words, "bad" if _is_worse(alarm) else "ok"),
        ),
        order=(alarm.at_s, alarm.words),
        tooltip=f"{alarm.words}: {change_text(alarm)}",
    )


def _is_worse(alarm: AlarmView) -> bool:
    rose = alarm.after > alarm.before
    return rose if alarm.measure == "latency" else not rose


class ParametersTime(ScrollPage):
    """Best so far or regret over the observations; reward, latency, cost by the hour; alarms.

    save_failed(str): a file the user named cannot be written.
    regret_wanted(model, task_type): answered by `show_regret` or `show_regret_failure`.
    """

    save_failed = Signal(str)
    regret_wanted = Signal(str, str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._study: StudyView | None = None
        self._alarms: tuple[AlarmView, ...] = ()
        self._is_wide: bool | None = None
        self._regret: RegretView | None = None
        self._failure = ""
        """Why there is none."""
        self._asked: tuple[str, int] | None = None
        """Of which study, in which version, the regret was asked for last."""
        self._is_waiting = False
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self._ask_again)
        self.column.setSpacing(SPACING_PX)
        self._build_plots()
        self._build_alarms()
        self._upper, self._lower = QGridLayout(), QGridLayout()
        for grid in (self._upper, self._lower):
            grid.setSpacing(SPACING_PX)
            self.column.addLayout(grid, 1)
        self.measure.chosen.connect(lambda _: self._show_other())
        self.course.chosen.connect(lambda _: self._show_progress())
        for part in (self.progress, self.reward, self.other, self.alarms):
            part.save_failed.connect(self.save_failed)
        self._arrange(is_wide=True)

    def show_study(self, study: StudyView, alarms: tuple[AlarmView, ...]) -> None:
        """Draw `study` and its `alarms`; nothing happens where they are those that show."""
        if study is self._study and alarms == self._alarms:
            return
        before, self._study, self._alarms = self._study, study, alarms
        if before is None or study_id(before) != study_id(study):
            self._regret, self._failure = None, ""
        self._show_progress()
        has_hours = len(study.quantiles.at_s) > 0
        of_reward = tuple(each for each in alarms if each.measure == "reward")
        course = CourseDrawing("reward", study.quantiles, of_reward)
        self.reward.show_drawing(course if has_hours else None)
        self._show_other()
        self.alarms.show_rows([alarm_row(number, each) for number, each in enumerate(alarms)])
        self._alarm_pages.setCurrentIndex(1 if alarms else 0)

    def show_regret(self, view: RegretView) -> None:
        """Draw what was asked for, or say why it cannot be told."""
        self._is_waiting = False
        self._rest.start()
        study = self._study
        if study is not None and (view.model, view.task_type) == (study.model, study.task_type):
            self._regret, self._failure = view, ""
        self._show_progress()

    def show_regret_failure(self, text: str) -> None:
        """Say why what was asked for cannot be shown."""
        self._is_waiting = False
        self._regret, self._failure = None, text
        self._rest.start()
        self._show_progress()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put cards under each other where they would be too narrow."""
        super().resizeEvent(event)
        self._arrange(is_wide=self.width() >= NARROW_PX)

    def _build_plots(self) -> None:
        theme = self._theme
        self.progress = PlotCard(
            theme,
            "Progress",
            NOTHING,
        )
        self.course = Segmented("Course", COURSES)
        self.course.show_value(BEST)
        self.progress.corner.insertWidget(0, self.course)
        nothing = ("No full hour yet", "Figures appear with the first answers.")
        self.reward = PlotCard(theme, "Reward by the hour", nothing)
        self.other = PlotCard(theme, "By the hour", nothing)
        self.measure = Segmented("Measure", SECOND_LINES)
        self.measure.show_value("latency")
        self.other.corner.insertWidget(0, self.measure)

    def _build_alarms(self) -> None:
        self.alarms = Table(self._theme, "Changes that were noticed", ALARM_COLUMNS)
        self._alarm_pages = QStackedWidget()
        calm = EmptyState(self._theme, "check")
        calm.show_text(
            "Nothing has changed", "When rewards or latency change for good, it is told here."
        )
        self._alarm_pages.addWidget(calm)
        self._alarm_pages.addWidget(self.alarms)
        self._alarm_card = Card("Changes that were noticed")
        self._alarm_card.body.addWidget(self._alarm_pages, 1)

    def _show_progress(self) -> None:
        """Draw the best so far, or the regret as known, and ask for what is not known."""
        study = self._study
        if study is None or not len(study.columns.at_s):
            self.progress.show_nothing(*NOTHING)
        elif self.course.value != REGRET:
            names = tuple(arm.name for arm in study.arms)
            self.progress.show_drawing(ProgressDrawing(names, study.columns))
        else:
            self._show_known_regret()
            self._ask(study)

    def _show_known_regret(self) -> None:
        found = self._regret
        if self._failure:
            self.progress.show_nothing("The regret cannot be told", self._failure)
        elif found is None or found.refusal:
            self.progress.show_nothing(*regret_refusal(found))
        else:
            shown = self.progress.plot.drawing
            is_same = isinstance(shown, RegretDrawing) and shown.view is found
            self.progress.show_drawing(shown if is_same else RegretDrawing(found))

    def _ask(self, study: StudyView) -> None:
        """Ask for the regret, unless that was asked for already or a moment ago."""
        mark = (study_id(study), study.version)
        is_same_study = self._asked is not None and self._asked[0] == mark[0]
        if self._is_waiting or mark == self._asked or (is_same_study and self._rest.isActive()):
            return
        self._asked, self._is_waiting = mark, True
        self.regret_wanted.emit(study.model, study.task_type)

    def _ask_again(self) -> None:
        if self.isVisible():
            self._show_progress()

    def _show_other(self) -> None:
        if self._study is None or len(self._study.quantiles.at_s) == 0:
            self.other.show_drawing(None)
            return
        measure = self.measure.value or "latency"
        alarms = tuple(each for each in self._alarms if each.measure == measure)
        self.other.show_drawing(CourseDrawing(measure, self._study.quantiles, alarms))

    def _arrange(self, *, is_wide: bool) -> None:
        if is_wide == self._is_wide:
            return
        self._is_wide = is_wide
        cards: tuple[tuple[QGridLayout, tuple[QWidget, ...]], ...] = (
            (self._upper, (self.progress, self._alarm_card)),
            (self._lower, (self.reward, self.other)),
        )
        for grid, (first, second) in cards:
            grid.removeWidget(first)
            grid.removeWidget(second)
            grid.addWidget(first, 0, 0)
            grid.addWidget(second, *((0, 1) if is_wide else (1, 0)))
            for column in (0, 1):
                grid.setColumnStretch(column, 1 if is_wide or column == 0 else 0)
            grid.setRowMinimumHeight(0, PLOT_PX)
            grid.setRowMinimumHeight(1, 0 if is_wide else PLOT_PX)
        self.alarms.setMinimumHeight(height_of(3))
