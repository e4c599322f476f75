"""One server in the list: its state, its health and its figures, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.models_texts import (
    note_of,
    readings,
    span_text,
    speed_of,
    state_look,
    title_of,
    where_text,
)
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.health_bars import HealthBars
from app.ui.widgets.icon_button import IconButton
from app.ui.widgets.state_chip import StateChip
from app.ui.widgets.toggle import Toggle
from engine.coordinator.snapshot import EndpointState, EndpointView

HEALTH_PX, FIGURE_PX, SPEED_PX, LOAD_PX = 148, 76, 72, 60
HEAD_PX, VALUE_PX = 24, 18
"""Heights of the two lines of a row, so that all that stands in one stands on one base line."""


class Figure(QWidget):
    """A caption above a value, both at the left."""

    def __init__(self, caption: str, width_px: int, tooltip: str) -> None:
        super().__init__()
        self.setFixedWidth(width_px)
        self.setToolTip(tooltip)
        self._caption = QLabel(caption)
        self._caption.setProperty("r", "mute")
        self._caption.setFixedHeight(HEAD_PX)
        self.value = ElidedLabel()
        self.value.setFixedHeight(VALUE_PX)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._caption)
        column.addWidget(self.value)

    def show_text(self, text: str) -> None:
        """Show `text`."""
        self.value.show_text(text)
        self.setAccessibleName(f"{self._caption.text()}: {text}")


class ServerRow(QFrame):
    """A card that opens the server's details when it is clicked.

    opened(name), test_wanted(name), toggled(name, on): what the user wants.
    """

    opened = Signal(str)
    test_wanted = Signal(str)
    toggled = Signal(str, bool)

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme = theme
        self.name = name
        self._note_token = ""
        self.setProperty("card", True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.title = ElidedLabel("h2")
        self.state = StateChip(theme)
        self.where = ElidedLabel("mute")
        self.note = ElidedLabel()
        self.health = HealthBars(theme)
        self.first = Figure(
            "First token", FIGURE_PX, "Lately: an average in which peaks count more"
        )
        self.slow = Figure("Slowest 5 %", FIGURE_PX, "95 of 100 first tokens come sooner")
        self.speed = Figure("Speed", SPEED_PX, "Tokens a second once an answer has begun")
        self.load = Figure("In flight", LOAD_PX, "Requests under way, of those it works on at once")
        self.enabled = Toggle(theme)
        self.test_button = QPushButton("Test")
        self.details_button = IconButton(theme, "sliders", "Details, charts and changes")
        self._lay_out()
        self.enabled.clicked.connect(lambda on: self.toggled.emit(self.name, on))
        self.test_button.clicked.connect(lambda: self.test_wanted.emit(self.name))
        self.details_button.clicked.connect(lambda: self.opened.emit(self.name))
        theme.changed.connect(self._colour_note)

    def show_server(self, view: EndpointView, now_s: float) -> None:
        """Draw `view`."""
        self.title.show_text(title_of(view))
        self.state.show_state(*state_look(view), view.reason)
        self.where.show_text(where_text(view))
        self.health.show_points(now_s, readings(view.health))
        self.first.show_text(span_text(view.first_token_ms))
        self.slow.show_text(span_text(view.first_token_p95_ms))
        self.speed.show_text(speed_of(view))
        self.load.show_text(f"{view.in_flight} of {view.endpoint.slots}")
        is_on = view.endpoint.is_enabled
        self.enabled.setChecked(is_on)
        verb = "off" if is_on else "on"
        self.enabled.setToolTip(f"Switch {title_of(view)} {verb}")
        self.enabled.setAccessibleName(f"{title_of(view)} is used")
        self.test_button.setEnabled(is_on and view.state is not EndpointState.STARTING)
        self._show_note(*note_of(view, now_s))
        self.setAccessibleName(f"{title_of(view)}: {state_look(view)[0]}")

    def show_testing(self, is_testing: bool) -> None:
        """Say that a test is under way, or that it is over."""
        self.test_button.setText("Testing…" if is_testing else "Test")

    def show_width(self, is_narrow: bool) -> None:
        """Leave out the figures that have no room in a narrow page; the details tell them."""
        for each in (self._health, self.slow, self.speed, self.test_button):
            each.setVisible(not is_narrow)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Open the details."""
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.pos()):
            self.opened.emit(self.name)

    def _show_note(self, text: str, token: str) -> None:
        self.note.show_text(text)
        self.note.setVisible(bool(text))
        if token != self._note_token:
            self._note_token = token
            self._colour_note()

    def _colour_note(self) -> None:
        colour = self._theme.tokens.colour(self._note_token or "mute").name()
        self.note.setStyleSheet(f"color: {colour}; font-size: 12px;")

    def _health_figure(self) -> QWidget:
        box = QWidget()
        box.setFixedWidth(HEALTH_PX)
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        caption = QLabel("Good answers, 5 min")
        caption.setProperty("r", "mute")
        caption.setFixedHeight(HEAD_PX)
        self.health.setFixedHeight(VALUE_PX)
        column.addWidget(caption)
        column.addWidget(self.health)
        return box

    def _lay_out(self) -> None:
        self.test_button.setToolTip("Ask the server now; a good answer ends its being left alone")
        self.test_button.setFixedWidth(80)
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(self.title)
        head.addWidget(self.state)
        head.addStretch(1)
        words = QVBoxLayout()
        words.setSpacing(4)
        self.where.setFixedHeight(VALUE_PX)
        words.addLayout(head)
        words.addWidget(self.where)
        self._health = self._health_figure()
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addLayout(words, 1)
        for each in (self._health, self.first, self.slow, self.speed, self.load):
            row.addWidget(each)
        for button in (self.enabled, self.test_button, self.details_button):
            row.addWidget(button)
        page = QVBoxLayout(self)
        page.setContentsMargins(16, 12, 16, 12)
        page.setSpacing(6)
        page.addLayout(row)
        page.addWidget(self.note)
