"""The only timer: reads a snapshot for the visible panel and feeds it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Protocol

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QWidget

READ_STATES = (QEvent.Type.Show, QEvent.Type.Hide, QEvent.Type.WindowStateChange)


class Fed(Protocol):
    """What a panel must offer to be fed."""

    rate_hz: ClassVar[int]

    def show_snapshot(self, snapshot: Any) -> None:
        """Draw `snapshot`."""
        ...


class Pulse(QObject):
    """Feeds one panel of `window` at its own rate, while the window can be seen.

    A snapshot that is the very object drawn before is not drawn again.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._panel: Fed | None = None
        self._read: Callable[[], object] | None = None
        self._drawn: object = None
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.beat)
        window.installEventFilter(self)

    @property
    def is_running(self) -> bool:
        """Whether a panel is being fed now."""
        return self._timer.isActive()

    @property
    def drawn(self) -> object:
        """The snapshot that the panel shows; None before its first."""
        return self._drawn

    def feed(self, panel: Fed, read: Callable[[], object]) -> None:
        """From now on feed `panel` with what `read` returns, and nothing else."""
        self._panel, self._read, self._drawn = panel, read, None
        self._timer.setInterval(round(1000 / panel.rate_hz))
        self._follow_window()

    def stop(self) -> None:
        """Feed nothing any more."""
        self._panel = self._read = self._drawn = None
        self._timer.stop()

    def beat(self) -> None:
        """Feed the panel once, unless the snapshot is the one it shows."""
        if self._panel is None or self._read is None:
            return
        snapshot = self._read()
        if snapshot is None or snapshot is self._drawn:
            return
        self._drawn = snapshot
        self._panel.show_snapshot(snapshot)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stop while the window is hidden or minimised."""
        if event.type() in READ_STATES:
            self._follow_window()
        return False

    def _follow_window(self) -> None:
        is_seen = self._window.isVisible() and not self._window.isMinimized()
        if not is_seen or self._panel is None:
            self._timer.stop()
        elif not self._timer.isActive():
            self._timer.start()
            self.beat()
