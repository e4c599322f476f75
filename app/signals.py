"""SIGTERM and Ctrl+C, brought to Qt's thread."""

from __future__ import annotations

import signal
import socket
from typing import Any

from PySide6.QtCore import QObject, QSocketNotifier, Signal


class Signals(QObject):
    """Emits `quit_requested` on SIGTERM and SIGINT until `close()`.

    Qt sleeps in C, where Python handlers do not run: the interpreter writes each signal to
    a socket that Qt watches.
    """

    quit_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._saved_fd = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._saved: dict[int, Any] = {
            number: signal.signal(number, lambda *_: None)
            for number in (signal.SIGTERM, signal.SIGINT)
        }
        self._notifier = QSocketNotifier(self._reader.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._read)

    def close(self) -> None:
        """Give the signals back."""
        self._notifier.setEnabled(False)
        for number, handler in self._saved.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._saved_fd)
        self._reader.close()
        self._writer.close()

    def _read(self) -> None:
        received = self._reader.recv(64)
        if any(number in self._saved for number in received):
            self.quit_requested.emit()
