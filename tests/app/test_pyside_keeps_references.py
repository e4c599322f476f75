"""PySide6 6.12.0 loses a reference to None with each call on Python 3.11, which ends in an abort.

When this passes with a newer version, the pin in pyproject.toml can be lifted.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

CALLS = 200
PROGRAM = """
import sys
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication, QWidget

application = QApplication([])


class Source(QObject):
    bare = Signal()
    loaded = Signal(object)


class Painted(QWidget):
    def paintEvent(self, event):
        QPainter(self).drawLine(0, 0, 9, 9)


class Ticking(QObject):
    def timerEvent(self, event):
        pass


source, widget, painted, ticking = Source(), QWidget(), Painted(), Ticking()
source.bare.connect(lambda: None)
source.loaded.connect(lambda value: None)
image = QImage(64, 64, QImage.Format.Format_ARGB32)
timer = QTimer()
timer.timeout.connect(lambda: None)
painted.show()


def paint():
    painter = QPainter(image)
    painter.setPen(QColor("red"))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.drawLine(0, 0, 5, 5)
    painter.end()


def tick(begin, end):
    begin()
    application.processEvents()
    end()


def timer_event():
    number = ticking.startTimer(0)
    application.processEvents()
    ticking.killTimer(number)


work = {
    "painter": paint,
    "update": widget.update,
    "paint event": painted.repaint,
    "timer": lambda: tick(lambda: timer.start(0), timer.stop),
    "timer event": timer_event,
    "signal": source.bare.emit,
    "signal with None": lambda: source.loaded.emit(None),
    "single shot": lambda: tick(lambda: QTimer.singleShot(0, lambda: None), lambda: None),
    "visible": lambda: widget.setVisible(False),
}
call = work[sys.argv[1]]
for _ in range(5):
    call()
before = [sys.getrefcount(each) for each in (None, True, False)]
for _ in range(int(sys.argv[2])):
    call()
after = [sys.getrefcount(each) for each in (None, True, False)]
print(min(late - early for early, late in zip(before, after)))
"""


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal from Python 3.12 on")
@pytest.mark.parametrize(
    "work",
    [
        "painter",
        "update",
        "paint event",
        "timer",
        "timer event",
        "signal",
        "signal with None",
        "single shot",
        "visible",
    ],
)
def test_qt_calls_keep_the_references_to_none(work):
    """200 calls of Qt lose not even a tenth as many references to None, True or False."""
    # In a process of its own: where references are lost, it aborts.
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, work, str(CALLS)], capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) > -CALLS // 10
