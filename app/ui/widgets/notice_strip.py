"""A strip that tells one thing and offers what can be done about it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from app.theme import Theme
from app.ui.widgets.elided_label import ElidedLabel


class NoticeStrip(QFrame):
    """Hidden until `show_notice()`; `chosen` carries the text of the pressed button."""

    chosen = Signal(str)

    def __init__(
        self,
        theme: Theme,
        icon_name: str,
        choices: Sequence[str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icon_name = icon_name
        self.setObjectName("notice")
        self._sign = QLabel()
        self._text = ElidedLabel()
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 6, 8, 6)
        row.setSpacing(8)
        row.addWidget(self._sign)
        row.addWidget(self._text, 1)
        self.buttons = {choice: self._button(choice) for choice in choices}
        for button in self.buttons.values():
            row.addWidget(button)
        theme.changed.connect(self._restyle)
        self._restyle()
        self.hide()

    @property
    def text(self) -> str:
        """What is told; empty while hidden."""
        return self._text.whole_text

    def show_notice(self, text: str) -> None:
        """Tell `text`; an empty one hides the strip."""
        if text == self._text.whole_text:
            return
        self._text.show_text(text)
        for choice, button in self.buttons.items():
            button.setAccessibleName(f"{choice}: {text}")
            button.setToolTip(f"{choice}: {text}")
        self.setVisible(bool(text))

    def _button(self, choice: str) -> QPushButton:
        button = QPushButton(choice)
        button.setToolTip(choice)
        button.clicked.connect(lambda: self.chosen.emit(choice))
        return button

    def _restyle(self) -> None:
        tokens = self._theme.tokens
        icon = self._theme.icon(self._icon_name, tokens.accent)
        self._sign.setPixmap(icon.pixmap(QSize(20, 20), self.devicePixelRatioF()))
        self.setStyleSheet(
            f"QFrame#notice {{ background: {tokens.selection}; border: 1px solid {tokens.accent};"
            " border-radius: 8px; }"
        )
