"""Figures over time: spans of an hour, each with counts that can be added up."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from engine.analytics.snapshot import QuantileView

SPAN_S = 3_600.0
MOST_SPANS = 24 * 31
"""A month of hours is drawn."""
RATIO = 1.04
"""Latencies within 4 % of each other share a bin: a quantile is exact to 2 %."""
_LOG_RATIO = math.log(RATIO)
LOWEST_MS = 0.01


@dataclass(slots=True)
class Histogram:
    """How often values were about so large. Takes a few hundred numbers however many come."""

    bins: dict[int, int] = field(default_factory=dict)
    count: int = 0

    def add(self, value: float) -> None:
        """Count a value of 0 or more."""
        number = math.floor(math.log(max(value, LOWEST_MS)) / _LOG_RATIO)
        self.bins[number] = self.bins.get(number, 0) + 1
        self.count += 1

    def quantile(self, share: float) -> float | None:
        """Return the value that `share` (0 to 1) of all are not above, to 2 %; None without any.

        Source: the nearest rank; the middle of its bin on the log scale (as in DDSketch, Masson
        et al. 2019).
        """
        if not self.count:
            return None
        rank = max(1, math.ceil(share * self.count))
        for number in sorted(self.bins):
            rank -= self.bins[number]
            if rank <= 0:
                return math.exp((number + 0.5) * _LOG_RATIO)
        raise AssertionError("the bins hold fewer than were counted")

    def merge(self, other: Histogram) -> None:
        """Count all that `other` has counted."""
        for number, count in other.bins.items():
            self.bins[number] = self.bins.get(number, 0) + count
        self.count += other.count


@dataclass(slots=True)
class Span:
    """One hour of one study."""

    start_s: float
    count: int = 0
    rewards: int = 0
    reward_sum: float = 0.0
    costs: int = 0
    cost_sum: float = 0.0
    latency: Histogram = field(default_factory=Histogram)


class Quantiles:
    """The spans of a study, oldest first. For one thread."""

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        self._spans = {each.start_s: each for each in spans}
        self.changed: set[float] = set()
        """Starts of the spans that are not written down yet."""
        self._trim()

    def count(self, at_s: float) -> None:
        """Count an answer that was over at `at_s`; likewise below."""
        self._span(at_s).count += 1

    def latency(self, at_s: float, latency_ms: float) -> None:
        """Count what an answer took."""
        self._span(at_s).latency.add(latency_ms)

    def cost(self, at_s: float, cost_usd: float) -> None:
        """Count what an answer cost."""
        span = self._span(at_s)
        span.costs, span.cost_sum = span.costs + 1, span.cost_sum + cost_usd

    def reward(self, at_s: float, reward: float, before: float | None = None) -> None:
        """Count the reward of an answer that was over at `at_s`, in the place of `before`."""
        span = self._span(at_s)
        if before is None:
            span.rewards, span.reward_sum = span.rewards + 1, span.reward_sum + reward
        else:
            span.reward_sum += reward - before

    def span(self, start_s: float) -> Span | None:
        """Return the span that begins at `start_s`, or None."""
        return self._spans.get(start_s)

    def total(self) -> Span:
        """Return all spans added up."""
        whole = Span(min(self._spans, default=0.0))
        for each in self._spans.values():
            whole.count += each.count
            whole.rewards, whole.reward_sum = (
                whole.rewards + each.rewards,
                whole.reward_sum + each.reward_sum,
            )
            whole.costs, whole.cost_sum = whole.costs + each.costs, whole.cost_sum + each.cost_sum
            whole.latency.merge(each.latency)
        return whole

    def view(self) -> QuantileView:
        """Return the spans for drawing."""
        spans = [self._spans[start_s] for start_s in sorted(self._spans)]
        return QuantileView(
            at_s=_column(each.start_s for each in spans),
            count=_column(each.count for each in spans),
            reward=_column(_mean(each.reward_sum, each.rewards) for each in spans),
            latency_p50_ms=_column(each.latency.quantile(0.5) for each in spans),
            latency_p95_ms=_column(each.latency.quantile(0.95) for each in spans),
            cost_usd=_column(_mean(each.cost_sum, each.costs) for each in spans),
        )

    def _span(self, at_s: float) -> Span:
        start_s = math.floor(at_s / SPAN_S) * SPAN_S
        self.changed.add(start_s)
        found = self._spans.get(start_s)
        if found is None:
            found = self._spans[start_s] = Span(start_s)
            self._trim()
        return found

    def _trim(self) -> None:
        while len(self._spans) > MOST_SPANS:
            oldest_s = min(self._spans)
            del self._spans[oldest_s]
            self.changed.discard(oldest_s)


def _mean(total: float, count: int) -> float | None:
    return total / count if count else None


def _column(values: Iterable[float | None]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([math.nan if each is None else each for each in values], dtype=np.float64)
