"""The list of requests as a table: only the rows that are looked at are ever fetched."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import date
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)

from app.ui.activity_texts import CellText, cells_of, row_tip
from app.ui.activity_values import PageWish
from app.ui.plain_texts import plain_tip
from app.ui.widgets.activity_columns import COLUMNS, SORTS, alignment, title_of
from engine.activity import ActivityPage, ActivityQuery, ActivityRecord

PAGE = 200
"""Rows fetched at once: 2 ms of the database, and several screens."""
KEPT_PAGES = 60
"""Pages in memory; the one that was looked at longest ago leaves."""
MOST_UNDER_WAY = 2
"""Pages asked for at once: who pulls the bar through the list wants only where it stops."""
RecordRole = Qt.ItemDataRole.UserRole

_Index = QModelIndex | QPersistentModelIndex


class ActivityModel(QAbstractTableModel):
    """Rows by their number; those that are not there yet are None until they come.

    page_wanted(PageWish): answered by `show_page`, or by `give_up` where that is not possible.
    waiting_changed(count): requests that came since the list was fetched, while it is held.
    """

    page_wanted = Signal(object)
    waiting_changed = Signal(int)
    shown = Signal()
    """Rows came."""

    def __init__(self) -> None:
        super().__init__()
        self.query = ActivityQuery()
        self.is_held = False
        """The list stays as it is; what is new waits."""
        self.today = date.min
        self.total = 0
        self.waiting = 0
        self._cursor: int | None = None
        """None until the first page of this query is there."""
        self._records: dict[int, ActivityRecord] = {}
        """By place: from the oldest up where the newest is first, else by the row."""
        self._cells: dict[int, tuple[CellText, ...]] = {}
        self._pages: OrderedDict[int, None] = OrderedDict()
        self._wanted: list[int] = []
        self._under_way: set[int] = set()
        self._is_looking = False
        self._asks = QTimer(self)
        self._asks.setSingleShot(True)
        self._asks.setInterval(0)
        self._asks.timeout.connect(self._ask)

    # --- what is asked for ---

    def look_for(self, query: ActivityQuery) -> None:
        """Show what `query` finds; the rows there are stay until that is known."""
        self.query = query
        self._cursor = None
        self._is_looking = False
        self.look()

    def look(self) -> None:
        """Ask what is new, unless that is being asked already."""
        if not self._is_looking:
            self._is_looking = True
            self.page_wanted.emit(PageWish(self.query, 0, PAGE))

    def show_page(self, wish: PageWish, page: ActivityPage) -> None:
        """Take the rows that were asked for with `wish`."""
        if wish.query != self.query:
            return
        if wish.before is None:
            self._is_looking = False
            self._take_head(page)
        elif wish.before == self._cursor:
            self._answered(wish)
            if page.total != self.total:
                self._begin_again()  # old requests were removed meanwhile
                return
            self._keep(page.rows, wish.first)
            self._changed(wish.first, len(page.rows))
        self.shown.emit()

    def give_up(self, wish: PageWish) -> None:
        """Forget that `wish` was asked for: it could not be answered."""
        if wish.before is None:
            self._is_looking = False
        elif wish.query == self.query and wish.before == self._cursor:
            self._answered(wish)

    def let_go(self) -> None:
        """Take in what waits, and from now on whatever comes."""
        self.is_held = False
        if self.waiting:
            self._cursor = None if self.query.sort != "newest" else self._cursor
            self.look()

    # --- rows ---

    def record(self, row: int) -> ActivityRecord | None:
        """Return the request in `row`; None where it is not there yet, and asked for."""
        found = self._records.get(self._place(row))
        if found is None:
            self._miss(row)
        return found

    def cells(self, row: int) -> tuple[CellText, ...] | None:
        """Return what stands in `row`; None where it is not there yet, and asked for."""
        place = self._place(row)
        found = self._cells.get(place)
        if found is None:
            record = self.record(row)
            if record is None:
                return None
            found = self._cells[place] = cells_of(record, self.today)
        return found

    @property
    def known(self) -> int:
        """How many rows are in memory."""
        return len(self._records)

    @property
    def is_new(self) -> bool:
        """Whether the rows of this query have not come yet."""
        return self._cursor is None

    def head(self) -> list[ActivityRecord]:
        """Return the first rows, as far as they are there."""
        places = (self._place(row) for row in range(min(PAGE, self.total)))
        return [self._records[place] for place in places if place in self._records]

    def row_of(self, record_id: str) -> int | None:
        """Return the row of a request among those that are there; None where it is not."""
        for place, record in self._records.items():
            if record.id == record_id:
                return self._place(place)
        return None

    # --- Qt's ---

    def rowCount(self, parent: _Index | None = None) -> int:
        """Return how many requests the list has, fetched or not."""
        return 0 if parent is not None and parent.isValid() else self.total

    def columnCount(self, parent: _Index | None = None) -> int:
        """Return how many columns there are."""
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the text, the tooltip, or the request itself."""
        if not index.isValid():
            return None
        if role == RecordRole:
            return self.record(index.row())
        if role == Qt.ItemDataRole.ToolTipRole:
            record = self.record(index.row())
            return None if record is None else plain_tip(row_tip(record))
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            cells = self.cells(index.row())
            return "" if cells is None else cells[index.column()].text
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return a column's title, what it means, and where it stands."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        column = COLUMNS[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return title_of(section, self.query.sort)
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.tooltip + (". Click to sort" if section in SORTS else "")
        return alignment(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    # --- inside ---

    def _place(self, row: int) -> int:
        """Return the place of a row, or the row of a place: what is new changes no place."""
        return self.total - 1 - row if self.query.sort == "newest" else row

    def _page_of(self, row: int) -> int:
        return self._place(row) // PAGE

    def _take_head(self, page: ActivityPage) -> None:
        if self._cursor is None:
            self._replace(page)
            return
        newer = page.total - self.total
        is_held = self.is_held or self.query.sort != "newest"
        if newer < 0 or (not is_held and not self._goes_on(page, newer)):
            self._replace(page)
        elif is_held:
            self._wait_for(newer)
        elif newer:
            # What is under way was numbered by the list before: it is asked for again if missed.
            self._under_way.clear()
            self.beginInsertRows(QModelIndex(), 0, newer - 1)
            self.total, self._cursor = page.total, page.cursor
            self._keep(page.rows[:newer], 0)
            self.endInsertRows()
            self._wait_for(0)

    def _goes_on(self, page: ActivityPage, newer: int) -> bool:
        """Tell whether the list that shows goes on in `page`: nothing of it was removed."""
        if not self.total:
            return False
        first = self._records.get(self.total - 1)
        return first is not None and newer < len(page.rows) and first.id == page.rows[newer].id

    def _replace(self, page: ActivityPage) -> None:
        self.beginResetModel()
        self._forget()
        self.total, self._cursor = page.total, page.cursor
        self._keep(page.rows, 0)
        self.endResetModel()
        self._wait_for(0)

    def _answered(self, wish: PageWish) -> None:
        self._under_way.discard(self._page_of(wish.first))
        if self._wanted:
            self._asks.start()

    def _begin_again(self) -> None:
        self._cursor = None
        self.look()

    def _forget(self) -> None:
        self._records.clear()
        self._cells.clear()
        self._pages.clear()
        self._under_way.clear()
        self._wanted.clear()

    def _keep(self, records: Sequence[ActivityRecord], first: int) -> None:
        for row, record in enumerate(records, first):
            place = self._place(row)
            self._records[place] = record
            self._cells.pop(place, None)
            self._pages[place // PAGE] = None
            self._pages.move_to_end(place // PAGE)
        while len(self._pages) > KEPT_PAGES:
            page, _ = self._pages.popitem(last=False)
            for place in range(page * PAGE, (page + 1) * PAGE):
                self._records.pop(place, None)
                self._cells.pop(place, None)

    def _wait_for(self, count: int) -> None:
        if count != self.waiting:
            self.waiting = count
            self.waiting_changed.emit(count)

    def _changed(self, first: int, count: int) -> None:
        if count:
            last = self.index(first + count - 1, len(COLUMNS) - 1)
            self.dataChanged.emit(self.index(first, 0), last)

    def _miss(self, row: int) -> None:
        page = self._page_of(row)
        if page not in self._under_way and page not in self._wanted:
            # The view is on two pages at most: what was missed before them has gone by.
            self._wanted = [*self._wanted[-1:], page]
            self._asks.start()

    def _ask(self) -> None:
        """Ask for the pages that were missed last, as soon as others are not under way."""
        while self._wanted and len(self._under_way) < MOST_UNDER_WAY and self._cursor is not None:
            page = self._wanted.pop()
            low = page * PAGE
            high = min(low + PAGE, self.total) - 1
            first = min(self._place(low), self._place(high))
            self._under_way.add(page)
            self.page_wanted.emit(PageWish(self.query, first, high - low + 1, self._cursor))
