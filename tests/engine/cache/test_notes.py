"""Holders of a lease leave notes for each other."""

from __future__ import annotations

import asyncio

import pytest

from engine.cache.notes import NOTES_GAP_S
from engine.errors import Unreachable
from tests.conftest import FakeClock
from tests.engine.cache.shaky import AWAY
from tests.engine.cache.test_leases import made


def test_notes_are_written_by_who_holds_the_lease_and_fail_closed(clock: FakeClock):
    """A holder's note is read by all; without the lease or Redis nothing is written or made up."""

    async def check() -> None:
        store, leases, _ = made(clock)
        lease = await leases.acquire("a", 10)
        assert lease is not None
        assert await leases.note(lease, "me", b"1", 30)
        assert (await leases.notes("a")).values == {"me": b"1"}
        store.fault = AWAY
        with pytest.raises(Unreachable):
            await leases.notes("a")
        with pytest.raises(Unreachable):
            await leases.note(lease, "me", b"2", 30)
        store.fault = None
        await leases.release(lease)
        assert not await leases.note(lease, "me", b"3", 30)
        assert (await leases.notes("a")).values == {"me": b"1"}

    asyncio.run(check())


def test_notes_are_steady_while_somebody_writes_often(clock: FakeClock):
    """The time without a pause grows from note to note, and begins anew after silence."""

    async def check() -> None:
        _, leases, _ = made(clock)
        lease = await leases.acquire("a", 1000)
        assert lease is not None
        for _ in range(3):
            await leases.note(lease, "me", b"1", 30)
            clock.advance(NOTES_GAP_S - 1)
        assert (await leases.notes("a")).steady_s == 12
        clock.advance(NOTES_GAP_S)
        assert (await leases.notes("a")).steady_s == 0
        await leases.note(lease, "me", b"1", 30)
        clock.advance(1)
        assert (await leases.notes("a")).steady_s == 1

    asyncio.run(check())


def test_a_note_is_repeated_without_the_lease(clock: FakeClock):
    """Who needs to be in time does not wait for a turn; others' notes stay."""

    async def check() -> None:
        _, leases, _ = made(clock)
        lease = await leases.acquire("a", 10)
        assert lease is not None
        await leases.note(lease, "me", b"1", 30)
        await leases.repeat("a", "you", b"2", 30)
        clock.advance(20)
        await leases.repeat("a", "you", b"3", 30)
        clock.advance(15)
        assert (await leases.notes("a")).values == {"you": b"3"}

    asyncio.run(check())
