"""What is measured of all requests, and once a second of each server."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from engine.clock import Clock
from engine.coordinator.link import Link
from engine.coordinator.readings import series

COUNTS = (
    "requests",
    "answered",
    "failed",
    "rejected",
    "abandoned",
    "retries",
    "failovers",
    "hedges",
    "hedge_wins",
)


class Meters:
    """Counts and series. Written by the engines' loop, read by any thread."""

    def __init__(self, *, clock: Clock) -> None:
        self.counts: defaultdict[str, int] = defaultdict(int, dict.fromkeys(COUNTS, 0))
        """By the names of `CoordinatorSnapshot.counts`, each from the start."""
        self.requests_per_s = series("requests", "1/s")
        self.first_token = series("first token", "ms")
        self._clock = clock
        self._sampled_s = clock.now()
        self._sampled_requests = 0

    def sample(self, links: Iterable[Link]) -> None:
        """Add what happened since the last sample to the series; once a second.

        A server that nobody asked meanwhile has no health, and adds none.
        """
        now_s, requests = self._clock.now(), self.counts["requests"]
        if now_s > self._sampled_s:
            rate = (requests - self._sampled_requests) / (now_s - self._sampled_s)
            self.requests_per_s.append(now_s, rate)
            self._sampled_s, self._sampled_requests = now_s, requests
        for link in links:
            link.readings.sample(link.answered, link.failures, now_s)

    def all_counts(self, *others: Mapping[str, int]) -> dict[str, int]:
        """Return these counts and `others` as one; from any thread."""
        merged = dict(self.counts)
        for each in others:
            merged.update(each)
        return merged
