"""Axes of plots: where they begin and end, and what is written along them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from app.ui.widgets.scale import round_step, tick_text, ticks

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
CLOCK_STEPS_S = (
    MINUTE_S, 5 * MINUTE_S, 15 * MINUTE_S, HOUR_S, 3 * HOUR_S, 6 * HOUR_S, 12 * HOUR_S,
)  # fmt: skip
"""Between labels that tell the time of day; longer spans are told in days."""
DAY_STEPS = (1, 2, 7, 14, 30, 91, 182, 365)


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis. On a logarithmic one, places are decimal logarithms."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...] = ()
    """Place and label."""
    title: str = ""


def linear_axis(low: float, high: float, title: str = "", *, count: int = 4) -> Axis:
    """Return an axis from `low` to `high` with at most `count` + 1 round labels."""
    if not high > low:
        high = low + 1.0
    step = round_step(high - low, count)
    labels = tuple((value, grouped(value, step)) for value in ticks(low, high, count))
    return Axis(low, high, labels, title)


def rounded_axis(low: float, high: float, title: str = "", *, count: int = 4) -> Axis:
    """Return an axis whose ends are round and enclose `low` and `high`."""
    if not high > low:
        low, high = low - abs(low) / 10, high + (abs(high) / 10 or 1.0)
    step = round_step(high - low, count)
    return linear_axis(
        math.floor(low / step) * step, math.ceil(high / step) * step, title, count=count
    )


def log_axis(low: float, high: float, title: str = "") -> Axis:
    """Return an axis of decimal logarithms; `low` and `high` are values above 0.

    Labels stand at 1, 2 and 5 times powers of ten, at powers alone where these are many.
    """
    first, last = math.log10(low), math.log10(high)
    if last - first < 0.1:
        first, last = first - 0.15, last + 0.15
    factors = (1, 2, 5) if last - first <= 2.5 else (1,)
    labels = []
    for power in range(math.floor(first), math.ceil(last) + 1):
        for factor in factors:
            value = factor * 10.0**power
            if first <= math.log10(value) <= last:
                labels.append((math.log10(value), f"{value:,.0f}" if value >= 1 else f"{value:g}"))
    return Axis(first, last, tuple(labels), title)


def clock_axis(start_s: float, end_s: float, *, count: int = 5) -> Axis:
    """Return an axis of the user's clock and calendar; seconds since 1970."""
    if not end_s > start_s:
        start_s = end_s - MINUTE_S
    wanted = (end_s - start_s) / count
    step_s = next((step for step in CLOCK_STEPS_S if step >= wanted), None)
    if step_s is not None:
        offset = datetime.fromtimestamp(start_s).astimezone().utcoffset()
        shift = offset.total_seconds() if offset else 0.0
        first = math.ceil((start_s + shift) / step_s) * step_s - shift
        places = [first + index * step_s for index in range(int((end_s - first) // step_s) + 1)]
        return Axis(start_s, end_s, tuple((at, _clock(at)) for at in places if at <= end_s))
    days = next((days for days in DAY_STEPS if days * DAY_S >= wanted), DAY_STEPS[-1])
    midnight = datetime.fromtimestamp(start_s).astimezone().replace(hour=0, minute=0, second=0)
    first = midnight.timestamp() + DAY_S
    places = [first + index * days * DAY_S for index in range(count + 1)]
    return Axis(start_s, end_s, tuple((at, _day(at)) for at in places if at <= end_s))


def grouped(value: float, step: float) -> str:
    """Return `value` with the decimals that `step` needs, thousands apart."""
    text = tick_text(value, step)
    return f"{value:,.0f}" if abs(value) >= 1000 and "." not in text else text


def moment_text(at_s: float) -> str:
    """Return day and time on the user's clock."""
    at = datetime.fromtimestamp(at_s).astimezone()
    return f"{at.day} {at:%b}, {at:%H:%M}"


def _clock(at_s: float) -> str:
    at = datetime.fromtimestamp(at_s).astimezone()
    return f"{at.day} {at:%b}" if (at.hour, at.minute) == (0, 0) else f"{at:%H:%M}"


def _day(at_s: float) -> str:
    at = datetime.fromtimestamp(at_s).astimezone()
    return f"{at.day} {at:%b}"
