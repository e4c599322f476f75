"""Callers who use a cache all the time, whatever happens to its Redis."""

from __future__ import annotations

import asyncio
from random import Random
from types import TracebackType
from typing import Self

from engine.cache.service import RedisService
from engine.cache.snapshot import CacheState
from tests.live.cache import caches, until, until_state

PACE_S = 0.01
AT_ONCE = 200
"""Values that are asked for together when all of them are looked for."""
STALL_S = 1.0
"""Far below how long Redis is away in these tests, far above the deadline of 50 ms: a busy machine
may hold the whole process up."""


class Callers:
    """Write and read as long as the block runs. Any exception that one of them gets ends the test.

    kept: what was acknowledged, by key. longest_s: what the slowest call took.
    """

    def __init__(self, cache: RedisService, *, count: int = 8) -> None:
        self.kept: dict[str, str] = {}
        self.longest_s = 0.0
        self._cache = cache
        self._count = count
        self._tasks: list[asyncio.Task[None]] = []
        self._random = Random(1)

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._call(number)) for number in range(self._count)]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        ends = await asyncio.gather(*self._tasks, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ends), ends

    async def more(self, count: int = 100) -> None:
        """Wait until so many more values were acknowledged."""
        wanted = len(self.kept) + count
        await until(lambda: len(self.kept) >= wanted or any(task.done() for task in self._tasks))

    async def _call(self, number: int) -> None:
        turn = 0
        while True:
            key, turn = f"caller-{number}-{turn}", turn + 1
            value = f"{key} " * 20
            began_s = asyncio.get_running_loop().time()
            assert await self._cache.set(key, value)
            self._note(began_s)
            self.kept[key] = value
            key = self._random.choice(list(self.kept))
            began_s = asyncio.get_running_loop().time()
            found = await self._cache.get(key)
            self._note(began_s)
            assert found in (None, self.kept[key])
            await asyncio.sleep(PACE_S)

    def _note(self, began_s: float) -> None:
        self.longest_s = max(self.longest_s, asyncio.get_running_loop().time() - began_s)


async def until_whole(cache: RedisService) -> None:
    """Wait until Redis is used and has everything that `cache` wrote."""
    await until_state(cache, CacheState.REDIS)
    await until(lambda: cache.snapshot().journal.pending == 0)


async def lost(url: str, kept: dict[str, str], **settings: object) -> list[str]:
    """Return which of the values in `kept` another process does not find in Redis."""
    patient = {"loopback_deadline_ms": 2000, **settings}
    async with caches(url, **patient) as (other,):
        await until_state(other, CacheState.REDIS)
        found: dict[str, object] = {}
        keys = list(kept)
        for start in range(0, len(keys), AT_ONCE):
            found |= await other.get_many(keys[start : start + AT_ONCE])
    return [key for key, value in kept.items() if found.get(key) != value]
