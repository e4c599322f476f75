"""The list of requests: as long as it may be, drawn from the pages that are looked at."""

from __future__ import annotations

from datetime import date
from functools import partial

from PySide6.QtCore import QEvent, QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QGuiApplication,
    QHoverEvent,
    QKeyEvent,
    QKeySequence,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QMenu, QPushButton, QTableView

from app.theme import Theme
from app.ui.activity_texts import kind_text
from app.ui.quantity_texts import count_text
from app.ui.widgets.activity_columns import (
    CACHE,
    CLIENT,
    COLUMNS,
    COST,
    ENDPOINT,
    FIRST,
    MODEL,
    TOKENS,
    next_sort,
)
from app.ui.widgets.activity_delegate import ActivityDelegate
from app.ui.widgets.activity_model import ActivityModel
from app.ui.widgets.table import HEADER_PX
from app.ui.widgets.table_delegate import ROW_PX
from engine.activity import ActivityRecord

LEAST_MODEL_PX = 220
LEAST_IMPORTANT = (CLIENT, CACHE, ENDPOINT, TOKENS, FIRST, COST)
"""Columns that go first where there is little room: the detail tells them too."""
PILL_TOP_PX = 8


class ActivityTable(QTableView):
    """Requests under each other, the newest first unless sorted otherwise.

    What is new appears at the top. While the user reads further down nothing moves: a button says
    how many wait.
    """

    picked = Signal(str)
    """Id of the request that is looked at; "" for none."""
    sort_wanted = Signal(str)
    filter_wanted = Signal(str, str)
    """Name of a filter and its value."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.rows = ActivityModel()
        self.pill = QPushButton(self.viewport())
        self._theme = theme
        self._chosen = ""
        self.setModel(self.rows)
        self._delegate = ActivityDelegate(theme, self, self.rows)
        self.setItemDelegate(self._delegate)
        self._set_up()
        self._set_up_headers()
        self.pill.setCursor(Qt.CursorShape.PointingHandCursor)
        self.pill.setToolTip("Show the newest requests")
        self.pill.hide()
        self.pill.clicked.connect(self.go_to_top)
        self.rows.waiting_changed.connect(self._show_waiting)
        self.rows.modelReset.connect(self._choose_again)
        self.verticalScrollBar().valueChanged.connect(self._hold)
        self.selectionModel().currentRowChanged.connect(self._pick)
        self.horizontalHeader().sectionClicked.connect(self._sort_by)
        theme.changed.connect(self._restyle)
        self._restyle()

    @property
    def chosen(self) -> str:
        """Id of the request that is chosen; "" for none."""
        return self._chosen

    def show_day(self, today: date) -> None:
        """Leave the day out of the times of `today`."""
        self.rows.today = today

    def go_to_top(self) -> None:
        """Show the newest rows, those that wait among them."""
        self.scrollToTop()
        self.rows.let_go()

    def choose(self, id: str) -> None:
        """Take the request `id` for chosen; its row is marked once it is there."""
        self._chosen = id
        self._choose_again()

    def choose_nothing(self) -> None:
        """Let go of the chosen row."""
        self._chosen = ""
        self.setCurrentIndex(QModelIndex())
        self.clearSelection()

    def event(self, event: QEvent) -> bool:
        """Keep Ctrl+C for the list where the window has a shortcut of the same keys."""
        is_shortcut = event.type() == QEvent.Type.ShortcutOverride
        if is_shortcut and isinstance(event, QKeyEvent) and _is_copy(event):
            event.accept()
            return True
        return super().event(event)

    def viewportEvent(self, event: QEvent) -> bool:
        """Mark the row below the pointer."""
        if isinstance(event, QHoverEvent) and event.type() == QEvent.Type.HoverMove:
            self._hover(self.rowAt(round(event.position().y())))
        elif event.type() in (QEvent.Type.Leave, QEvent.Type.HoverLeave):
            self._hover(-1)
        return super().viewportEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy the row; everything else moves in the list."""
        record = self.rows.record(self.currentIndex().row()) if self._chosen else None
        if _is_copy(event) and record is not None:
            cells = self.rows.cells(self.currentIndex().row()) or ()
            QGuiApplication.clipboard().setText("\t".join(cell.text for cell in cells))
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer to show only what is like the request below the pointer."""
        row = self.rowAt(self.viewport().mapFrom(self, event.pos()).y())
        record = self.rows.record(row) if row >= 0 else None
        if record is not None:
            self.menu_for(record).popup(event.globalPos())

    def menu_for(self, record: ActivityRecord) -> QMenu:
        """Return the menu of a row; it goes when closed."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Copy id", lambda: QGuiApplication.clipboard().setText(record.id))
        menu.addSeparator()
        for name, text in _filters_of(record):
            action = menu.addAction(text)
            action.triggered.connect(partial(self.filter_wanted.emit, name, getattr(record, name)))
        return menu

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out columns where there is little room."""
        super().resizeEvent(event)
        left = self.viewport().width() - sum(each.width_px or 0 for each in COLUMNS)
        for column in LEAST_IMPORTANT:
            is_out = left < LEAST_MODEL_PX
            left += (COLUMNS[column].width_px or 0) if is_out else 0
            if self.isColumnHidden(column) != is_out:
                self.setColumnHidden(column, is_out)
        self._place_pill()

    def _set_up(self) -> None:
        self.setAccessibleName("Requests")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalScrollBar().setSingleStep(ROW_PX)

    def _set_up_headers(self) -> None:
        rows, titles = self.verticalHeader(), self.horizontalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(ROW_PX)
        titles.setFixedHeight(HEADER_PX)
        titles.setHighlightSections(False)
        titles.setSectionsClickable(True)
        for index, column in enumerate(COLUMNS):
            is_wide = column.width_px is None
            mode = QHeaderView.ResizeMode.Stretch if is_wide else QHeaderView.ResizeMode.Fixed
            titles.setSectionResizeMode(index, mode)
            if column.width_px is not None:
                titles.resizeSection(index, column.width_px)
        titles.moveSection(titles.visualIndex(MODEL), 1)

    def _hover(self, row: int) -> None:
        if row != self._delegate.hovered:
            self._delegate.hovered = row
            self.viewport().update()

    def _hold(self, value: int) -> None:
        """Hold the list while the user reads further down; take in what waits at the top."""
        is_held = value > 0
        if is_held:
            self.rows.is_held = True
        elif self.rows.is_held:
            self.rows.let_go()

    def _pick(self, current: QModelIndex) -> None:
        record = self.rows.record(current.row()) if current.isValid() else None
        if record is not None and record.id != self._chosen:
            self._chosen = record.id
            self.picked.emit(record.id)

    def _choose_again(self) -> None:
        """Mark the chosen request in a list that was fetched anew, where it is near its top."""
        row = self.rows.row_of(self._chosen) if self._chosen else None
        if row is not None:
            self.selectRow(row)

    def _sort_by(self, section: int) -> None:
        wanted = next_sort(section, self.rows.query.sort)
        if wanted is not None:
            self.sort_wanted.emit(wanted)

    def _show_waiting(self, count: int) -> None:
        self.pill.setText(f"\N{UPWARDS ARROW}  {count_text(count)} new")
        self.pill.setVisible(count > 0)
        self._place_pill()

    def _place_pill(self) -> None:
        self.pill.adjustSize()
        middle = (self.viewport().width() - self.pill.width()) // 2
        self.pill.move(QPoint(middle, PILL_TOP_PX))

    def _restyle(self) -> None:
        tokens = self._theme.tokens
        self.pill.setStyleSheet(
            f"QPushButton {{ background: {tokens.accent}; color: {tokens.on_accent}; border: 0;"
            " border-radius: 14px; padding: 0 14px; min-height: 28px; font-weight: 600; }"
        )
        self.viewport().update()


def _filters_of(record: ActivityRecord) -> list[tuple[str, str]]:
    """Return the filters that let `record` through, and what a menu says of each."""
    found = [
        ("model", f"Only the model {record.model}"),
        ("endpoint", f"Only the server {record.endpoint}"),
        ("client", f"Only the client {record.client}"),
        ("kind", f"Only the kind {kind_text(record.kind)}"),
    ]
    return [(name, text) for name, text in found if getattr(record, name)]


def _is_copy(event: QKeyEvent) -> bool:
    return event.matches(QKeySequence.StandardKey.Copy)
