"""How one cell of a table is drawn."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.theme import Theme
from app.ui.widgets.table_model import CellRole, Mark

ROW_PX = 34
PAD_PX = 8
DOT_PX = 8
BAR_PX = 2
"""Width of the line that marks the row which has the keyboard."""


class TableDelegate(QStyledItemDelegate):
    """A text, shortened where it does not fit, behind a dot where it tells a state."""

    def __init__(self, theme: Theme, view: QAbstractItemView) -> None:
        super().__init__(view)
        self._theme = theme
        self._view = view

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
        tokens = self._theme.tokens
        rect = QRectF(option.rect)
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, tokens.colour("selection"))
        painter.setPen(QPen(tokens.colour("line"), 1))
        foot = rect.bottom() - 0.5
        painter.drawLine(QPointF(rect.left(), foot), QPointF(rect.right(), foot))
        if index.column() == self._first_column() and self._has_keyboard(index.row()):
            bar = QRectF(rect.left(), rect.top(), BAR_PX, rect.height() - 1)
            painter.fillRect(bar, tokens.colour("accent"))
        self._draw_text(painter, rect.adjusted(PAD_PX, 0, -PAD_PX, 0), index)
        painter.restore()

    def _draw_text(
        self, painter: QPainter, box: QRectF, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        tokens = self._theme.tokens
        cell, colour = index.data(CellRole), QColor(tokens.text)
        if isinstance(cell, Mark):
            colour = tokens.colour(cell.token)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            middle = QPointF(box.left() + DOT_PX / 2, box.center().y())
            painter.drawEllipse(middle, DOT_PX / 2, DOT_PX / 2)
            box.setLeft(box.left() + 2 * DOT_PX)
        painter.setPen(colour)
        shown = painter.fontMetrics().elidedText(
            str(index.data()), Qt.TextElideMode.ElideRight, int(box.width())
        )
        painter.drawText(box, index.data(Qt.ItemDataRole.TextAlignmentRole), shown)

    def _first_column(self) -> int:
        columns = range(self._view.model().columnCount())
        hidden = getattr(self._view, "isColumnHidden", lambda _: False)
        return next((column for column in columns if not hidden(column)), 0)

    def _has_keyboard(self, row: int) -> bool:
        return self._view.hasFocus() and self._view.currentIndex().row() == row
