"""A value that is being made, and those who wait for it."""

from __future__ import annotations

import asyncio

import pytest

from engine.cache.content import Content, Kind
from engine.cache.flight import Flight, lease_name
from engine.cache.keys import key_of
from engine.errors import Unreachable
from tests.engine.cache.stampede_world import A_MINUTE, KEY, Maker, run, settle

FIRST, SECOND = (Content(text, Kind.TEXT, 0, 1, 1, 1) for text in (b"first", b"second"))


def flight() -> Flight:
    """Return one that has just begun."""
    return Flight(KEY, Maker(), A_MINUTE, None)


def test_first_landing_counts():
    """Whoever waits, and whoever comes later, gets what it landed with first."""

    async def work() -> None:
        making = flight()
        waiting = [asyncio.create_task(making.outcome()) for _ in range(3)]
        await settle()
        assert (making.waiters, making.has_landed) == (3, False)
        making.land(FIRST)
        making.land(SECOND)
        making.fail(Unreachable("too late"))
        assert making.has_landed
        assert await asyncio.gather(*waiting) == [FIRST] * 3
        assert await making.outcome() is FIRST
        assert making.waiters == 0

    run(work())


def test_cancelled_waiter_leaves_the_others():
    """A waiter that is cancelled takes nothing from the others, and is counted no more."""

    async def work() -> None:
        making = flight()
        leaving, staying = (asyncio.create_task(making.outcome()) for _ in range(2))
        await settle()
        leaving.cancel()
        await settle()
        assert making.waiters == 1
        making.land(FIRST)
        assert await staying is FIRST

    run(work())


@pytest.mark.parametrize("waiters", [0, 1, 3])
def test_failure_reaches_all(waiters: int):
    """Each who waits gets the error; where nobody does, nobody complains of it."""

    async def work() -> None:
        making, error = flight(), Unreachable("gone")
        waiting = [asyncio.create_task(making.outcome()) for _ in range(waiters)]
        await settle()
        making.fail(error)
        found = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(each is error for each in found)
        assert len(found) == waiters

    run(work())


def test_name_of_the_lease():
    """The lease on a value is called by its namespace, tenant and name, without a generation."""
    assert lease_name(key_of("answers", "one", "anna")) == "make:answers:anna:=one"
