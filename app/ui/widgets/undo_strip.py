"""A strip that tells what was done, and takes it back."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer

from app.theme import Theme
from app.ui.widgets.notice_strip import NoticeStrip

UNDO = "Undo"


class UndoStrip(NoticeStrip):
    """Hides by itself after `shown_ms`, or when it was used."""

    def __init__(self, theme: Theme, icon_name: str, *, shown_ms: int) -> None:
        super().__init__(theme, icon_name, (UNDO,))
        self._undo: Callable[[], object] | None = None
        self._over = QTimer(self)
        self._over.setSingleShot(True)
        self._over.setInterval(shown_ms)
        self._over.timeout.connect(lambda: self.show_notice(""))
        self.chosen.connect(lambda _: self._take_back())

    def show_undo(self, text: str, undo: Callable[[], object] | None = None) -> None:
        """Tell `text`; `undo` takes it back, None where nothing can."""
        self._undo = undo
        self.show_notice(text)
        self.buttons[UNDO].setVisible(undo is not None)
        self._over.start()

    def _take_back(self) -> None:
        self._over.stop()
        self.show_notice("")
        undo, self._undo = self._undo, None
        if undo is not None:
            undo()
