"""What the charts of a card show, taken from its history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QSizePolicy

from app.theme import Theme
from app.ui.gpu_texts import MIB_A_GIB
from app.ui.gpu_values import GpuView
from app.ui.widgets.time_chart import FEW, TimeChart
from engine.gpu.cards import CardNow
from engine.gpu.history import BINS, Gauge, Span


@dataclass(frozen=True, slots=True)
class ChartPlan:
    """One chart: its name, and what it draws."""

    name: str
    unit: str
    lines: tuple[tuple[str, str, Gauge], ...]
    """Legend, token of the colour, and gauge of each."""
    high: float | None = None
    """The top of its scale; None for what was seen, or the limit."""
    limit: str = ""
    """The field of the reading that it is measured against."""


LOAD = ChartPlan(
    "Load",
    "%",
    (("Busy", "accent", Gauge.BUSY), ("Memory", "violet", Gauge.MEMORY)),
    high=100.0,
)
"""Of a small card: the memory is the share in use."""
LARGE = (
    ChartPlan(
        "Load",
        "%",
        (("Busy", "accent", Gauge.BUSY), ("Memory access", "violet", Gauge.MEMORY_BUSY)),
        high=100.0,
    ),
    ChartPlan("Memory in use", "GiB", (("Used", "violet", Gauge.MEMORY),)),
    ChartPlan("Temperature", "°C", (("Card", "warn", Gauge.TEMPERATURE),), limit="slowdown_c"),
    ChartPlan("Power", "W", (("Drawn", "ok", Gauge.POWER),), limit="power_limit_w"),
)


def gauges_of(plans: Sequence[ChartPlan]) -> tuple[Gauge, ...]:
    """Return every gauge that `plans` draw."""
    return tuple(gauge for plan in plans for _, _, gauge in plan.lines)


def build_chart(theme: Theme, plan: ChartPlan) -> TimeChart:
    """Return an empty chart for `plan`."""
    lines = [(label, token) for label, token, _ in plan.lines]
    chart = TimeChart(theme, unit=plan.unit, series=lines, low=0, high=plan.high)
    chart.is_filled = True
    # It takes what is left, and the page need not scroll for it.
    chart.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
    return chart


def feed_chart(chart: TimeChart, plan: ChartPlan, now: CardNow, view: GpuView) -> None:
    """Draw what `view` knows of `plan` for a card."""
    found = [history_of(view, now.card.id, gauge) for _, _, gauge in plan.lines]
    shown_s = view.resources.taken_s
    if view.span is not Span.MINUTE:
        found, shown_s = settled(found, shown_s, view.span)
        if chart.show_moment((now.card.id, view.span, shown_s, *map(len, found))):
            return  # no pixel would differ
    else:
        chart.show_moment(())
    chart.span_s = view.span.length_s
    scaled = [
        rows * (1, *(_scale(plan, gauge, now),) * 3)
        for rows, (_, _, gauge) in zip(found, plan.lines, strict=True)
    ]
    if plan.high is None:
        chart.show_range(0.0, _top(plan, now, scaled))
    # Within a minute a bin holds one reading or two: a band would cost much and show nothing.
    bands = () if view.span is Span.MINUTE else scaled
    chart.show_series(shown_s, [rows[:, (0, 2)] for rows in scaled], bands)


def settled(
    found: Sequence[NDArray[np.float64]], now_s: float, span: Span
) -> tuple[list[NDArray[np.float64]], float]:
    """Return the stretches of a long history that are over, and when the last of them was.

    The one that is not over changes with every reading, by less than a pixel's width. As long as
    there are few it shows too: a day's first stretch takes five minutes.
    """
    width_s = span.length_s / BINS
    ends = [rows[-1, 0] for rows in found if len(rows) > FEW]
    if not ends:
        return list(found), now_s
    shown_s = max(ends)
    if now_s - shown_s > 2 * width_s:  # nothing is read any more: time goes on all the same
        return list(found), now_s // width_s * width_s
    return [rows[rows[:, 0] < shown_s] for rows in found], shown_s


def history_of(view: GpuView, card_id: str, gauge: Gauge) -> NDArray[np.float64]:
    """Return a history, shape (n, 4); no rows where none was read."""
    return view.histories.get((card_id, gauge), np.zeros((0, 4)))


def _scale(plan: ChartPlan, gauge: Gauge, now: CardNow) -> float:
    if gauge is not Gauge.MEMORY:
        return 1.0
    total_mib = now.card.memory_total_mib
    return 100 / total_mib if plan.unit == "%" and total_mib else 1 / MIB_A_GIB


def _top(plan: ChartPlan, now: CardNow, scaled: Sequence[NDArray[np.float64]]) -> float | None:
    """Return the limit, so that the room below it shows; None where none is told, or kept."""
    limit: float | None = getattr(now.reading, plan.limit) if plan.limit else None
    if plan.lines[0][2] is Gauge.MEMORY and now.card.memory_total_mib:
        limit = now.card.memory_total_mib / MIB_A_GIB
    seen = max((float(rows[:, 3].max()) for rows in scaled if len(rows)), default=0.0)
    return limit if limit is not None and limit >= seen else None
