"""The last requests in a few numbers, above their list."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.activity_texts import figures_of, usd_text
from app.ui.activity_values import ActivityFigures
from app.ui.playground_texts import span_text
from app.ui.quantity_texts import count_text, counted, share_percent
from app.ui.widgets.reading import Value
from app.ui.widgets.request_bars import RequestBars
from engine.activity import ActivityRecord

NAMES = ("Found", "First token", "Whole answer", "Failed", "From the cache", "Cost")
FEW_PERCENT = 10.0
LEAST_PX = 320
COST, TOTAL = "Cost", "Whole answer"


def readings_of(figures: ActivityFigures) -> dict[str, tuple[str | None, str]]:
    """Return (number, unit) of each of NAMES; a number of None is unknown."""
    return {
        "Found": (count_text(figures.found), ""),
        "First token": _span(figures.first_token_ms),
        "Whole answer": _span(figures.total_ms),
        "Failed": _share(figures.failed, figures.seen),
        "From the cache": _share(figures.cached, figures.seen),
        "Cost": (None if figures.cost_usd is None else usd_text(figures.cost_usd), ""),
    }


class ActivitySummary(QFrame):
    """Readings side by side, then a bar for each of the last requests."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("card", True)
        self.setAccessibleName("The last requests")
        self._figures = ActivityFigures()
        self._parts: dict[str, QWidget] = {}
        self.values = {name: Value() for name in NAMES}
        self.bars = RequestBars(theme)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 10, 16, 10)
        row.setSpacing(28)
        for name, value in self.values.items():
            row.addWidget(self._part(name, value))
        row.addWidget(self.bars, 1)

    def show_records(self, records: Sequence[ActivityRecord], found: int) -> None:
        """Draw `records`, the newest of a list of `found`."""
        self.bars.show_records(records)
        figures = figures_of(records, found)
        if figures == self._figures:
            return
        self._figures = figures
        for name, (number, unit) in readings_of(figures).items():
            self.values[name].show_value(number, unit)
        of_last = f"Of the last {counted(figures.seen, 'request', 'requests')} of this list"
        tips = {"Found": "Requests that the search and the filters find"}
        tips["Cost"] = f"{of_last}: {count_text(figures.tokens)} tokens, by the price table"
        for name in ("First token", "Whole answer"):
            tips[name] = f"{of_last}: half were faster"
        for name, part in self._parts.items():
            part.setToolTip(tips.get(name, of_last))

    def show_narrow(self, is_narrow: bool) -> None:
        """Leave out what matters less where there is little room."""
        for name in (TOTAL, COST):
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
