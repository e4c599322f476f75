"""The figures of all requests that a query finds, kept up while the list grows."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from operator import add

from engine.activity import ActivityQuery, ActivityTotals
from engine.activity_rows import OUTCOMES, condition_of

KEPT = 4
"""Queries whose sums are at hand: two times of 100,000 requests are 6 MB each."""
SUMS = (
    "count(*)",
    f"coalesce(sum({OUTCOMES['failed']}), 0)",
    f"coalesce(sum({OUTCOMES['cached']}), 0)",
    "coalesce(sum(prompt_tokens), 0)",
    "coalesce(sum(completion_tokens), 0)",
    "coalesce(sum(cost_usd), 0.0)",
    "count(cost_usd)",
    "coalesce(sum(is_estimated), 0)",
)
TIMES = ("first_byte_ms", "total_ms")


@dataclass(slots=True)
class _Sums:
    sums: tuple[float, ...] = (0,) * len(SUMS)
    times: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in TIMES})
    """Sorted. Python's sort takes what is sorted already as one run: adding a few is cheap."""
    upto: int = 0


class ActivitySums:
    """Reads the table of requests; of a list that has grown only what is new."""

    def __init__(self) -> None:
        self._kept: OrderedDict[ActivityQuery, _Sums] = OrderedDict()

    def of(self, connection: sqlite3.Connection, query: ActivityQuery, upto: int) -> ActivityTotals:
        """Return the figures of every request of `query` whose number is `upto` or less."""
        key = replace(query, sort="newest")
        kept = self._kept.pop(key, None) or _Sums()
        self._kept[key] = kept
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        if kept.upto < upto:
            _read_on(connection, query, kept, upto)
        found, failed, cached, asked, answered, cost, priced, estimated = kept.sums
        return ActivityTotals(
            found=int(found),
            failed=int(failed),
            cached=int(cached),
            prompt_tokens=int(asked),
            completion_tokens=int(answered),
            cost_usd=cost if priced else None,
            first_byte_ms=_median(kept.times["first_byte_ms"]),
            total_ms=_median(kept.times["total_ms"]),
            estimated=int(estimated),
        )

    def forget(self) -> None:
        """Read everything anew: requests have been removed."""
        self._kept.clear()


def _read_on(connection: sqlite3.Connection, query: ActivityQuery, kept: _Sums, upto: int) -> None:
    condition, values = condition_of(query)
    where = f"FROM activity WHERE seq > ? AND seq <= ? AND {condition}"
    span = (kept.upto, upto, *values)
    news = connection.execute(f"SELECT {', '.join(SUMS)} {where}", span).fetchone()
    kept.sums = tuple(map(add, kept.sums, news))
    for name, times in kept.times.items():
        sql = f"SELECT {name} {where} AND {name} IS NOT NULL"
        times.extend(row[0] for row in connection.execute(sql, span))
        times.sort()
    kept.upto = upto


def _median(times: list[float]) -> float | None:
    """Return the middle of sorted times, the lower of two; None of none."""
    return times[(len(times) - 1) // 2] if times else None
