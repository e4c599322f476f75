"""The part of the Cache page that shows how the cache does."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QStackedWidget, QWidget

from app.theme import Theme
from app.ui.cache_servers import CacheServers
from app.ui.cache_texts import (
    compression_text,
    event_facts,
    hit_text,
    latency_card_text,
    memory_text,
    namespace_row,
    saved_part,
)
from app.ui.panel import SPACING_PX
from app.ui.widgets.card import Card
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.fact_grid import FactGrid
from app.ui.widgets.gauge import Gauge
from app.ui.widgets.reading import Reading
from app.ui.widgets.scroll_page import ScrollPage
from app.ui.widgets.sparkline import Sparkline
from app.ui.widgets.table import Table
from app.ui.widgets.table_model import Column
from app.ui.widgets.time_chart import TimeChart
from engine.cache.snapshot import CacheSnapshot

SHORT_S, LONG_S = 60.0, 240.0
"""What charts look back on: a minute, or four once they are nearly full."""
NEARLY_S = 180.0
NARROW_PX = 800
CHART_PX = 184
"""Least height of a card with a chart."""
TABLE_PX = 272
"""Least height of a card with a table."""
ALWAYS_FULL = 2.0
"""For a gauge that never warns."""
NAMESPACE_COLUMNS = (
    Column("Namespace"),
    Column("Hit rate", 72, is_number=True, tooltip="Reads that were answered, from any tier"),
    Column("Reads", 72, is_number=True),
    Column("Writes", 72, is_number=True),
)


def span_of(snapshot: CacheSnapshot) -> float:
    """Return how far charts look back, in seconds: so far that they are not mostly empty."""
    readings, now_s = snapshot.first_hit_percent, snapshot.taken_s
    recent = readings[readings[:, 0] > now_s - LONG_S]
    if len(recent) == 0:
        return SHORT_S
    is_long = recent[0, 0] < now_s - NEARLY_S or recent[-1, 0] < now_s - SHORT_S / 2
    return LONG_S if is_long else SHORT_S


class CacheLive(ScrollPage):
    """Readings, charts, servers, namespaces and counts.

    connection_wanted: the user wants to set up a Redis.
    save_failed(str): a file the user named cannot be written.
    """

    connection_wanted = Signal()
    save_failed = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._columns = 0
        self.column.setSpacing(SPACING_PX)
        self._readings = QGridLayout()
        self._charts = QGridLayout()
        self._lists = QGridLayout()
        for grid, stretch in ((self._readings, 0), (self._charts, 3), (self._lists, 2)):
            grid.setSpacing(SPACING_PX)
            self.column.addLayout(grid, stretch)
        self._build_readings()
        self._build_charts()
        self._build_lists()
        self._arrange(4)

    def show_cache(self, snapshot: CacheSnapshot) -> None:
        """Draw `snapshot`."""
        self._show_readings(snapshot)
        self._show_charts(snapshot)
        self.servers.show_cache(snapshot)
        self.namespaces.show_rows([namespace_row(each) for each in snapshot.namespaces])
        self._namespace_pages.setCurrentIndex(1 if snapshot.namespaces else 0)
        self.events.show_facts(event_facts(snapshot))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put cards under each other where they would be too narrow."""
        super().resizeEvent(event)
        self._arrange(2 if self.width() < NARROW_PX else 4)

    def _show_readings(self, snapshot: CacheSnapshot) -> None:
        now_s, tier = snapshot.taken_s, snapshot.first_tier
        self._hit_line.span_s = self._latency_line.span_s = span_of(snapshot)
        self.hits.show_reading(*hit_text(snapshot))
        self.memory.show_reading(*memory_text(snapshot))
        self.compression.show_reading(*compression_text(snapshot))
        self.latency.show_reading(*latency_card_text(snapshot.get, snapshot.set))
        self._hit_line.show_points(now_s, snapshot.first_hit_percent)
        part = tier.used_bytes / tier.limit_bytes if tier.limit_bytes else None
        self._memory_gauge.show_part(part)
        self._saved_gauge.show_part(saved_part(snapshot))
        self._latency_line.show_points(now_s, snapshot.get_p50_ms)

    def _show_charts(self, snapshot: CacheSnapshot) -> None:
        now_s, span_s = snapshot.taken_s, span_of(snapshot)
        hits = (snapshot.first_hit_percent, snapshot.second_hit_percent)
        delays = (snapshot.get_p50_ms, snapshot.get_p99_ms)
        for pages, chart, series in (
            (self._hit_pages, self.hit_chart, hits),
            (self._delay_pages, self.delay_chart, delays),
        ):
            has_any = any(len(each) and each[-1, 0] > now_s - span_s for each in series)
            pages.setCurrentIndex(1 if has_any else 0)
            if has_any:
                chart.span_s = span_s
                chart.show_series(now_s, series)

    def _build_readings(self) -> None:
        theme = self._theme
        self._hit_line = Sparkline(theme, "accent", low=0, high=100, span_s=SHORT_S)
        self._memory_gauge = Gauge(theme, "violet", warn_at=ALWAYS_FULL)
        self._saved_gauge = Gauge(theme, "ok", warn_at=ALWAYS_FULL)
        self._latency_line = Sparkline(theme, "warn", low=0, high=None, span_s=SHORT_S)
        self.hits = Reading("Hit rate", self._hit_line)
        self.memory = Reading("Memory tier", self._memory_gauge)
        self.compression = Reading("Compression", self._saved_gauge)
        self.latency = Reading("Read latency", self._latency_line)
        self._cards: tuple[QWidget, ...] = (
            self.hits,
            self.memory,
            self.compression,
            self.latency,
        )

    def _build_charts(self) -> None:
        self.hit_chart = TimeChart(
            self._theme,
            unit="% of reads",
            series=(("From memory", "accent"), ("From Redis", "violet")),
            low=0,
            high=100,
            span_s=SHORT_S,
        )
        self.delay_chart = TimeChart(
            self._theme,
            unit="ms",
            series=(("Typical", "warn"), ("Slowest 1 %", "violet")),
            low=0,
            span_s=SHORT_S,
        )
        self._hit_pages, hits = self._chart_card(
            "Hit rate",
            self.hit_chart,
            ("Nothing was read in the last minutes", "Shares appear with the next read."),
        )
        self._delay_pages, delays = self._chart_card(
            "Read latency",
            self.delay_chart,
            ("No read was timed in the last minutes", "What the next one takes appears here."),
        )
        self._chart_cards = (hits, delays)

    def _chart_card(
        self, caption: str, chart: TimeChart, nothing: tuple[str, str]
    ) -> tuple[QStackedWidget, Card]:
        chart.is_filled = True
        chart.save_failed.connect(self.save_failed)
        empty = EmptyState(self._theme, "cache")
        empty.show_text(*nothing)
        pages = _pages(empty, chart)
        return pages, _card(caption, pages)

    def _build_lists(self) -> None:
        self.servers = CacheServers(self._theme)
        self.servers.connection_wanted.connect(self.connection_wanted)
        self.namespaces = Table(self._theme, "Namespaces", NAMESPACE_COLUMNS)
        self.namespaces.let_sort()
        self.events = FactGrid("What happened since the start")
        for table in (self.servers.table, self.namespaces):
            table.save_failed.connect(self.save_failed)
        no_names = EmptyState(self._theme, "cache")
        no_names.show_text(
            "No namespaces yet", "Each kind of value gets its own when it is first kept."
        )
        self._namespace_pages = _pages(no_names, self.namespaces)
        self._list_cards = (
            self.servers,
            _card("Namespaces", self._namespace_pages),
            _card("Since the start", self.events),
        )
        self._list_cards[2].body.addStretch(1)

    def _arrange(self, columns: int) -> None:
        """Lay the cards out for `columns` readings beside each other, 4 or 2."""
        if columns == self._columns:
            return
        self._columns = columns
        is_wide = columns > 2
        _fill(self._readings, self._cards, (1,) * columns, 0)
        _fill(self._charts, self._chart_cards, (1, 1) if is_wide else (1,), CHART_PX)
        _fill(self._lists, self._list_cards, (6, 6, 5) if is_wide else (1,), TABLE_PX)


def _fill(
    grid: QGridLayout, widgets: tuple[QWidget, ...], stretches: tuple[int, ...], least_px: int
) -> None:
    """Put `widgets` into `grid`, in columns as wide as `stretches` say, `least_px` high or more."""
    columns = len(stretches)
    for widget in widgets:
        grid.removeWidget(widget)
    for column in range(max(columns, grid.columnCount())):
        grid.setColumnStretch(column, stretches[column] if column < columns else 0)
    for number, widget in enumerate(widgets):
        grid.addWidget(widget, number // columns, number % columns)
    for row in range(grid.rowCount()):
        grid.setRowMinimumHeight(row, least_px if row * columns < len(widgets) else 0)


def _pages(*pages: QWidget) -> QStackedWidget:
    stack = QStackedWidget()
    for page in pages:
        stack.addWidget(page)
    return stack


def _card(caption: str, content: QWidget) -> Card:
    card = Card(caption)
    card.body.addWidget(content, 1)
    return card
