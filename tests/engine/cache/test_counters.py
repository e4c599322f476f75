"""Counting on while Redis is away."""

from __future__ import annotations

import asyncio

from engine.cache.adapters.memory_counters import MemoryCounters
from engine.cache.counters import Counters
from engine.errors import Refused
from tests.conftest import FakeClock
from tests.engine.cache.shaky import AWAY, Shaky


def made(clock: FakeClock) -> tuple[Shaky, Counters]:
    """Return a store and counters over it."""
    store = Shaky(MemoryCounters(now_ms=lambda: round(clock.now() * 1000)))
    return store, Counters(store=store, is_shared=lambda: True, clock=clock)


def test_processes_add_to_one_number(clock: FakeClock):
    """Everybody's additions count, and everybody reads the sum."""

    async def check() -> None:
        store, counters = made(clock)
        assert await counters.add("a", 2) == 2
        await store.add("a", 5, None)
        assert await counters.read("a") == 7
        assert await counters.add("a") == 8

    asyncio.run(check())


def test_counted_here_while_away(clock: FakeClock):
    """While Redis is away the sum goes on from what was known; it gets the rest when it is back."""

    async def check() -> None:
        store, counters = made(clock)
        await counters.add("a", 10)
        store.fault = AWAY
        assert await counters.add("a", 2) == 12
        assert await counters.add("b", 1, ttl_s=5) == 1
        assert await counters.read("a") == 12
        assert counters.unsaved == 2
        store.fault = None
        await store.add("a", 100, None)
        await counters.restore()
        assert counters.unsaved == 0
        assert await store.read("a") == 112
        assert await counters.read("a") == 112
        clock.advance(6)
        assert await counters.read("b") == 0

    asyncio.run(check())


def test_callers_do_not_wait_one_after_the_other(clock: FakeClock):
    """After one answer that did not come, Redis is left alone for a while, and then tried again."""

    async def check() -> None:
        store, counters = made(clock)
        store.fault = AWAY
        for _ in range(10):
            await counters.add("a")
        assert store.asked == 1
        store.fault = None
        clock.advance(2)
        assert await counters.add("a") == 11
        assert await store.read("a") == 11

    asyncio.run(check())


def test_another_redis_gets_what_is_owed(clock: FakeClock):
    """After a change of Redis the new one counts, and gets what the one before did not."""

    async def check() -> None:
        store, counters = made(clock)
        await counters.add("a", 10)
        store.fault = AWAY
        await counters.add("a", 2)
        counters.attach(MemoryCounters(now_ms=lambda: 1))
        assert await counters.add("a", 1) == 3

    asyncio.run(check())


def test_refused_addition_is_kept(clock: FakeClock):
    """A server that is full gets the sum when it has room."""

    async def check() -> None:
        store, counters = made(clock)
        store.fault = Refused("full")
        assert [await counters.add("a"), await counters.add("a")] == [1, 2]
        store.fault = None
        assert await counters.add("a") == 3
        assert await store.read("a") == 3

    asyncio.run(check())


def test_cancelled_addition_is_not_lost(clock: FakeClock):
    """What a cancelled caller added is handed over with the next addition."""

    async def check() -> None:
        _, counters = made(clock)
        store = Hanging()
        counters = Counters(store=store, is_shared=lambda: True, clock=clock)
        adding = asyncio.create_task(counters.add("a", 3))
        await asyncio.sleep(0)
        adding.cancel()
        await asyncio.wait([adding])
        assert adding.cancelled()
        assert counters.unsaved == 1

    asyncio.run(check())


class Hanging:
    """A store that never answers."""

    async def add(self, name: str, amount: int, ttl_s: float | None) -> int:
        """Wait for ever."""
        return await asyncio.get_running_loop().create_future()

    async def read(self, name: str) -> int:
        """Wait for ever."""
        return await asyncio.get_running_loop().create_future()
