"""What the two looks of live text mean."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSize
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QTextCharFormat, QTextLayout
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import Theme

FIRM = "Upright words stay."
TENTATIVE = "Dotted italics may still change."
TEXT_PX = 12


class LiveTextLegend(QWidget):
    """One line, each half written in the look that it explains."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAccessibleName(f"{FIRM} {TENTATIVE}")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Return the room of the line."""
        return QSize(320, 20)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Write both halves."""
        tokens = self._theme.tokens
        font = QFont(self.font())
        font.setPixelSize(TEXT_PX)
        layout = QTextLayout(f"{FIRM}   {TENTATIVE}", font)
        mark = QTextLayout.FormatRange()
        mark.start, mark.length = len(FIRM) + 3, len(TENTATIVE)
        look = QTextCharFormat()
        look.setFontItalic(True)
        look.setUnderlineStyle(QTextCharFormat.UnderlineStyle.DotLine)
        look.setUnderlineColor(QColor(tokens.accent))
        mark.format = look
        layout.setFormats([mark])
        layout.beginLayout()
        line = layout.createLine()
        line.setLineWidth(10_000)
        layout.endLayout()
        painter = QPainter(self)
        painter.setPen(QColor(tokens.mute))
        line.draw(painter, QPointF(0, (self.height() - line.height()) / 2))
