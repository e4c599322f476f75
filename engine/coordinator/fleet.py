"""All servers: who has which model, and when that changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf

from engine.circuit_breaker import BreakerState
from engine.clock import Clock
from engine.coordinator.link import Link, Seat
from engine.coordinator.servers import ServerNow, server_now

FRESH_S = 1.0
"""Latencies that others see are at most so old while requests come."""
LATEST = ":latest"
"""What Ollama calls a model whose tag is left out."""


class Fleet:
    """The servers by name and by model. For the engines' loop; `links` for any thread."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._links: dict[str, Link] = {}
        self._seats: dict[str, tuple[Seat, ...]] = {}
        self._servers: tuple[ServerNow, ...] = ()
        self._shown = -1
        self._version = 0
        self._moved_s = 0.0
        self._next_s = inf
        """When a state changes by itself."""
        self.links: tuple[Link, ...] = ()
        """In the order in which they came; never changed, only replaced."""

    @property
    def version(self) -> int:
        """Moves when servers, their states or their models change, and when latencies are old."""
        if self._clock.now() >= self._next_s:
            self.refresh()
            self._move()
        return self._version

    @property
    def version_seen(self) -> int:
        """The version without looking at the clock; from any thread."""
        return self._version

    def put(self, link: Link) -> Link | None:
        """Add `link`, or put it in the place of one with the same name, which is returned."""
        old = self._links.get(link.name)
        self._links[link.name] = link
        self._index()
        return old

    def remove(self, name: str) -> Link | None:
        """Forget the server `name`; None where there is none."""
        link = self._links.pop(name, None)
        self._index()
        return link

    def get(self, name: str) -> Link | None:
        """Return the server `name`, or None."""
        return self._links.get(name)

    def find(self, fits: Callable[[Link], bool]) -> Link | None:
        """Return the first server that `fits`, or None."""
        return next((link for link in self.links if fits(link)), None)

    def seats(self, model: str) -> tuple[Seat, ...]:
        """Return where `model` can be asked for: at servers that are switched on."""
        found = self._seats.get(model)
        return found if found is not None else self._seats.get(model + LATEST, ())

    def models(self) -> Iterable[str]:
        """Return the names of all models."""
        return self._seats.keys()

    def servers(self) -> tuple[ServerNow, ...]:
        """Return all servers as they are now."""
        version = self.version
        if self._shown != version:
            now_s = self._clock.now()
            self._servers = tuple(server_now(link, now_s) for link in self.links)
            self._shown = version
        return self._servers

    def reindex(self) -> None:
        """Say that models or endpoints of some servers have changed."""
        self._index()

    def measured(self, now_s: float) -> None:
        """Say that something was measured; others see it within FRESH_S."""
        if now_s - self._moved_s >= FRESH_S:
            self._move()

    def refresh(self) -> None:
        """Find out how each server stands."""
        now_s = self._clock.now()
        changed = [link for link in self.links if link.refresh(now_s)]
        if changed:
            self._move()
        self._next_s = min((_changes_s(link, now_s) for link in self.links), default=inf)

    def _index(self) -> None:
        seats: dict[str, list[Seat]] = {}
        for link in self._links.values():
            if link.may_be_asked:
                for seat in link.seats.values():
                    seats.setdefault(seat.model, []).append(seat)
        self._seats = {model: tuple(each) for model, each in seats.items()}
        self.links = tuple(self._links.values())
        self._move()
        self.refresh()

    def _move(self) -> None:
        self._version += 1
        self._moved_s = self._clock.now()


def _changes_s(link: Link, now_s: float) -> float:
    """Return the clock time at which `link` may be asked again without anybody saying so."""
    times = [seat.limits.paused_until_s for seat in link.seats.values()]
    if link.breaker.state is BreakerState.OPEN:
        times.append(link.breaker.retry_at_s)
    return min((time_s for time_s in times if time_s > now_s), default=inf)
