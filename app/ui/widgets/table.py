"""A table of texts: rows are picked, copied and saved as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QItemSelection, QItemSelectionModel, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QFileDialog, QFrame, QHeaderView, QMenu, QTableView

from app.theme import Theme
from app.ui.widgets.table_delegate import ROW_PX, TableDelegate
from app.ui.widgets.table_model import UNSORTED, Column, Row, TableModel, text_of

HEADER_PX = 30
LEAST_ROWS = 2


class Table(QTableView):
    """Rows under `columns`; Ctrl+C copies, Del asks to delete, a right click saves as CSV.

    What is selected stays selected while its row is there.
    """

    picked = Signal()
    """The selection changed."""
    delete_pressed = Signal()
    save_failed = Signal(str)
    """A file the user named cannot be written, and what to do."""

    def __init__(self, theme: Theme, name: str, columns: Sequence[Column]) -> None:
        super().__init__()
        self._model = TableModel(columns)
        self._is_filling = False
        self.setModel(self._model)
        self.setItemDelegate(TableDelegate(theme, self))
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWordWrap(False)
        self._set_up_headers()
        self.selectionModel().selectionChanged.connect(self._tell)
        theme.changed.connect(self.viewport().update)

    def let_sort(self) -> None:
        """Let a click on a column's title sort by it."""
        header = self.horizontalHeader()
        header.setSectionsClickable(True)
        header.setSortIndicator(UNSORTED, Qt.SortOrder.AscendingOrder)
        header.setSortIndicatorClearable(True)
        self.setSortingEnabled(True)

    def let_pick_several(self) -> None:
        """Let several rows be selected."""
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show `rows`; nothing happens where they are those that show."""
        chosen, place = set(self.selected()), self.verticalScrollBar().value()
        self._is_filling = True
        has_changed = self._model.replace(rows)
        if has_changed and chosen != set(self.selected()):
            self._select(chosen)
            self.verticalScrollBar().setValue(place)
        self._is_filling = False
        if has_changed and chosen != set(self.selected()):
            self.picked.emit()

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows as they stand."""
        return self._model.rows

    def selected(self) -> tuple[str, ...]:
        """Return the ids of the selected rows, the topmost first."""
        chosen = sorted(index.row() for index in self.selectionModel().selectedRows())
        return tuple(self._model.rows[row].id for row in chosen)

    def select_id(self, row_id: str) -> None:
        """Select the row `row_id` alone, and show it; none where it is not there."""
        self._select({row_id})
        for number, row in enumerate(self._model.rows):
            if row.id == row_id:
                index = self._model.index(number, 0)
                no_update = QItemSelectionModel.SelectionFlag.NoUpdate
                self.selectionModel().setCurrentIndex(index, no_update)
                self.scrollTo(index)

    def csv_text(self) -> str:
        """Return titles and rows as CSV."""
        text = io.StringIO()
        table = csv.writer(text)
        table.writerow([column.title for column in self._model.columns])
        table.writerows([text_of(cell) for cell in row.cells] for row in self._model.rows)
        return text.getvalue()

    def save(self, path: Path) -> None:
        """Write the rows to `path` as CSV; emit `save_failed` where it cannot be written."""
        try:
            path.write_text(self.csv_text(), encoding="utf-8", newline="")
        except OSError as error:
            self.save_failed.emit(
                f"{path} cannot be written ({error.strerror}): choose another folder"
            )

    def copy(self) -> None:
        """Put the selected rows on the clipboard, cells apart by tabs."""
        chosen = set(self.selected())
        lines = ["\t".join(map(text_of, row.cells)) for row in self.rows if row.id in chosen]
        if lines:
            QGuiApplication.clipboard().setText("\n".join(lines))

    def sizeHint(self) -> QSize:
        """Return a size that shows a few rows."""
        return QSize(240, height_of(4))

    def minimumSizeHint(self) -> QSize:
        """Return the room of the titles and a few rows."""
        return QSize(160, height_of(LEAST_ROWS))

    def event(self, event: QEvent) -> bool:
        """Keep Ctrl+C and Del for the table where the window has shortcuts of the same keys."""
        if event.type() == QEvent.Type.ShortcutOverride and _is_own_key(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy or delete; everything else moves in the table."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.key() == Qt.Key.Key_Delete:
            self.delete_pressed.emit()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer to sort and to save the table."""
        self.table_menu().popup(event.globalPos())

    def table_menu(self) -> QMenu:
        """Return the menu that sorts and saves, for the keyboard too; it goes when closed."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if self.isSortingEnabled():
            for number, column in enumerate(self._model.columns):
                if not self.isColumnHidden(number):
                    menu.addAction(f"Sort by {column.title}", partial(self._sort_by, number))
            menu.addSeparator()
        menu.addAction("Save table as CSV…", self._ask_path)
        return menu

    def _sort_by(self, column: int) -> None:
        """Sort by `column`, the other way round where it is sorted by it already."""
        header, order = self.horizontalHeader(), Qt.SortOrder
        is_same = header.sortIndicatorSection() == column
        is_falling = is_same and header.sortIndicatorOrder() is order.AscendingOrder
        self.sortByColumn(column, order.DescendingOrder if is_falling else order.AscendingOrder)

    def _ask_path(self) -> None:
        dialog = QFileDialog(self, "Save table", "table.csv", "CSV (*.csv)")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.fileSelected.connect(lambda name: self.save(Path(name)))
        dialog.open()

    def _set_up_headers(self) -> None:
        rows, titles = self.verticalHeader(), self.horizontalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(ROW_PX)
        titles.setFixedHeight(HEADER_PX)
        titles.setHighlightSections(False)
        titles.setSectionsClickable(False)
        titles.setMinimumSectionSize(24)
        for index, column in enumerate(self._model.columns):
            is_wide = column.width_px is None
            mode = QHeaderView.ResizeMode.Stretch if is_wide else QHeaderView.ResizeMode.Fixed
            titles.setSectionResizeMode(index, mode)
            if column.width_px is not None:
                titles.resizeSection(index, column.width_px)

    def _select(self, ids: set[str]) -> None:
        selection = QItemSelection()
        last = self._model.columnCount() - 1
        for number, row in enumerate(self._model.rows):
            if row.id in ids:
                selection.select(self._model.index(number, 0), self._model.index(number, last))
        self.selectionModel().select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def _tell(self) -> None:
        if not self._is_filling:
            self.picked.emit()


def height_of(rows: int) -> int:
    """Return the height of a table, in pixels, that shows `rows` rows."""
    return HEADER_PX + rows * ROW_PX


def _is_own_key(event: QEvent) -> bool:
    return isinstance(event, QKeyEvent) and (
        event.matches(QKeySequence.StandardKey.Copy) or event.key() == Qt.Key.Key_Delete
    )
