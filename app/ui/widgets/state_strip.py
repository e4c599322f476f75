"""A strip that stays for as long as something is not as it should be."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy

from app.theme import Theme

ICON_PX = 20


class StateStrip(QFrame):
    """A sign and a wrapped text in the colour of a token; hidden without a text."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("stateStrip")
        self._theme = theme
        self._token = "warn"
        self._sign = QLabel()
        self._text = QLabel()
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setWordWrap(True)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 16, 8)
        row.setSpacing(8)
        row.addWidget(self._sign)
        row.addWidget(self._text, 1)
        theme.changed.connect(self._restyle)
        self.hide()

    @property
    def text(self) -> str:
        """What is told; empty while hidden."""
        return self._text.text()

    def show_text(self, text: str, token: str) -> None:
        """Tell `text` in the colour of `token`; an empty text hides the strip."""
        if (text, token) == (self.text, self._token):
            return
        self._token = token
        self._text.setText(text)
        self.setAccessibleName(text)
        self._restyle()
        self.setVisible(bool(text))

    def _restyle(self) -> None:
        colour = self._theme.tokens.colour(self._token)
        icon = self._theme.icon("warning", colour.name())
        self._sign.setPixmap(icon.pixmap(QSize(ICON_PX, ICON_PX), self.devicePixelRatioF()))
        self.setStyleSheet(
            f"QFrame#stateStrip {{ background: rgba({colour.red()}, {colour.green()},"
            f" {colour.blue()}, 24); border: 1px solid {colour.name()}; border-radius: 8px; }}"
        )
