"""A line of text that a widget paints itself."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter


@dataclass(frozen=True, slots=True)
class TextLook:
    """How a line looks."""

    colour: str
    """As "#rrggbb"."""
    size_px: int = 12
    weight: QFont.Weight = QFont.Weight.Normal
    is_right: bool = False
    """It ends at the right of its box."""


def paint_text(painter: QPainter, box: QRectF, text: str, look: TextLook) -> int:
    """Draw `text` in the middle of `box`, shortened to its width; return the width it takes."""
    font = QFont(painter.font())
    font.setPixelSize(look.size_px)
    font.setWeight(look.weight)
    painter.setFont(font)
    painter.setPen(QColor(look.colour))
    metrics = painter.fontMetrics()
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(box.width()))
    side = Qt.AlignmentFlag.AlignRight if look.is_right else Qt.AlignmentFlag.AlignLeft
    painter.drawText(box, side | Qt.AlignmentFlag.AlignVCenter, shown)
    return metrics.horizontalAdvance(shown)
