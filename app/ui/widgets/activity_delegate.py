"""How one cell of the list of requests is drawn: fast enough for a list that is pulled through."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.theme import Theme
from app.ui.activity_texts import CellText
from app.ui.widgets.activity_columns import COLUMNS, TIME
from app.ui.widgets.activity_model import ActivityModel
from app.ui.widgets.table_delegate import BAR_PX, DOT_PX, PAD_PX, ROW_PX

KEPT_TEXTS = 8_000
"""Shortened texts that are remembered: shortening one takes longer than drawing it."""
BLANK_PX = 8
BLANKS = (0.0, 0.8, 0.55, 0.7, 0.75, 0.0, 0.5, 0.5, 0.5, 0.5)
"""How much of each column a row fills that has not come yet."""


class ActivityDelegate(QStyledItemDelegate):
    """Words in their colours behind a dot; while a row is on its way its number, and pale bars.

    Whoever pulls the bar through a long list reads by the numbers where it is.
    """

    def __init__(self, theme: Theme, view: QAbstractItemView, model: ActivityModel) -> None:
        super().__init__(view)
        self._theme = theme
        self._view = view
        self._model = model
        self._metrics = QFontMetricsF(view.font())
        self._base = (ROW_PX - 1 + self._metrics.ascent() - self._metrics.descent()) / 2
        self._colours: dict[str, QColor] = {}
        self._short: dict[tuple[str, int], tuple[str, float]] = {}
        self.hovered = -1
        theme.changed.connect(self._colours.clear)

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """Return a row's height."""
        return QSize(40, ROW_PX)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Draw one cell."""
        box, row, column = option.rect, index.row(), index.column()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(box, self._colour("selection"))
        elif row == self.hovered:
            painter.fillRect(box, self._colour("raised"))
        left, top, width = float(box.left()), float(box.top()), float(box.width())
        painter.fillRect(QRectF(left, top + ROW_PX - 1, width, 1), self._colour("line"))
        if column == TIME and self._view.hasFocus() and row == self._view.currentIndex().row():
            painter.fillRect(QRectF(left, top, BAR_PX, ROW_PX - 1), self._colour("accent"))
        cells = self._model.cells(row)
        if cells is None:
            if column == TIME:
                self._draw_number(painter, QPointF(left, top), width, row + 1)
            else:
                self._draw_blank(painter, QRectF(left, top, width, ROW_PX), column)
        elif COLUMNS[column].is_number:
            run = cells[column].runs[0]
            text, room = self._shortened(run.text, int(width) - 2 * PAD_PX)
            painter.setPen(self._colour(run.token))
            painter.drawText(QPointF(left + width - PAD_PX - room, top + self._base), text)
        else:
            self._draw_runs(painter, QPointF(left, top), width, cells[column])

    def _draw_runs(self, painter: QPainter, at: QPointF, width: float, cell: CellText) -> None:
        left, right = at.x() + PAD_PX, at.x() + width - PAD_PX
        if cell.dot:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._colour(cell.dot))
            middle = QPointF(left + DOT_PX / 2, at.y() + (ROW_PX - 1) / 2)
            painter.drawEllipse(middle, DOT_PX / 2, DOT_PX / 2)
            left += 2 * DOT_PX
        for run in cell.runs:
            if right - left < DOT_PX:
                return
            text, room = self._shortened(run.text, int(right - left))
            painter.setPen(self._colour(run.token))
            painter.drawText(QPointF(left, at.y() + self._base), text)
            left += room

    def _draw_number(self, painter: QPainter, at: QPointF, width: float, number: int) -> None:
        text, _ = self._shortened(f"{number:,}", int(width) - 2 * PAD_PX)
        painter.setPen(self._colour("mute"))
        painter.drawText(QPointF(at.x() + PAD_PX, at.y() + self._base), text)

    def _draw_blank(self, painter: QPainter, box: QRectF, column: int) -> None:
        width = (box.width() - 2 * PAD_PX) * BLANKS[column]
        left = box.right() - PAD_PX - width if COLUMNS[column].is_number else box.left() + PAD_PX
        if width > 0:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._colour("line"))
            bar = QRectF(left, box.center().y() - BLANK_PX / 2, width, BLANK_PX)
            painter.drawRoundedRect(bar, BLANK_PX / 2, BLANK_PX / 2)

    def _shortened(self, text: str, width: int) -> tuple[str, float]:
        """Return `text` as it fits into `width` pixels, and the pixels it then takes."""
        found = self._short.get((text, width))
        if found is None:
            if len(self._short) > KEPT_TEXTS:
                self._short.clear()
            shown = self._metrics.elidedText(text, Qt.TextElideMode.ElideRight, width)
            found = self._short[(text, width)] = (shown, self._metrics.horizontalAdvance(shown))
        return found

    def _colour(self, token: str) -> QColor:
        found = self._colours.get(token)
        if found is None:
            found = self._colours[token] = self._theme.tokens.colour(token)
        return found
