"""The part of the Models page about what was used, by whom, and what it cost."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QPushButton, QStackedWidget

from app.theme import Theme
from app.ui.models_prices import ModelsPrices
from app.ui.models_texts import DOT, chart_span_s, cost_text, readings
from app.ui.models_usage_rows import (
    COLUMNS,
    GROUPS,
    MODEL,
    NAMED,
    NARROW_HIDDEN,
    estimate_text,
    summed,
    total_of,
    usage_csv,
    usage_row,
)
from app.ui.models_values import ModelsSnapshot
from app.ui.panel import SPACING_PX
from app.ui.quantity_texts import count_text, counted, latency_text
from app.ui.widgets.card import Card
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.gauge import Gauge
from app.ui.widgets.reading import Reading
from app.ui.widgets.scroll_page import ScrollPage
from app.ui.widgets.segmented import Segmented
from app.ui.widgets.sparkline import Sparkline
from app.ui.widgets.table import Table, height_of
from engine.coordinator.snapshot import CoordinatorSnapshot

NARROW_PX = 900
PRICES_PX = 360
LEAST_ROWS, MOST_ROWS = 4, 9
NEVER_WARN = 2.0


class ModelsUsage(ScrollPage):
    """Readings, the table of what was used, and the prices.

    prices_saved(prices), export_wanted(csv): what the user wants.
    """

    prices_saved = Signal(tuple)
    export_wanted = Signal(str)
    save_failed = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._snapshot = CoordinatorSnapshot(taken_s=0.0)
        self._columns = 0
        self.column.setSpacing(SPACING_PX)
        self._build_readings()
        self.group = Segmented("Usage", GROUPS)
        self.group.show_value(MODEL)
        self.export_button = QPushButton("Export CSV")
        self.export_button.setToolTip("Save every row: model, server and client")
        self.table = Table(theme, "Usage", COLUMNS)
        self.table.let_sort()
        self.table.save_failed.connect(self.save_failed)
        self.empty = EmptyState(theme, "activity")
        self.empty.show_text(
            "Nothing was asked since the start",
            "Ask something in the Playground, or connect a client to the address above.",
        )
        self._tables = QStackedWidget()
        self._tables.addWidget(self.empty)
        self._tables.addWidget(self.table)
        self.prices = ModelsPrices(theme)
        self.prices.setMinimumHeight(PRICES_PX)
        self._lay_out()
        self.group.chosen.connect(lambda _: self._fill())
        self.export_button.clicked.connect(
            lambda: self.export_wanted.emit(usage_csv(self._snapshot.usage))
        )
        self.prices.prices_saved.connect(self.prices_saved)

    def show_models(self, snapshot: ModelsSnapshot) -> None:
        """Draw what was used, and the prices."""
        self._snapshot = found = snapshot.coordinator
        total = total_of(found.usage)
        hits = count_text(found.counts.get("cache_hits", 0))
        failed = counted(found.counts.get("failed", 0), "failure", "failures")
        self.requests.show_reading(
            count_text(found.counts.get("requests", 0)), "", f"{failed}{DOT}{hits} from the cache"
        )
        rates, firsts = readings(found.requests_per_s), readings(found.first_token)
        self._rate_line.span_s = self._first_line.span_s = chart_span_s(found.taken_s, rates)
        self._rate_line.show_points(found.taken_s, rates)
        tokens = total.prompt_tokens + total.completion_tokens
        split = (
            f"{count_text(total.prompt_tokens)} in{DOT}{count_text(total.completion_tokens)} out"
        )
        self.tokens.show_reading(count_text(tokens), "", split)
        self.tokens.setToolTip(estimate_text(total))
        self._out_gauge.show_part(total.completion_tokens / tokens if tokens else None)
        priced = sum(row.requests for row in found.usage if row.cost_usd > 0)
        self.cost.show_reading(
            cost_text(found.cost_usd), "", f"{counted(priced, 'request', 'requests')} cost money"
        )
        self._paid_gauge.show_part(priced / total.requests if total.requests else None)
        first = latency_text(total.mean_first_ms)
        self.first.show_reading(*first, "Average, all servers")
        self._first_line.show_points(found.taken_s, firsts)
        self._fill()
        self.prices.show_prices(found)

    def show_saved(self) -> None:
        """Close the fields of a price: what was typed is kept."""
        self.prices.show_saved()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put cards under each other where they would be too narrow."""
        super().resizeEvent(event)
        self._arrange(2 if self.width() < NARROW_PX else 4)
        self._show_columns()

    def _fill(self) -> None:
        group = self.group.value or MODEL
        rows = [usage_row(each) for each in summed(self._snapshot.usage, group)]
        self.table.show_rows(rows)
        self._tables.setFixedHeight(height_of(min(max(len(rows), LEAST_ROWS), MOST_ROWS)))
        self._tables.setCurrentIndex(1 if self._snapshot.usage else 0)
        self.export_button.setEnabled(bool(self._snapshot.usage))
        self._show_columns()

    def _show_columns(self) -> None:
        group, is_narrow = self.group.value or MODEL, self.width() < NARROW_PX
        for column in range(len(COLUMNS)):
            is_other = group in NAMED and column in NAMED.values() and column != NAMED[group]
            is_squeezed = is_narrow and column in NARROW_HIDDEN
            self.table.setColumnHidden(column, is_other or is_squeezed)

    def _build_readings(self) -> None:
        theme = self._theme
        self._rate_line = Sparkline(theme, "accent", low=0, high=None)
        self._out_gauge = Gauge(theme, "violet", warn_at=NEVER_WARN)
        self._paid_gauge = Gauge(theme, "ok", warn_at=NEVER_WARN)
        self._first_line = Sparkline(theme, "warn", low=0, high=None)
        self.requests = Reading("Requests", self._rate_line)
        self.tokens = Reading("Tokens", self._out_gauge)
        self.cost = Reading("Cost", self._paid_gauge)
        self.first = Reading("First token", self._first_line)
        self._out_gauge.setToolTip("The part of all tokens that was written")
        self._paid_gauge.setToolTip("The part of requests that cost money")

    def _lay_out(self) -> None:
        self._readings = QGridLayout()
        self._readings.setSpacing(SPACING_PX)
        used = Card("Used since the start")
        used.corner.addWidget(self.group)
        used.corner.addWidget(self.export_button)
        used.body.addWidget(self._tables, 1)
        self.column.addLayout(self._readings)
        self.column.addWidget(used)
        self.column.addWidget(self.prices, 1)
        self._arrange(4)

    def _arrange(self, columns: int) -> None:
        if columns == self._columns:
            return
        self._columns = columns
        cards = (self.requests, self.tokens, self.cost, self.first)
        for number, card in enumerate(cards):
            self._readings.removeWidget(card)
            self._readings.addWidget(card, number // columns, number % columns)
        for column in range(4):
            self._readings.setColumnStretch(column, 1 if column < columns else 0)
