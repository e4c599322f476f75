"""The part of the Parameters page that answers what any values would lead to."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.panel import SPACING_PX
from app.ui.parameters_foresee_texts import (
    LEFT_OPEN,
    best_text,
    evidence_text,
    latency_card_text,
    latency_interval,
    reward_interval,
    reward_text,
    warning_text,
)
from app.ui.parameters_texts import arm_of
from app.ui.parameters_typed import asked_parameters
from app.ui.parameters_value_fields import FIELD_PX, FIXED, STRETCHES, ValueFields
from app.ui.parameters_values import is_removed, study_id
from app.ui.widgets.card import Card
from app.ui.widgets.choice_field import ChoiceField
from app.ui.widgets.form_grid import FormGrid
from app.ui.widgets.interval_bar import IntervalBar
from app.ui.widgets.reading import Reading
from app.ui.widgets.scroll_page import ScrollPage
from app.ui.widgets.state_strip import StateStrip
from engine.analytics.answers import WhatIf
from engine.analytics.snapshot import StudyView, Values

NARROW_PX = 720
TYPING_PAUSE_MS = 500
OWN = ""
"""In place of a choice: values of the user's own."""


class ParametersForesee(ScrollPage):
    """Values at the left, what they would lead to at the right.

    what_if_wanted(model, task_type, values): answered by `show_what_if` or `show_failure`.
    add_wanted(values): they are to be tried as a choice.
    """

    what_if_wanted = Signal(str, str, object)
    add_wanted = Signal(object)
    worked = Signal()
    """The values are about this study: no other may take its place by itself."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._study: StudyView | None = None
        self._found: WhatIf | None = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(TYPING_PAUSE_MS)
        self.begin_with = ChoiceField()
        self.values = ValueFields("left open")
        self.ask_button = QPushButton("Predict")
        self.ask_button.setProperty("primary", True)
        self.ask_button.setToolTip("Work out what these values would lead to (Enter)")
        self.add_button = QPushButton("Try as a choice\N{HORIZONTAL ELLIPSIS}")
        self.add_button.setToolTip("Add these values to the choices that are tried")
        self.warning = StateStrip(theme)
        self._reward_bar = IntervalBar(theme, "accent")
        self._latency_bar = IntervalBar(theme, "warn")
        self.reward = Reading("Predicted reward", self._reward_bar)
        self.latency = Reading("Predicted latency", self._latency_bar)
        self.evidence = QLabel()
        self.evidence.setTextFormat(Qt.TextFormat.PlainText)
        self.evidence.setWordWrap(True)
        self.best = QLabel()
        self.best.setTextFormat(Qt.TextFormat.PlainText)
        self.best.setProperty("r", "mute")
        self.best.setWordWrap(True)
        self._lay_out()
        self._pause.timeout.connect(self.ask)
        self.values.changed.connect(self._edited)
        self.values.entered.connect(self.ask)
        self.ask_button.clicked.connect(self.ask)
        self.add_button.clicked.connect(self._add)
        self.begin_with.edited.connect(self._begin_with)
        self._draw()

    def show_study(self, study: StudyView) -> None:
        """Offer the parameters of `study`; what was asked of another one is let go."""
        if study is self._study:
            return
        before, self._study = self._study, study
        is_same = before is not None and study_id(before) == study_id(study)
        live = [arm.name for arm in study.arms if not is_removed(arm)]
        self.begin_with.show_choices([(OWN, "own values"), *((name, name) for name in live)])
        self.values.show_parameters(asked_parameters(study))
        if not is_same:
            self.worked.emit()
            self._found = None
            first = study.best_arm or next((n for n in live if n != live[0]), OWN)
            self._begin_with(first)
        self._draw()

    def show_what_if(self, found: WhatIf) -> None:
        """Draw what was asked for, unless another study shows meanwhile."""
        study = self._study
        if study is not None and (found.model, found.task_type) == (study.model, study.task_type):
            self._found = found
            self._draw()

    def show_failure(self, text: str, details: str = "") -> None:
        """Say why what was asked for cannot be told."""
        self._found = None
        self._draw()
        self.warning.show_text(text, "bad")

    def ask(self) -> None:
        """Ask what the values would lead to; where one is none it is said at its field."""
        self._pause.stop()
        values, study = self.values.values(), self._study
        if values is not None and study is not None:
            self.what_if_wanted.emit(study.model, study.task_type, values)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put what comes out under the values where there is little room."""
        super().resizeEvent(event)
        is_wide = self.width() >= NARROW_PX
        way = QBoxLayout.Direction.LeftToRight if is_wide else QBoxLayout.Direction.TopToBottom
        self._sides.setDirection(way)

    def _edited(self) -> None:
        self.begin_with.show_value(OWN)
        self._pause.start()

    def _begin_with(self, name: object) -> None:
        arm = None if self._study is None else arm_of(self._study, str(name))
        self.begin_with.show_value(OWN if arm is None else arm.name)
        if arm is not None:
            self.values.show_values(arm.values)
        self.ask()

    def _add(self) -> None:
        values: Values | None = self.values.values()
        if values is not None:
            self.add_wanted.emit(values)

    def _draw(self) -> None:
        found, study = self._found, self._study
        self.warning.show_text(warning_text(found), "warn")
        self.reward.show_reading(*reward_text(found))
        self.latency.show_reading(*latency_card_text(found))
        self._reward_bar.show_interval(reward_interval(found, study))
        self._latency_bar.show_interval(latency_interval(found, study))
        self.evidence.setText(evidence_text(found))
        told = "" if study is None else best_text(study)
        self.best.setText(told)
        self.best.setVisible(bool(told))

    def _lay_out(self) -> None:
        self._sides = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._sides.setSpacing(SPACING_PX)
        self._sides.addWidget(self._typed(), 4)
        self._sides.addWidget(self._expected(), 5)
        self.column.addLayout(self._sides)
        self.column.addStretch(1)

    def _typed(self) -> Card:
        """Return the card in which values are typed."""
        self.begin_with.setFixedWidth(FIELD_PX)
        self.begin_with.setSizePolicy(FIXED)
        head = FormGrid(STRETCHES)
        head.add("Begin with", "A choice", self.begin_with)
        hint = QLabel(LEFT_OPEN)
        hint.setProperty("r", "mute")
        hint.setWordWrap(True)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(self.add_button)
        buttons.addWidget(self.ask_button)
        card = Card("What if requests had these values?")
        card.body.setSpacing(12)
        for part in (head, self.values, hint):
            card.body.addWidget(part)
        card.body.addLayout(buttons)
        card.body.addStretch(1)
        return card

    def _expected(self) -> QWidget:
        """Return the column that tells what is to be expected."""
        stands = Card("What this stands on")
        for label in (self.evidence, self.best):
            stands.body.addWidget(label)
        stands.body.addStretch(1)
        figures = QHBoxLayout()
        figures.setSpacing(SPACING_PX)
        figures.addWidget(self.reward, 1)
        figures.addWidget(self.latency, 1)
        out = QWidget()
        column = QVBoxLayout(out)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING_PX)
        column.addWidget(self.warning)
        column.addLayout(figures)
        column.addWidget(stands, 1)
        return out
