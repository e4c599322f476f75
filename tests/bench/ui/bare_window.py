"""The least that PySide6 can do: an empty window, gone after its first paint."""

from __future__ import annotations

import json
import sys
import time

from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication, QLabel


class Bare(QLabel):
    """A label that tells when it was painted first."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint, then report the moment and quit."""
        super().paintEvent(event)
        sys.stdout.write(json.dumps({"first_paint_monotonic_s": time.monotonic()}) + "\n")
        QApplication.exit()


def main() -> None:
    """Show the window."""
    app = QApplication(sys.argv[:1])
    window = Bare("bare")
    window.resize(1280, 800)
    window.show()
    app.exec()


if __name__ == "__main__":
    main()
