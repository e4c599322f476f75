"""How one row of the history is drawn."""

from __future__ import annotations

import math
import re

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QPen,
    QTextCharFormat,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.theme import Theme
from app.ui.widgets.history_model import MetaRole

PAD_PX = 12
META_PX = 12
TEXT_PX = 13
TOP_PX = 27
"""Where the sentence begins, below the line of when and where."""
FOOT_PX = 11
LINES = 2
MOST_MEASURED = 400


class HistoryDelegate(QStyledItemDelegate):
    """When and where in small type, below it the sentence on at most two lines."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._metrics: QFontMetricsF | None = None
        self.width_px = 0.0
        """Of the list, which decides how many lines a sentence takes."""
        self.query = ""
        """What to mark in the sentences."""

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """Return the room of one line or of two, measured without laying the sentence out."""
        if self._metrics is None:
            self._metrics = QFontMetricsF(_sized(option.font))
        # A sentence this long takes two lines in any list: no need to measure all of it.
        text = str(index.data())[:MOST_MEASURED]
        is_one = self._metrics.horizontalAdvance(text) <= self.width_px - 2 * PAD_PX
        lines = 1 if is_one else LINES
        return QSize(120, TOP_PX + lines * (math.ceil(self._metrics.height()) + 1) + FOOT_PX)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Draw one row."""
        tokens = self._theme.tokens
        state, rect = option.state, QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        plate = rect.adjusted(0.5, 1.5, -0.5, -1.5)
        if state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.selection))
            painter.drawRoundedRect(plate, 8, 8)
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.raised))
            painter.drawRoundedRect(plate, 8, 8)
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(QColor(tokens.accent), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(plate, 8, 8)
        painter.setPen(QPen(QColor(tokens.line), 1))
        foot = rect.bottom() - 0.5
        painter.drawLine(QPointF(rect.left() + PAD_PX, foot), QPointF(rect.right() - PAD_PX, foot))
        self._draw_meta(painter, rect, str(index.data(MetaRole)))
        self._draw_sentence(painter, rect, str(index.data()))
        painter.restore()

    def _draw_meta(self, painter: QPainter, rect: QRectF, text: str) -> None:
        font = QFont(painter.font())
        font.setPixelSize(META_PX)
        painter.setFont(font)
        painter.setPen(QColor(self._theme.tokens.mute))
        box = QRectF(rect.left() + PAD_PX, rect.top() + 8, rect.width() - 2 * PAD_PX, 16)
        shown = painter.fontMetrics().elidedText(
            text, Qt.TextElideMode.ElideRight, int(box.width())
        )
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)

    def _draw_sentence(self, painter: QPainter, rect: QRectF, text: str) -> None:
        font = _sized(painter.font())
        width = rect.width() - 2 * PAD_PX
        layout = QTextLayout(text, font)
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        layout.setTextOption(option)
        layout.setFormats(self._marks(text))
        layout.beginLayout()
        painter.setFont(font)
        painter.setPen(QColor(self._theme.tokens.text))
        top = rect.top() + TOP_PX
        for number in range(LINES):
            line = layout.createLine()
            if not line.isValid():
                break
            line.setLineWidth(width)
            rest = text[line.textStart() :]
            if number == LINES - 1 and line.textLength() < len(rest):
                shown = painter.fontMetrics().elidedText(
                    rest, Qt.TextElideMode.ElideRight, int(width)
                )
                painter.drawText(QPointF(rect.left() + PAD_PX, top + line.ascent()), shown)
                break
            line.draw(painter, QPointF(rect.left() + PAD_PX, top))
            top += line.height() + 1
        layout.endLayout()

    def _marks(self, text: str) -> list[QTextLayout.FormatRange]:
        look = QTextCharFormat()
        look.setForeground(QColor(self._theme.tokens.accent))
        look.setFontWeight(QFont.Weight.DemiBold)
        look.setFontUnderline(True)
        words = [re.escape(word) for word in self.query.split()]
        found = re.finditer(rf"\b(?:{'|'.join(words)})", text, re.IGNORECASE) if words else ()
        marks = []
        for match in found:
            mark = QTextLayout.FormatRange()
            mark.start, mark.length = match.start(), match.end() - match.start()
            mark.format = look
            marks.append(mark)
        return marks


def _sized(font: QFont) -> QFont:
    """Return `font` in the size of the sentences."""
    sized = QFont(font)
    sized.setPixelSize(TEXT_PX)
    return sized
