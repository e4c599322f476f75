"""What stands in an empty conversation: who would answer, and what could be asked."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.widgets.elided_label import ElidedLabel

ICON_PX = 36
WIDTH_PX = 640
IDEA_PX = 56
TWO_COLUMNS_PX = 520
LEAST_PX = 240
IDEAS = (
    ("Compare in a table", "Compare TCP, UDP and QUIC in a table: order, loss, start-up, use."),
    ("Write some code", "Write a Python function that finds the longest common prefix of words."),
    ("Explain an expression", r"Explain step by step what this matches: ^\d{4}-(0[1-9]|1[0-2])$"),
    ("Shorten a text", "Put the following into three short sentences:\n\n"),
)
"""What the button says, and what it writes."""


class ChatWelcome(QWidget):
    """`idea_taken(text)` when one of the ideas is pressed."""

    idea_taken = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._sign = QLabel()
        self._title = QLabel("Ask a model")
        self._title.setProperty("r", "h2")
        self.hint = QLabel()
        self.hint.setProperty("r", "unit")
        self.hint.setWordWrap(True)
        for label in (self._sign, self._title, self.hint):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._grid = QGridLayout()
        self._grid.setSpacing(10)
        self.ideas = tuple(self._idea(title, text) for title, text in IDEAS)
        inside = QWidget()
        inside.setMaximumWidth(WIDTH_PX)
        middle = QVBoxLayout(inside)
        middle.setContentsMargins(8, 8, 8, 8)
        middle.setSpacing(8)
        for widget in (self._sign, self._title, self.hint):
            middle.addWidget(widget)
        middle.addSpacing(12)
        middle.addLayout(self._grid)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(inside, 100)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addStretch(2)
        column.addLayout(row)
        column.addStretch(3)
        theme.changed.connect(self._draw_icon)
        self._draw_icon()

    def show_hint(self, text: str) -> None:
        """Say who would answer."""
        self.hint.setText(text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the ideas into two columns where there is room, and leave the sign out where not."""
        super().resizeEvent(event)
        columns = 2 if self.width() >= TWO_COLUMNS_PX else 1
        for number, idea in enumerate(self.ideas):
            self._grid.addWidget(idea, number // columns, number % columns)
        self._sign.setVisible(self.height() >= 300)

    def minimumSizeHint(self) -> QSize:
        """Return the room of the ideas in one column: they change to it when it is needed."""
        return QSize(LEAST_PX, super().minimumSizeHint().height())

    def _idea(self, title: str, text: str) -> QPushButton:
        button = QPushButton()
        button.setToolTip(f"Write this into the field: {text.strip()}")
        button.setAccessibleName(title)
        button.setStyleSheet(f"QPushButton {{ min-height: {IDEA_PX}px; }}")
        name, note = QLabel(title), ElidedLabel("mute")
        name.setProperty("r", "cap")
        note.show_text(text)
        column = QVBoxLayout(button)
        column.setContentsMargins(14, 8, 14, 8)
        column.setSpacing(2)
        for label in (name, note):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            column.addWidget(label)
        button.clicked.connect(lambda: self.idea_taken.emit(text))
        return button

    def _draw_icon(self) -> None:
        icon = self._theme.icon("playground", self._theme.tokens.accent)
        self._sign.setPixmap(icon.pixmap(QSize(ICON_PX, ICON_PX), self.devicePixelRatioF()))
