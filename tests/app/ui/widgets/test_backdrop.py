from __future__ import annotations

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.ui.widgets.backdrop import Backdrop


class Plot(QWidget):
    """A widget with nothing but a backdrop, which has a red corner."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn = 0
        self.key = "first"
        self.backdrop = Backdrop(self.draw)

    def draw(self, painter: QPainter) -> None:
        """Draw the corner and count."""
        self.drawn += 1
        painter.fillRect(0, 0, 4, 4, QColor("#ff0000"))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the backdrop."""
        self.backdrop.paint(QPainter(self), self, "#123456", self.key)


@pytest.fixture
def plot(qtbot) -> Plot:
    """Return a shown plot of 100 x 50 pixels."""
    plot = Plot()
    qtbot.addWidget(plot)
    plot.resize(QSize(100, 50))
    plot.show()
    qtbot.waitExposed(plot)
    plot.drawn = 0
    return plot


def test_it_is_drawn_once_and_copied_from_then_on(plot):
    """However often the plot is painted, labels and grid are drawn the first time only."""
    plot.repaint()
    before = plot.drawn
    for _ in range(5):
        plot.repaint()
    assert plot.drawn == before
    picture = plot.grab().toImage()
    assert picture.pixelColor(1, 1).name() == "#ff0000"
    assert picture.pixelColor(50, 25).name() == "#123456"


def test_it_is_drawn_anew_when_it_would_look_different(plot):
    """Another size or another key draws it again."""
    plot.repaint()
    before = plot.drawn
    plot.key = "second"
    plot.repaint()
    assert plot.drawn == before + 1
    plot.resize(120, 50)
    plot.repaint()
    assert plot.drawn == before + 2
