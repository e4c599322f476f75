"""What the sound plots share, so that a moment lies at the same x in all of them."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen

SPAN_S = 8.0
"""Seconds across each plot: the length of the engine's waveform."""

GUTTER_PX = 128
"""Left of the plots: their names, and the labels of their axes."""

NAME_PX = 8
"""Where the names begin."""

GRID_EVERY_S = 2.0

LABEL_PX = 11


def plot_area(outline: QRect, *, below_px: int = 0) -> QRectF:
    """Return the part of a widget that is plotted: right of the labels, above `below_px`."""
    return QRectF(outline).adjusted(GUTTER_PX, 0, 0, -below_px)


def x_of(area: QRectF, at_s: float, end_s: float) -> float:
    """Return where the moment `at_s` lies, in pixels, if the right edge shows `end_s`."""
    return area.right() - (end_s - at_s) / SPAN_S * area.width()


def label_font(font: QFont) -> QFont:
    """Return `font` in the size of axis labels."""
    small = QFont(font)
    small.setPixelSize(LABEL_PX)
    return small


def draw_time_grid(painter: QPainter, area: QRectF, colour: str) -> None:
    """Draw a faint vertical line every two seconds."""
    painter.setPen(QPen(QColor(colour), 1))
    steps = int(SPAN_S / GRID_EVERY_S)
    for step in range(1, steps):
        x = round(area.left() + area.width() * step / steps) + 0.5
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))


def draw_gutter_label(painter: QPainter, area: QRectF, y: float, text: str) -> None:
    """Write `text` right-aligned beside the plot, centred at the height `y` but inside it."""
    height = LABEL_PX + 3
    top = min(max(y - height / 2, area.top()), area.bottom() - height)
    box = QRectF(0, top, GUTTER_PX - 8, height)
    painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)


def draw_time_labels(painter: QPainter, area: QRectF) -> None:
    """Write the seconds under the plot, the newest moment at its right edge."""
    steps = int(SPAN_S / GRID_EVERY_S)
    for step in range(steps + 1):
        x = area.left() + area.width() * step / steps
        ago = round(SPAN_S - step * GRID_EVERY_S)
        text = "now" if ago == 0 else f"\N{MINUS SIGN}{ago} s"
        align = Qt.AlignmentFlag.AlignHCenter
        left = x - 32
        if step == 0:
            align, left = Qt.AlignmentFlag.AlignLeft, x
        elif step == steps:
            align, left = Qt.AlignmentFlag.AlignRight, x - 64
        painter.drawText(
            QRectF(left, area.bottom() + 4, 64, 14), align | Qt.AlignmentFlag.AlignVCenter, text
        )


def draw_name(painter: QPainter, area: QRectF, name: str, colour: str) -> None:
    """Write what the plot shows at the far left, level with its middle."""
    painter.setPen(QColor(colour))
    box = QRectF(NAME_PX, area.top(), GUTTER_PX, area.height())
    painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
