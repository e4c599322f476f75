"""The Activity page: every request, as it happens and as far back as they are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout

from app.theme import Theme
from app.ui.activity_detail import ActivityDetail
from app.ui.activity_empty import ActivityEmpty
from app.ui.activity_filters import ActivityFilters
from app.ui.activity_summary import ActivitySummary
from app.ui.activity_values import ActivitySnapshot, PageWish
from app.ui.panel import SPACING_PX, Panel
from app.ui.quantity_texts import counted
from app.ui.widgets.activity_model import PAGE
from app.ui.widgets.activity_table import ActivityTable
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.notice_strip import NoticeStrip
from app.ui.widgets.state_chip import StateChip
from app.ui.widgets.state_strip import StateStrip
from app.ui.widgets.under_way_strip import UnderWayStrip
from engine.activity import ActivityPage, ActivityQuery, ActivityRecord, ActivityTotals
from engine.router.snapshot import Decision

NARROW_PX = 860
"""Below this the chosen request takes the place of the list."""
LOW_PX = 620
"""Below this the numbers above the list leave."""


class ActivityPanel(Panel):
    """A page drawn from an ActivitySnapshot and pages of requests."""

    title: ClassVar[str] = "Activity"
    icon_name: ClassVar[str] = "activity"
    rate_hz: ClassVar[int] = 4

    page_wanted = Signal(object)
    """A PageWish: answered by `show_page`, or by `give_up`."""
    record_wanted = Signal(str)
    """An id: answered by `show_record`."""
    totals_wanted = Signal(object)
    """An ActivityQuery: answered by `show_totals`."""
    names_wanted = Signal()
    """Answered by `show_names`."""
    export_wanted = Signal(object)
    """An ActivityQuery: answered by `show_export`."""
    export_cancelled = Signal()
    clear_wanted = Signal()
    playground_wanted = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._snapshot = ActivitySnapshot()
        self._version: int | None = None
        self._is_open = False
        """A request shows in full."""
        self._totals_of: ActivityQuery | None = None
        """Its figures are being summed up."""
        self._is_total_old = False
        self.in_flight = StateChip(theme)
        self.about = ElidedLabel("mute")
        self.export_button = QPushButton("Export CSV")
        self.export_button.setToolTip("Save every request that is found as a table (Ctrl+S)")
        self.clear_button = QPushButton("Clear")
        self.clear_button.setToolTip("Forget every request")
        self.trouble = StateStrip(theme)
        self.confirm = NoticeStrip(theme, "warning", ("Clear all", "Keep"))
        self.notice = NoticeStrip(theme, "export", ("Cancel", "Close"))
        self.summary = ActivitySummary(theme)
        self.filters = ActivityFilters(theme)
        self.under_way = UnderWayStrip(theme)
        self.table = ActivityTable(theme)
        self.empty = ActivityEmpty(theme)
        self.detail = ActivityDetail(theme)
        self._lay_out()
        self._connect()
        self._add_shortcuts()
        self.show_snapshot(self._snapshot)

    def show_snapshot(self, snapshot: ActivitySnapshot) -> None:
        """Draw `snapshot`, and ask for what is new."""
        self._snapshot = snapshot
        count = max(snapshot.in_flight, len(snapshot.under_way))
        many = counted(count, "request", "requests")
        self.in_flight.show_state(f"{many} under way" if count else "", "accent")
        self.under_way.show_under_way(snapshot.under_way, snapshot.now_s)
        self.trouble.show_text(snapshot.problem, "warn")
        self.about.show_text(snapshot.address)
        self.empty.show_address(snapshot.address, snapshot.key_file)
        self.detail.show_conditions(snapshot.address, keeps_texts=snapshot.keeps_texts)
        self.table.show_day(datetime.now().astimezone().date())
        if not snapshot.is_ready:
            return
        if self._version is None:
            self.names_wanted.emit()
        if snapshot.version != self._version:
            self._version = snapshot.version
            self.table.rows.look()
            self._look_at_newest()
            self._ask_totals()

    def show_page(self, wish: PageWish, page: ActivityPage) -> None:
        """Take the rows that were asked for with `wish`."""
        if wish.query != self.filters.query:
            if wish.query == self._newest:
                self.summary.show_records(page.rows)
            return
        self.table.rows.show_page(wish, page)
        self._show_total()

    def show_totals(self, query: ActivityQuery, totals: ActivityTotals | None) -> None:
        """Take the figures of all that `query` finds; None where they cannot be known."""
        self._totals_of = None
        if totals is not None and query == self.filters.query:
            self.summary.show_totals(totals)
        if self._is_total_old:
            self._ask_totals()

    def give_up(self, wish: PageWish) -> None:
        """Know that `wish` could not be answered."""
        self.table.rows.give_up(wish)

    def show_names(self, names: Mapping[str, Sequence[str]]) -> None:
        """Offer the kinds, models, endpoints and clients there are."""
        self.filters.show_names(names)

    def show_record(self, record: ActivityRecord | None, decision: Decision | None) -> None:
        """Show the whole of a request, unless another was chosen meanwhile."""
        if record is not None and record.id == self.table.chosen:
            self.detail.show_record(record, decision)
            self._is_open = True
            self._arrange()

    def show_export(self, text: str, path: Path | None = None) -> None:
        """Tell how an export goes: it can be cancelled until it is at `path`; "" hides it."""
        self.notice.show_notice(text)
        self.notice.buttons["Cancel"].setVisible(path is None)
        self.notice.buttons["Close"].setVisible(path is not None)
        self.export_button.setEnabled(path is not None or not text)

    def open_request(self, id: str) -> None:
        """Look for the request `id` and show the whole of it."""
        self.filters.look_for(id)
        self.table.choose(id)
        self.record_wanted.emit(id)

    def show_cleared(self) -> None:
        """Show the list as it is after everything was forgotten."""
        self._close_detail()
        self.table.rows.look_for(self.filters.query)
        self._ask_totals()
        self.names_wanted.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show the parts that there is room for."""
        super().resizeEvent(event)
        self._arrange()

    def _lay_out(self) -> None:
        self.header.addStrut(self.export_button.sizeHint().height())
        self.header.addSpacing(8)
        self.header.addWidget(self.in_flight)
        self.header.addWidget(self.about, 1)
        self.header.addWidget(self.export_button)
        self.header.addWidget(self.clear_button)
        self._list = QFrame()
        self._list.setProperty("card", True)
        inside = QVBoxLayout(self._list)
        inside.setContentsMargins(8, 6, 4, 8)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self.table)
        inside.addWidget(self.under_way)
        inside.addWidget(self._pages)
        row = QHBoxLayout()
        row.setSpacing(SPACING_PX)
        row.addWidget(self._list, 1)
        row.addWidget(self.detail)
        self.body.setSpacing(12)
        for each in (self.trouble, self.confirm, self.notice, self.summary, self.filters):
            self.body.addWidget(each)
        self.body.addLayout(row, 1)

    def _connect(self) -> None:
        table, filters, detail = self.table, self.filters, self.detail
        table.rows.page_wanted.connect(self.page_wanted)
        table.picked.connect(self.record_wanted)
        table.sort_wanted.connect(filters.sort_by)
        table.filter_wanted.connect(filters.choose)
        filters.changed.connect(self._look_for)
        filters.names_wanted.connect(self.names_wanted)
        self.empty.clear_wanted.connect(filters.clear)
        detail.closed.connect(self._close_detail)
        detail.playground_wanted.connect(self.playground_wanted)
        self.export_button.clicked.connect(self._export)
        self.clear_button.clicked.connect(self._ask_clear)
        self.confirm.chosen.connect(self._decide_clear)
        self.notice.chosen.connect(self._end_export)

    def _add_shortcuts(self) -> None:
        actions: tuple[tuple[str, Callable[[], None]], ...] = (
            ("Ctrl+F", self._start_search),
            ("Ctrl+S", self._export),
            ("Ctrl+Shift+C", self._copy_curl),
            ("Esc", self._close_detail),
        )
        for keys, action in actions:
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(action)

    @property
    def _newest(self) -> ActivityQuery:
        return replace(self.filters.query, sort="newest")

    def _look_at_newest(self) -> None:
        """Ask for what the summary tells of, where the list is sorted by something else."""
        if self.filters.query.sort != "newest":
            self.page_wanted.emit(PageWish(self._newest, 0, PAGE))

    def _ask_totals(self) -> None:
        """Ask for the figures of all that are found, one question at a time."""
        self._is_total_old = self._totals_of is not None
        if self._totals_of is None:
            self._totals_of = self.filters.query
            self.totals_wanted.emit(self.filters.query)

    def _look_for(self, query: object) -> None:
        self.table.rows.look_for(self.filters.query)
        self._look_at_newest()
        self._ask_totals()
        self.table.scrollToTop()

    def _show_total(self) -> None:
        rows, is_filtering = self.table.rows, self.filters.is_filtering
        self.empty.show_filtering(is_filtering)
        self._pages.setCurrentIndex(1 if rows.total else 0)
        self.export_button.setEnabled(bool(rows.total))
        self.clear_button.setEnabled(bool(rows.total) or is_filtering)
        if self.filters.query.sort == "newest":
            self.summary.show_records(rows.head())
        self._arrange()

    def _arrange(self) -> None:
        """Put list and detail beside each other where both have room."""
        is_narrow, is_low = self.width() < NARROW_PX, self.height() < LOW_PX
        has_rows = bool(self.table.rows.total)
        self.summary.show_narrow(is_narrow)
        self.summary.setVisible(not is_low and (has_rows or self.filters.is_filtering))
        self.filters.setVisible(has_rows or self.filters.is_filtering)
        self.detail.show_wide(is_narrow)
        # The list goes first: both together would make the page wider.
        self._list.setHidden(is_narrow and self._is_open)
        self.detail.setVisible(self._is_open)

    def _close_detail(self) -> None:
        self._is_open = False
        self.detail.hide()
        self.table.choose_nothing()
        self._arrange()

    def _copy_curl(self) -> None:
        if self._is_open:
            self.detail.copy_curl()

    def _start_search(self) -> None:
        self.filters.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filters.search.selectAll()

    def _export(self) -> None:
        if self.export_button.isEnabled():
            self.export_wanted.emit(self.filters.query)

    def _end_export(self, choice: str) -> None:
        self.show_export("")
        if choice == "Cancel":
            self.export_cancelled.emit()

    def _ask_clear(self) -> None:
        self.confirm.show_notice("Forget every request, with texts and decisions, for good?")
        self.confirm.buttons["Keep"].setFocus(Qt.FocusReason.OtherFocusReason)

    def _decide_clear(self, choice: str) -> None:
        self.confirm.show_notice("")
        if choice == "Clear all":
            self.clear_wanted.emit()
