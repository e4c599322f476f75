"""The part of the Parameters page that shows what is believed of every choice."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from app.theme import Theme
from app.ui.panel import SPACING_PX
from app.ui.parameters_arm_form import ArmForm
from app.ui.parameters_density import DensityDrawing
from app.ui.parameters_progress import moving_mean
from app.ui.parameters_shares import BestOddsDrawing, SharesDrawing
from app.ui.parameters_texts import (
    ARM_COLUMNS,
    answers_card,
    arm_of,
    arm_row,
    decision_look,
    latency_card,
    left_out_text,
    odds_card,
    over_time,
    reward_card,
)
from app.ui.parameters_values import is_removed, study_id
from app.ui.parameters_what_if import HINT, REMOVED, rival_of, what_if_lines
from app.ui.widgets.card import Card
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.gauge import Gauge
from app.ui.widgets.icon_button import IconButton
from app.ui.widgets.plot_card import PlotCard
from app.ui.widgets.reading import Reading
from app.ui.widgets.scroll_page import ScrollPage
from app.ui.widgets.sparkline import Sparkline
from app.ui.widgets.state_chip import StateChip
from app.ui.widgets.table import Table, height_of
from engine.analytics.answers import Comparison
from engine.analytics.snapshot import ArmView, StudyView, Values

NARROW_PX = 800
PLOT_PX = 248
SMALL_PLOT_PX = 190
SHOWN_ROWS, MOST_ROWS = 4, 8
"""Of the table without scrolling: as many as there are arms, but not so many that plots vanish."""
NEVER_WARNS = 2.0
COST = 6
"""A column that is left out beside the plot: the trade-offs tell it."""


class ParametersArms(ScrollPage):
    """Readings, posterior densities, the table of arms, and both over time.

    save_failed(str): a file the user named cannot be written.
    compare_wanted(model, task_type, arm, other): what would `arm` alone have earned, and is it
    better than the other? Answered by `show_comparison` or `show_comparison_problem`.
    """

    save_failed = Signal(str)
    compare_wanted = Signal(str, str, str, str)
    add_wanted = Signal(str, str, str, object)
    """Model, type of task, name and values of an arm: answered by `show_added`, or by
    `form.show_failure`. Likewise one that was removed, to be brought back."""
    remove_wanted = Signal(str, str, str)
    """Model, type of task, and the name of an arm that is not to be tried any more."""
    worked = Signal()
    """The user picked something of this study, or fills in a form: no other may take its place."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._columns = 0
        self._study: StudyView | None = None
        self.column.setSpacing(SPACING_PX)
        self._readings, self._evidence, self._courses = (QGridLayout() for _ in range(3))
        self.form = ArmForm()
        self.form.hide()
        self.column.addWidget(self.form)
        for grid, stretch in ((self._readings, 0), (self._evidence, 5), (self._courses, 4)):
            grid.setSpacing(SPACING_PX)
            self.column.addLayout(grid, stretch)
        self._build_readings()
        self._build_evidence()
        self._build_courses()
        self._arrange(is_wide=True)

    def show_study(self, study: StudyView) -> None:
        """Draw `study`; nothing happens where it is the one that shows."""
        if study is self._study:
            return
        before, self._study = self._study, study
        if before is None or study_id(before) != study_id(study):
            self.table.clearSelection()
            self._tell(HINT)
            self.form.hide()
        self._show_readings(study)
        is_known = any(arm.density is not None for arm in study.arms)
        self.densities.show_drawing(DensityDrawing(study.arms) if is_known else None)
        self.decision.show_state(*decision_look(study))
        self.table.show_rows([arm_row(number, arm) for number, arm in enumerate(study.arms)])
        rows = max(SHOWN_ROWS, min(MOST_ROWS, len(study.arms)))
        self.table.setMinimumHeight(height_of(rows))
        self.left_out.show_text(left_out_text(study.arms))
        self.left_out.setVisible(bool(self.left_out.whole_text))
        self._show_buttons()
        self._tell_removed()
        names, found = tuple(arm.name for arm in study.arms), study.allocation
        has_course = len(found.at_s) > 1
        shares = SharesDrawing(names, found.at_s, found.shares, study.choices)
        odds = BestOddsDrawing(names, found.at_s, found.probability_best, study.choices)
        self.shares.show_drawing(shares if has_course else None)
        self.odds.show_drawing(odds if has_course else None)

    def show_comparison(self, found: Comparison) -> None:
        """Tell what the chosen arm alone would have earned, unless another was chosen meanwhile."""
        if self._study is not None and self.table.selected() == (found.a.name,):
            is_same = (found.model, found.task_type) == (self._study.model, self._study.task_type)
            self._tell(*(what_if_lines(found) if is_same else (HINT,)))

    def show_comparison_problem(self, text: str, details: str = "") -> None:
        """Say why nothing can be told of the chosen arm."""
        if not self._tell_removed():
            self._tell(text)

    def add_arm(self, values: Values | None = None) -> None:
        """Show the form for another choice, which may begin with `values`."""
        if self._study is not None:
            self.worked.emit()
            self.form.show()
            self.form.begin(self._study, values)
            self.verticalScrollBar().setValue(0)

    def show_added(self) -> None:
        """Close the form: what was typed is tried from now on."""
        self.form.hide()
        self.table.setFocus()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put cards under each other where they would be too narrow."""
        super().resizeEvent(event)
        self._arrange(is_wide=self.width() >= NARROW_PX)

    def _show_readings(self, study: StudyView) -> None:
        found, count = study.columns, len(study.columns.at_s)
        numbers = np.arange(1.0, count + 1)
        for line, values in (
            (self._reward_line, moving_mean(found.reward)),
            (self._count_line, numbers),
            (self._latency_line, moving_mean(found.latency_ms)),
        ):
            # The answers one by one: hours would show nothing of a young study.
            places = found.at_s - found.at_s[0] if line is self._count_line and count else numbers
            line.span_s = max(1.0, float(places[-1] - places[0])) if count else 1.0
            line.show_points(float(places[-1]) if count else 1.0, over_time(places, values))
        best = arm_of(study, study.best_arm)
        self._odds_gauge.show_part(None if best is None else best.probability_best)
        self.reward.show_reading(*reward_card(study))
        self.surety.show_reading(*odds_card(study))
        self.answers.show_reading(*answers_card(study))
        self.latency.show_reading(*latency_card(study))

    def _build_readings(self) -> None:
        theme = self._theme
        self._reward_line = Sparkline(theme, "accent", low=0, high=1)
        self._odds_gauge = Gauge(theme, "ok", warn_at=NEVER_WARNS)
        self._count_line = Sparkline(theme, "violet", low=0, high=None)
        self._latency_line = Sparkline(theme, "warn", low=0, high=None)
        self.reward = Reading("Reward of the best choice", self._reward_line)
        self.surety = Reading("Probability of being best", self._odds_gauge)
        self.answers = Reading("Observed", self._count_line)
        self.latency = Reading("Latency", self._latency_line)
        self._cards = (self.reward, self.surety, self.answers, self.latency)

    def _build_evidence(self) -> None:
        theme = self._theme
        self.densities = PlotCard(
            theme,
            "What each choice earns",
            ("Nothing was rated yet", "Thumbs, edits and other signs turn answers into rewards."),
        )
        self.table = Table(theme, "Choices", ARM_COLUMNS)
        self.table.let_sort()
        self.table.save_failed.connect(self.save_failed)
        self.table.setMinimumHeight(height_of(SHOWN_ROWS))
        self.decision = StateChip(theme)
        self.add_button = IconButton(theme, "plus", "Add a choice (Ctrl+N)")
        self.remove_button = IconButton(theme, "delete", "Try the chosen one no more (Del)")
        self.return_button = IconButton(theme, "undo", "Try the chosen one again")
        self.table.picked.connect(self._compare)
        self.table.picked.connect(self._show_buttons)
        self.table.delete_pressed.connect(self._remove)
        self.add_button.clicked.connect(lambda _: self.add_arm())
        self.remove_button.clicked.connect(self._remove)
        self.return_button.clicked.connect(self._bring_back)
        self.form.closed.connect(self.show_added)
        self.form.saved.connect(self._add)
        self.left_out = ElidedLabel("mute")
        self.what_if, self.better = ElidedLabel("mute"), ElidedLabel("mute")
        self._tell(HINT)
        self._choices = Card("Choices")
        for each in (self.decision, self.remove_button, self.return_button, self.add_button):
            self._choices.corner.addWidget(each)
        self._choices.body.addWidget(self.table, 1)
        for line in (self.left_out, self.what_if, self.better):
            self._choices.body.addWidget(line)

    def _build_courses(self) -> None:
        nothing = ("Too few choices yet", "Shares appear once there are a few.")
        self.shares = PlotCard(self._theme, "What was chosen", nothing)
        self.odds = PlotCard(self._theme, "Probability of being best over time", nothing)
        for card in (self.densities, self.shares, self.odds):
            card.save_failed.connect(self.save_failed)

    def _chosen(self) -> ArmView | None:
        chosen = self.table.selected()
        return arm_of(self._study, chosen[0]) if chosen and self._study is not None else None

    def _show_buttons(self) -> None:
        """Offer what can be done with the chosen arm; the last one stays."""
        chosen, study = self._chosen(), self._study
        is_gone = chosen is not None and is_removed(chosen)
        live = [] if study is None else [arm for arm in study.arms if not is_removed(arm)]
        self.remove_button.setVisible(not is_gone)
        self.remove_button.setEnabled(chosen is not None and len(live) > 1)
        self.return_button.setVisible(is_gone)

    def _add(self, name: str, values: Values) -> None:
        if self._study is not None:
            self.add_wanted.emit(self._study.model, self._study.task_type, name, values)

    def _bring_back(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            self._add(chosen.name, chosen.values)

    def _remove(self) -> None:
        chosen, study = self._chosen(), self._study
        if chosen is not None and study is not None and self.remove_button.isEnabled():
            self.remove_wanted.emit(study.model, study.task_type, chosen.name)

    def _compare(self) -> None:
        """Ask what the chosen arm alone would have earned."""
        chosen, study = self._chosen(), self._study
        if chosen is not None:
            self.worked.emit()
        other = rival_of(study, chosen.name) if chosen is not None and study is not None else ""
        if self._tell_removed():
            return
        if chosen is None or study is None or not other:
            self._tell(HINT)
        else:
            self.compare_wanted.emit(study.model, study.task_type, chosen.name, other)

    def _tell_removed(self) -> bool:
        """Say of a chosen arm that was taken out how it stands; tell whether it is one."""
        chosen = self._chosen()
        if chosen is None or not is_removed(chosen):
            return False
        self._tell(REMOVED.format(name=chosen.name))
        return True

    def _tell(self, first: str, second: str = "") -> None:
        """Write two lines below the table."""
        self.what_if.show_text(first)
        self.better.show_text(second)

    def _arrange(self, *, is_wide: bool) -> None:
        columns = 4 if is_wide else 2
        if columns == self._columns:
            return
        self._columns = columns
        _fill(self._readings, self._cards, (1,) * columns, 0)
        _fill(
            self._evidence, (self.densities, self._choices), (9, 11) if is_wide else (1,), PLOT_PX
        )
        _fill(self._courses, (self.shares, self.odds), (1, 1) if is_wide else (1,), SMALL_PLOT_PX)
        self.table.setColumnHidden(COST, is_wide)


def _fill(
    grid: QGridLayout,
    widgets: tuple[QWidget, ...],
    stretches: tuple[int, ...],
    least_px: int,
) -> None:
    """Put `widgets` into `grid`, in columns as wide as `stretches` say, `least_px` high or more."""
    columns = len(stretches)
    for widget in widgets:
        grid.removeWidget(widget)
    for column in range(max(columns, grid.columnCount())):
        grid.setColumnStretch(column, stretches[column] if column < columns else 0)
    for number, widget in enumerate(widgets):
        grid.addWidget(widget, number // columns, number % columns)
    for row in range(grid.rowCount()):
        grid.setRowMinimumHeight(row, least_px if row * columns < len(widgets) else 0)
