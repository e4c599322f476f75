"""How well the cache does: latency of the last calls, shares of hits over time, namespaces."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from itertools import islice
from math import ceil

from engine.cache.content import Content
from engine.cache.first_tier import FirstTier
from engine.cache.snapshot import NamespaceCount, Quantiles
from engine.clock import Clock
from engine.telemetry import Series

Tally = defaultdict[str, int]
"""Counts under the field names of `CacheCounts`."""
KEPT_CALLS = 1024
"""Calls that the quantiles look back on: of so many, ten are slower than p99."""
MIB = 1024 * 1024


class Latency:
    """How long the last calls took. Written by the engines' loop, read by any thread."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=KEPT_CALLS)
        self.calls = 0
        """Ever noted."""

    def note(self, seconds: float) -> None:
        """Take in one call."""
        self._seconds.append(seconds)
        self.calls += 1

    def quantiles(self, last: int = KEPT_CALLS) -> Quantiles:
        """Return what the `last` calls took; None for each where there is none."""
        seconds = self._seconds.copy()  # in one step, whatever the loop does meanwhile
        newest = sorted(islice(reversed(seconds), last))
        if not newest:
            return Quantiles(calls=self.calls)
        return Quantiles(quantile_ms(newest, 0.5), quantile_ms(newest, 0.99), self.calls)


class NamespaceTally:
    """What happened in one namespace; every number only grows."""

    __slots__ = ("first_hits", "misses", "second_hits", "writes")

    def __init__(self) -> None:
        self.first_hits = 0
        self.second_hits = 0
        self.misses = 0
        self.writes = 0


class Meters:
    """What is measured of the calls. Written by the engines' loop, read by any thread."""

    def __init__(self, clock: Clock) -> None:
        self.first_hit_percent = Series("first tier", "%")
        self.second_hit_percent = Series("second tier", "%")
        self.get_p50_ms = Series("get p50", "ms")
        self.get_p99_ms = Series("get p99", "ms")
        self.used_mib = Series("first tier", "MiB")
        self._clock = clock
        self._get = Latency()
        self._set = Latency()
        self._namespaces: dict[str, NamespaceTally] = {}
        self._sampled_gets = 0
        self._sampled = (0, 0, 0)

    def note_get(self, seconds: float) -> None:
        """Take in how long a get took."""
        self._get.note(seconds)

    def note_set(self, seconds: float) -> None:
        """Take in how long a set took."""
        self._set.note(seconds)

    def quantiles(self) -> tuple[Quantiles, Quantiles]:
        """Return the latency of the last gets and sets."""
        return self._get.quantiles(), self._set.quantiles()

    def namespace(self, name: str) -> NamespaceTally:
        """Return the counts of a namespace, to be raised by who serves it."""
        tally = self._namespaces.get(name)
        if tally is None:
            tally = self._namespaces[name] = NamespaceTally()
        return tally

    def namespaces(self) -> tuple[NamespaceCount, ...]:
        """Return the counts of every namespace used here, by name."""
        tallies = sorted(self._namespaces.copy().items())
        return tuple(
            NamespaceCount(name, each.first_hits, each.second_hits, each.misses, each.writes)
            for name, each in tallies
        )

    def sample(self, tally: Tally, first_tier: FirstTier[Content]) -> None:
        """Add what happened since the last sample to the series; once a second.

        A second in which nobody asked has no share of hits and no latency, and adds none.
        """
        now_s = self._clock.now()
        self.used_mib.append(now_s, first_tier.used_bytes / MIB)
        self._sample_hits(now_s, tally)
        new_gets = self._get.calls - self._sampled_gets
        self._sampled_gets = self._get.calls
        quantiles = self._get.quantiles(last=new_gets)
        if quantiles.p50_ms is not None and quantiles.p99_ms is not None:
            self.get_p50_ms.append(now_s, quantiles.p50_ms)
            self.get_p99_ms.append(now_s, quantiles.p99_ms)

    def _sample_hits(self, now_s: float, tally: Tally) -> None:
        first, second = tally["first_hits"], tally["second_hits"] + tally["journal_hits"]
        counts = (first, second, tally["misses"])
        new_first, new_second, new_misses = (
            now - before for now, before in zip(counts, self._sampled, strict=True)
        )
        self._sampled = counts
        gets = new_first + new_second + new_misses
        if gets:
            self.first_hit_percent.append(now_s, 100 * new_first / gets)
            self.second_hit_percent.append(now_s, 100 * new_second / gets)


def quantile_ms(ordered_s: Sequence[float], share: float) -> float:
    """Return in milliseconds what `share` of `ordered_s` do not exceed, by nearest rank.

    ordered_s: seconds, ascending, at least one. share: in (0, 1].
    """
    return 1000 * ordered_s[max(1, ceil(share * len(ordered_s))) - 1]
