"""Rows of texts for a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from app.ui.plain_texts import plain_tip

CellRole = Qt.ItemDataRole.UserRole
UNSORTED = -1
"""The column by which rows stand that keep the order they were given in."""

_Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class Column:
    """One column. Without a width it takes what the others leave."""

    title: str
    width_px: int | None = None
    is_number: bool = False
    """Then it stands at the right."""
    tooltip: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A cell that tells a state: a dot and a text in the colour of `token`."""

    text: str
    token: str


Cell = str | Mark


@dataclass(frozen=True, slots=True)
class Row:
    """One row."""

    id: str
    """Unlike that of any other row; what stays selected is known by it."""
    cells: tuple[Cell, ...]
    order: tuple[float | str, ...] = ()
    """What each column is sorted by; the texts where it is empty."""
    tooltip: str = ""


def text_of(cell: Cell) -> str:
    """Return what a cell says."""
    return cell.text if isinstance(cell, Mark) else cell


class TableModel(QAbstractTableModel):
    """Rows under `columns`, in the order given or sorted by a column."""

    def __init__(self, columns: Sequence[Column]) -> None:
        super().__init__()
        self.columns = tuple(columns)
        self.rows: tuple[Row, ...] = ()
        """As they stand."""
        self._given: tuple[Row, ...] = ()
        self._sorted_by = (UNSORTED, Qt.SortOrder.AscendingOrder)

    def replace(self, rows: Sequence[Row]) -> bool:
        """Take `rows`; tell whether anything differs from before."""
        if tuple(rows) == self._given:
            return False
        self._given = tuple(rows)
        self._arrange()
        return True

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Order the rows by `column`."""
        self._sorted_by = (column, order)
        self._arrange()
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self.columns) - 1)

    def rowCount(self, parent: _Index | None = None) -> int:
        """Return how many rows there are."""
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index | None = None) -> int:
        """Return how many columns there are."""
        return 0 if parent is not None and parent.isValid() else len(self.columns)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the text, the tooltip, or the Cell itself."""
        if not index.isValid():
            return None
        row = self.rows[index.row()]
        cell = row.cells[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return text_of(cell)
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(row.tooltip or text_of(cell))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(self.columns[index.column()])
        return cell if role == CellRole else None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        """Return a column's title, what it means, and where it stands."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title + self._arrow(section)
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.tooltip or None
        return _alignment(column) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def _arrow(self, section: int) -> str:
        """Return what a title ends with: an arrow where the rows are sorted by it."""
        column, order = self._sorted_by
        if section != column:
            return ""
        is_rising = order is Qt.SortOrder.AscendingOrder
        return " \N{UPWARDS ARROW}" if is_rising else " \N{DOWNWARDS ARROW}"

    def _arrange(self) -> None:
        column, direction = self._sorted_by
        rows = list(self._given)
        if column != UNSORTED:
            is_falling = direction is Qt.SortOrder.DescendingOrder
            rows.sort(key=lambda row: _order(row, column), reverse=is_falling)
        before, after = [row.id for row in self.rows], [row.id for row in rows]
        if rows and before == after:
            # The same rows with other numbers: what is selected and in view stays as it is.
            self.rows = tuple(rows)
            last = self.index(len(rows) - 1, len(self.columns) - 1)
            self.dataChanged.emit(self.index(0, 0), last)
        elif sorted(before) == sorted(after):
            self._move(tuple(rows))
        else:
            self.beginResetModel()
            self.rows = tuple(rows)
            self.endResetModel()

    def _move(self, rows: tuple[Row, ...]) -> None:
        """Put the same rows into another order; what is selected moves along."""
        self.layoutAboutToBeChanged.emit()
        held = self.persistentIndexList()
        ids = [self.rows[index.row()].id for index in held]
        places = {row.id: number for number, row in enumerate(rows)}
        self.rows = rows
        moved = [
            self.index(places[row_id], index.column())
            for row_id, index in zip(ids, held, strict=True)
        ]
        self.changePersistentIndexList(held, moved)
        self.layoutChanged.emit()


def _order(row: Row, column: int) -> tuple[float, str]:
    found = row.order[column] if row.order else text_of(row.cells[column])
    return (0.0, found.casefold()) if isinstance(found, str) else (found, "")


def _alignment(column: Column) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column.is_number else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
