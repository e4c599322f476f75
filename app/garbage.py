"""Python's garbage, collected on Qt's thread only."""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

LOOK_MS = 500


class Garbage(QObject):
    """Takes over garbage collection until `close()`.

    Python collects on whatever thread happens to allocate. A dialog or timer that is part of a
    cycle would then be destroyed on the engines' thread, which Qt answers with a crash.
    """

    def __init__(self) -> None:
        super().__init__()
        self._was_on = gc.isenabled()
        gc.disable()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.look)
        self._timer.start(LOOK_MS)

    def settle(self) -> None:
        """Leave alone what exists now: the modules, the window and the engines stay to the end.

        A full collection then takes under a millisecond instead of tens.
        """
        gc.collect()
        gc.freeze()

    def look(self) -> None:
        """Collect the oldest generation that is due."""
        counts, limits = gc.get_count(), gc.get_threshold()
        for generation in (2, 1, 0):
            if counts[generation] > limits[generation]:
                gc.collect(generation)
                return

    def close(self) -> None:
        """Give the collection back to Python."""
        self._timer.stop()
        gc.unfreeze()
        if self._was_on:
            gc.enable()
