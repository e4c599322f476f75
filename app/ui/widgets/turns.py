"""Whose turn it is to be painted: pictures that change together are painted one after the other."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

TURN_MS = 10
"""Between two paints Qt answers clicks and keys; twenty turns take a fifth of a second."""


class Turns(QObject):
    """Paints one widget a turn, in the order in which they asked.

    Nothing stale is ever painted: whoever grabs, saves or uncovers a widget before its turn gets it
    as it is now, since only the call for paint waits. A widget that changes again while it waits
    keeps its turn, so that none waits for ever.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._waiting: dict[QWidget, Callable[[], None]] = {}
        self._timer = QTimer(self)
        self._timer.setInterval(TURN_MS)
        self._timer.timeout.connect(self.pass_on)

    @property
    def waiting(self) -> int:
        """How many still wait."""
        return len(self._waiting)

    def ask(self, widget: QWidget, paint: Callable[[], None]) -> None:
        """Call `paint` when it is the turn of `widget`; at once where it is hidden."""
        if not widget.isVisible():
            paint()  # nothing is painted before it is shown
            return
        self._waiting[widget] = paint
        if not self._timer.isActive():
            self._timer.start()

    def pass_on(self) -> None:
        """Let the next one paint."""
        if self._waiting:
            self._waiting.pop(next(iter(self._waiting)))()
        if not self._waiting:
            self._timer.stop()
