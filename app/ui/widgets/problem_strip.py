"""A strip that says what went wrong, what mends it, and offers the details."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from app.theme import Theme

# As numbers: the names would load all of Qt's enumerations, 15 ms of the start.
SELECTABLE_BY_MOUSE = 1
PLAIN_TEXT = 0


class ProblemStrip(QFrame):
    """Hidden until `show_problem()`; `dismissed` is emitted when the user closes it."""

    dismissed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("problemStrip")
        self._theme = theme
        self._details = ""
        self._sign = QLabel()
        self._text = QLabel()
        self._text.setProperty("textFormat", PLAIN_TEXT)
        self._text.setWordWrap(True)
        self._text.setProperty("textInteractionFlags", SELECTABLE_BY_MOUSE)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._copy = QPushButton("Copy details")
        self._copy.setToolTip("Copy this message, the traceback, versions and the log's path")
        self._close = QPushButton()
        self._close.setProperty("flat", True)
        self._close.setFixedWidth(32)
        self._close.setToolTip("Dismiss")
        self._close.setAccessibleName("Dismiss this problem")
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 8, 8)
        row.setSpacing(8)
        row.addWidget(self._sign)
        row.addWidget(self._text, 1)
        row.addWidget(self._copy)
        row.addWidget(self._close)
        self._copy.clicked.connect(self._copy_details)
        self._close.clicked.connect(self._dismiss)
        theme.changed.connect(self._repaint_icons)
        self.hide()

    @property
    def text(self) -> str:
        """The message shown; empty while hidden."""
        return self._text.text()

    def show_problem(self, text: str, details: str = "") -> None:
        """Show `text`; `details` is what "Copy details" copies below it."""
        if text == self._text.text() and details == self._details:
            return
        self._text.setText(text)
        self._details = details
        self.setAccessibleName(f"Problem: {text}")
        self._repaint_icons()
        self.setVisible(bool(text))

    def clear(self) -> None:
        """Hide the strip."""
        self.show_problem("")

    def _copy_details(self) -> None:
        QGuiApplication.clipboard().setText(f"{self.text}\n\n{self._details}".strip())

    def _dismiss(self) -> None:
        self.clear()
        self.dismissed.emit()

    def _repaint_icons(self) -> None:
        # Not before there is a problem: most windows never draw them.
        if not self.text:
            return
        tokens = self._theme.tokens
        self._sign.setPixmap(self._theme.icon("warning", tokens.bad).pixmap(QSize(20, 20)))
        self._close.setIcon(self._theme.icon("close", tokens.dim))
        self._close.setIconSize(QSize(16, 16))
