"""Counts what comes and goes at the gateway."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.clock import Clock
from engine.telemetry import Series

BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
"""Upper bounds of the histogram's buckets: from a cache hit to a long answer of a slow model."""
GONE = 499
REFUSED = "refused"
_CLASSES = {2: "2xx", 3: "3xx", 4: "4xx", 5: "5xx"}


@dataclass(slots=True)
class RouteTimes:
    """How long the answers of one route took."""

    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))
    """Answers within each of `BOUNDS_S`, and slower than all; not cumulative."""
    total_s: float = 0.0


@dataclass(slots=True)
class ClientUse:
    """What one client did since the start."""

    requests: int = 0
    last_s: float | None = None
    """Clock time."""


class Traffic:
    """Counts of one gateway since its start. Written by the engines' loop, copied by others."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.in_flight = 0
        self.requests = 0
        self.counts: dict[str, int] = {"2xx": 0, "4xx": 0, "5xx": 0, "499": 0, REFUSED: 0}
        self.clients: dict[str, ClientUse] = {}
        self.times: dict[str, RouteTimes] = {}
        self.requests_per_s = Series("requests", "1/s")
        self._sampled_s = clock.now()
        self._sampled_requests = 0

    def come(self, client: str, at_s: float) -> None:
        """Note that a request of `client` was let in."""
        self.in_flight += 1
        self.requests += 1
        if client:
            use = self.clients.get(client)
            if use is None:
                use = self.clients[client] = ClientUse()
            use.requests += 1
            use.last_s = at_s

    def refuse(self) -> None:
        """Note that a request was turned away before a handler saw it."""
        self.counts[REFUSED] += 1

    def leave(self, route: str, status: int, at_s: float) -> None:
        """Note that a request that came at `at_s` has been answered with `status`."""
        self.in_flight -= 1
        name = "499" if status == GONE else _CLASSES.get(status // 100, "5xx")
        self.counts[name] = self.counts.get(name, 0) + 1
        times = self.times.get(route)
        if times is None:
            times = self.times[route] = RouteTimes()
        took_s = self._clock.now() - at_s
        times.buckets[bisect_left(BOUNDS_S, took_s)] += 1
        times.total_s += took_s

    def sample(self) -> None:
        """Add a reading to `requests_per_s`."""
        now_s = self._clock.now()
        passed_s = now_s - self._sampled_s
        if passed_s > 0:
            came = self.requests - self._sampled_requests
            self.requests_per_s.append(now_s, came / passed_s)
            self._sampled_s, self._sampled_requests = now_s, self.requests

    def copy_of_times(self) -> Mapping[str, tuple[tuple[int, ...], float]]:
        """Return for each route the buckets and the sum in seconds; from any thread."""
        return {
            route: (tuple(each.buckets), each.total_s) for route, each in dict(self.times).items()
        }
