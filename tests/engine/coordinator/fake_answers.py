"""Answers kept in a dictionary; made once however many ask, as the cache engine does it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from engine.clock import Clock
from engine.errors import OutsideError, Overloaded


class FakeAnswers:
    """See `ports.AnswerStore`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[bytes, float, float]] = {}
        self._flights: dict[str, asyncio.Task[bytes]] = {}
        self.reads = 0

    def __len__(self) -> int:
        return len(self._kept)

    async def fetch(
        self, key: str, make: Callable[[], Awaitable[bytes]], ttl_s: float, stale_s: float
    ) -> bytes:
        """Return what is kept, or made now; what is stale where that fails."""
        answer, fresh_s, ends_s = self._kept.get(key, (b"", 0.0, 0.0))
        if self._clock.now() < fresh_s:
            return answer
        if key not in self._flights:
            flight = asyncio.create_task(self._fly(key, make, ttl_s, stale_s))
            flight.add_done_callback(lambda task: task.cancelled() or task.exception())
            self._flights[key] = flight
        flight = self._flights[key]
        await asyncio.wait({flight})  # a caller that is cancelled leaves it to the others
        try:
            return flight.result()
        except (OutsideError, Overloaded):
            if self._clock.now() < ends_s:
                return answer
            raise

    async def get(self, key: str) -> bytes | None:
        """Return what is kept and fresh."""
        self.reads += 1
        await asyncio.sleep(0)
        answer, fresh_s, _ = self._kept.get(key, (None, 0.0, 0.0))
        return answer if self._clock.now() < fresh_s else None

    async def put(self, key: str, answer: bytes, ttl_s: float) -> None:
        """Keep `answer`."""
        ends_s = self._clock.now() + ttl_s
        self._kept[key] = (answer, ends_s, ends_s)

    async def _fly(
        self, key: str, make: Callable[[], Awaitable[bytes]], ttl_s: float, stale_s: float
    ) -> bytes:
        try:
            answer = await make()
            fresh_s = self._clock.now() + ttl_s
            self._kept[key] = (answer, fresh_s, fresh_s + stale_s)
        finally:
            del self._flights[key]
        return answer
