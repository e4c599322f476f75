"""All requests that are found in a few numbers, above their list."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.activity_texts import usd_text
from app.ui.playground_texts import span_text
from app.ui.quantity_texts import count_text, share_percent
from app.ui.widgets.reading import Value
from app.ui.widgets.request_bars import RequestBars
from engine.activity import ActivityRecord, ActivityTotals

REQUESTS, ASKED, ANSWERED, COST = "Requests", "Tokens in", "Tokens out", "Cost"
FIRST, CACHED, FAILED = "First token", "From the cache", "Failed"
NAMES = (REQUESTS, ASKED, ANSWERED, COST, FIRST, CACHED, FAILED)
LESS = (ASKED, ANSWERED)
"""They leave first where there is little room."""
FEW_PERCENT = 10.0
LEAST_PX = 320
ALL = "Of all requests that the search and the filters find"


def readings_of(totals: ActivityTotals) -> dict[str, tuple[str | None, str]]:
    """Return (number, unit) of each of NAMES; a number of None is unknown."""
    return {
        REQUESTS: _count(totals.found),
        ASKED: _count(totals.prompt_tokens),
        ANSWERED: _count(totals.completion_tokens),
        COST: (None if totals.cost_usd is None else usd_text(totals.cost_usd), ""),
        FIRST: _span(totals.first_byte_ms),
        CACHED: _share(totals.cached, totals.found),
        FAILED: _share(totals.failed, totals.found),
    }


def tips_of(totals: ActivityTotals) -> dict[str, str]:
    """Return what each reading means, with the numbers in full."""
    first = f"{ALL}: half had the first token sooner"
    if totals.total_ms is not None:
        first += f", and half were over after {span_text(totals.total_ms)}"
    some = f", those of {totals.estimated:,} requests estimated" if totals.estimated else ""
    return {
        REQUESTS: f"{totals.found:,} requests: all that the search and the filters find",
        ASKED: f"{ALL}: {totals.prompt_tokens:,} tokens asked{some}",
        ANSWERED: f"{ALL}: {totals.completion_tokens:,} tokens answered{some}",
        COST: f"{ALL}, by the price table{some}",
        FIRST: first,
        CACHED: f"{ALL}: {totals.cached:,} were answered from the cache",
        FAILED: f"{ALL}: {totals.failed:,} failed",
    }


class ActivitySummary(QFrame):
    """Readings side by side, then a bar for each of the last requests."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("card", True)
        self.setAccessibleName("All that are found")
        self._parts: dict[str, QWidget] = {}
        self.values = {name: Value() for name in NAMES}
        self.bars = RequestBars(theme)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 10, 16, 10)
        row.setSpacing(26)
        for name, value in self.values.items():
            row.addWidget(self._part(name, value))
        row.addWidget(self.bars, 1)

    def show_totals(self, totals: ActivityTotals) -> None:
        """Draw `totals`."""
        for name, (number, unit) in readings_of(totals).items():
            self.values[name].show_value(number, unit)
        for name, tip in tips_of(totals).items():
            self._parts[name].setToolTip(tip)

    def show_records(self, records: Sequence[ActivityRecord]) -> None:
        """Draw a bar for each of `records`, the newest of the list."""
        self.bars.show_records(records)

    def show_narrow(self, is_narrow: bool) -> None:
        """Leave out what matters less where there is little room."""
        for name in LESS:
            self._parts[name].setHidden(is_narrow)

    def minimumSizeHint(self) -> QSize:
        """Return little: a page that becomes narrow leaves parts out first."""
        return QSize(LEAST_PX, super().minimumSizeHint().height())

    def _part(self, name: str, value: Value) -> QWidget:
        caption = QLabel(name)
        caption.setProperty("r", "mute")
        part = self._parts[name] = QWidget()
        column = QVBoxLayout(part)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(caption)
        column.addWidget(value)
        return part


def _count(count: int) -> tuple[str, str]:
    number, _, unit = count_text(count).partition(" ")
    return number, unit


def _span(ms: float | None) -> tuple[str | None, str]:
    if ms is None:
        return None, ""
    number, _, unit = span_text(ms).partition(" ")
    return number, unit


def _share(part: int, whole: int) -> tuple[str | None, str]:
    share = share_percent(part, whole)
    if share is None:
        return None, ""
    # Tenths of a percent matter only where there are few.
    return ("0" if part == 0 else f"{share:.1f}" if share < FEW_PERCENT else f"{share:.0f}"), "%"
