"""A small button that copies a text."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QGuiApplication

from app.theme import Theme
from app.ui.widgets.icon_button import IconButton

TOLD_MS = 1500


class CopyButton(IconButton):
    """Copies `text`; a tick tells for a moment that it did. Cannot be pressed without a text."""

    copied = Signal()

    def __init__(self, theme: Theme, tooltip: str) -> None:
        super().__init__(theme, "copy", tooltip)
        self._text = ""
        self._back = QTimer(self)
        self._back.setSingleShot(True)
        self._back.setInterval(TOLD_MS)
        self._back.timeout.connect(lambda: self.show_icon("copy"))
        self.clicked.connect(self._copy)
        self.show_text("")

    @property
    def text_to_copy(self) -> str:
        """What a press copies."""
        return self._text

    def show_text(self, text: str) -> None:
        """Copy `text` from now on."""
        self._text = text
        self.setEnabled(bool(text))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._text)
        self.show_icon("check")
        self._back.start()
        self.copied.emit()
