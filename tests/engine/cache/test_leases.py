"""The right to do something alone."""

from __future__ import annotations

import asyncio

import pytest

from engine.cache.adapters.memory_leases import MemoryLeases
from engine.cache.leases import Leases
from tests.conftest import FakeClock
from tests.engine.cache.shaky import AWAY, LATE, Shaky


class Pauses:
    """Pauses that end when the test says so."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []
        self.asked_s: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.asked_s.append(seconds)
        self._waiting.append(asyncio.get_running_loop().create_future())
        await self._waiting[-1]

    async def end(self) -> None:
        """End the pause that runs, and let what waited for it go on."""
        for _ in range(5):
            await asyncio.sleep(0)
        for pause in self._waiting:
            if not pause.done():
                pause.set_result(None)
        for _ in range(5):
            await asyncio.sleep(0)


def made(clock: FakeClock) -> tuple[Shaky, Leases, Pauses]:
    """Return a store, leases of one process over it, and its pauses."""
    store = Shaky(MemoryLeases(now_ms=lambda: round(clock.now() * 1000)))
    pauses = Pauses()
    return store, Leases(store=store, holder="me", clock=clock, pause=pauses), pauses


def test_tasks_of_one_process_exclude_each_other(clock: FakeClock):
    """A second task gets nothing until the first gives the lease back; its token is larger."""

    async def check() -> None:
        _, leases, _ = made(clock)
        first = await leases.acquire("a", 10)
        assert first is not None
        assert await leases.acquire("a", 10) is None
        assert await leases.release(first)
        assert not first.is_held
        second = await leases.acquire("a", 10)
        assert second is not None
        assert second.token > first.token

    asyncio.run(check())


def test_no_answer_no_lease(clock: FakeClock):
    """Where Redis is away, or its answer was lost, nobody gets a lease."""

    async def check() -> None:
        store, leases, _ = made(clock)
        store.fault = AWAY
        assert await leases.acquire("a", 10) is None
        store.fault, store.is_done = LATE, True
        assert await leases.acquire("a", 10) is None
        async with leases.hold("b", 10) as lease:
            assert lease is None

    asyncio.run(check())


def test_lease_is_lost_at_its_end(clock: FakeClock):
    """While Redis is away a lease is held until its known end, and not a moment longer."""

    async def check() -> None:
        store, leases, _ = made(clock)
        lease = await leases.acquire("a", 10)
        assert lease is not None
        store.fault = AWAY
        clock.advance(9)
        assert await leases.renew(lease, 10)
        clock.advance(1)
        assert not lease.is_held
        store.fault = None
        assert not await leases.renew(lease, 10)

    asyncio.run(check())


def test_lease_that_somebody_else_has_is_lost(clock: FakeClock):
    """When Redis says that another has it, it is not held any more."""

    async def check() -> None:
        store, leases, _ = made(clock)
        lease = await leases.acquire("a", 10)
        assert lease is not None
        await store.release("a", lease.holder)
        assert await store.acquire("a", "other", 10)
        assert not await leases.renew(lease, 10)
        assert not lease.is_held
        assert not await leases.release(lease)

    asyncio.run(check())


def test_lease_of_another_redis_is_lost(clock: FakeClock):
    """After a change of Redis, what was held is lost as soon as it is to be renewed."""

    async def check() -> None:
        _, leases, _ = made(clock)
        lease = await leases.acquire("a", 10)
        assert lease is not None
        leases.attach(MemoryLeases(now_ms=lambda: 1))
        assert not await leases.renew(lease, 10)
        assert not lease.is_held

    asyncio.run(check())


def test_held_lease_is_renewed(clock: FakeClock):
    """As long as the block runs the lease lasts, three renewals in its time; then it is free."""

    async def check() -> None:
        _, leases, pauses = made(clock)
        async with leases.hold("a", 9) as lease:
            assert lease is not None
            for _ in range(5):
                clock.advance(3)
                await pauses.end()
                assert lease.is_held
            assert set(pauses.asked_s) == {3}
            assert await leases.acquire("a", 9) is None
        assert await leases.acquire("a", 9) is not None

    asyncio.run(check())


def test_block_that_fails_gives_it_back(clock: FakeClock):
    """An error in the block passes through, the lease is free and nothing runs on."""

    async def check() -> None:
        _, leases, _ = made(clock)
        with pytest.raises(ZeroDivisionError):
            async with leases.hold("a", 10):
                raise ZeroDivisionError
        assert await leases.acquire("a", 10) is not None
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(check())
