"""Counters of this process alone."""

from __future__ import annotations

from collections.abc import Callable


class MemoryCounters:
    """The twin of RedisCounters. `now_ms` tells the unix time."""

    def __init__(self, *, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._sums: dict[str, tuple[int, int | None]] = {}
        self._swept_at = 0

    async def add(self, name: str, amount: int, ttl_s: float | None) -> int:
        """Add `amount` and return the sum; a new counter ends after `ttl_s`."""
        old = self._alive(name)
        if old is None:
            self._sweep()
            ends_ms = None if ttl_s is None else self._now_ms() + max(1, round(ttl_s * 1000))
            old = (0, ends_ms)
        self._sums[name] = (old[0] + amount, old[1])
        return old[0] + amount

    async def read(self, name: str) -> int:
        """Return the number; 0 where there is none."""
        return (self._alive(name) or (0, None))[0]

    def _alive(self, name: str) -> tuple[int, int | None] | None:
        found = self._sums.get(name)
        if found is None or (found[1] is not None and found[1] <= self._now_ms()):
            return None
        return found

    def _sweep(self) -> None:
        """Forget what has ended, each time their number has doubled."""
        if len(self._sums) > 2 * self._swept_at + 100:
            self._sums = {name: self._sums[name] for name in self._sums if self._alive(name)}
            self._swept_at = len(self._sums)
