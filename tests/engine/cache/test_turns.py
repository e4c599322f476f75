"""A missing value is made once across processes, and Redis may fail at any moment."""

from __future__ import annotations

import asyncio

import pytest

from engine.cache.freshness import Freshness
from engine.cache.turns import LEASE_TTL_S, RENEWAL_S
from engine.errors import TimedOut, Unreachable
from tests.engine.cache.stampede_world import A_MINUTE, KEY, OpenShelf, World, run, settle

STALE = Freshness(ttl_s=60.0, soft_ttl_s=20.0, stale_if_error_s=300.0, early=0.0)
NAME = "make:answers::=one"


class TornLeases:
    """Leases of a Redis that fails in some of its answers."""

    def __init__(self, *failing: str, lost: bool = False) -> None:
        self.failing = failing
        self.is_lost = lost
        self.asked: list[str] = []

    async def acquire(self, name: str, holder: str, ttl_s: float) -> int | None:
        """Return a token."""
        await self._ask("acquire")
        return 1

    async def renew(self, name: str, holder: str, ttl_s: float) -> bool:
        """Renew."""
        await self._ask("renew")
        return not self.is_lost

    async def release(self, name: str, holder: str) -> bool:
        """Release."""
        await self._ask("release")
        return True

    async def _ask(self, what: str) -> None:
        self.asked.append(what)
        await asyncio.sleep(0)
        if what in self.failing:
            raise TimedOut("Redis did not answer in time")


def test_made_once_by_four_processes():
    """Of four processes that miss a value at once, one makes it and the others get what it made."""

    async def work() -> None:
        world = World(has_leases=True)
        asking = [world.ask(world.process()) for _ in range(4) for _ in range(2)]
        await world.hours.elapse(1.0)
        await world.maker.give("value")
        await world.hours.elapse(1.0)
        assert await asyncio.gather(*asking) == ["value"] * 8
        assert len(world.maker.calls) == 1
        assert world.tally["made"] == 1
        assert await world.leases.acquire(NAME, "somebody", 1.0) is not None

    run(work())


def test_turn_is_renewed_for_as_long_as_making_takes():
    """A value that takes half a minute is still made by one process alone."""

    async def work() -> None:
        world = World(has_leases=True)
        asking = [world.ask(world.process()) for _ in range(2)]
        await world.hours.elapse(10 * LEASE_TTL_S)
        assert len(world.maker.calls) == 1
        await world.maker.give("value")
        await world.hours.elapse(1.0)
        assert await asyncio.gather(*asking) == ["value"] * 2

    run(work())


def test_dead_process_holds_nobody_up_for_long():
    """When the process whose turn it was has died, another makes the value after the lease."""

    async def work() -> None:
        world = World(has_leases=True)
        await world.leases.acquire(NAME, "who died", LEASE_TTL_S)
        asking = world.ask(world.process())
        await world.hours.elapse(LEASE_TTL_S - 0.2)
        assert world.maker.calls == []
        await world.hours.elapse(0.4)
        await world.maker.give("value")
        assert await asking == "value"

    run(work())


def test_nobody_waits_for_ever():
    """A process that renews its turn without an end is waited for a minute, and no longer."""

    async def work() -> None:
        world = World(has_leases=True)
        await world.leases.acquire(NAME, "who hangs", 1000.0)
        asking = world.ask(world.process())
        await world.hours.elapse(59.0)
        assert world.maker.calls == []
        await world.hours.elapse(2.0)
        await world.maker.give("value")
        assert await asking == "value"

    run(work())


def test_failed_making_is_tried_by_the_next():
    """When making fails in one process, the others do not wait for what will not come."""

    async def work() -> None:
        world = World(has_leases=True)
        first = world.ask(world.process())
        await settle()
        second = world.ask(world.process())
        await world.maker.give(Unreachable("gone"))
        with pytest.raises(Unreachable):
            await first
        await world.hours.elapse(0.2)
        await world.maker.give("value")
        assert await second == "value"

    run(work())


def test_renewal_is_left_to_whoever_does_it():
    """While another process makes a new value, the old one is answered and nothing is begun."""

    async def work() -> None:
        world = World(has_leases=True)
        process = world.process()
        await world.made(process, "old", STALE)
        await world.hours.elapse(30.0)
        await world.leases.acquire(NAME, "another", LEASE_TTL_S)
        assert await world.fetch(process, STALE) == "old"
        await settle()
        assert len(world.maker.calls) == 1
        world.wrote_another(b"new")
        assert await world.fetch(process, STALE) == "new"

    run(work())


def test_renewal_of_another_process_is_waited_for_after_the_end():
    """Once the old value has ended, what another process makes is waited for."""

    async def work() -> None:
        world = World(has_leases=True)
        process = world.process()
        await world.made(process, "old", STALE)
        await world.hours.elapse(59.9)
        await world.leases.acquire(NAME, "another", LEASE_TTL_S)
        assert await world.fetch(process, STALE) == "old"
        world.hours.clock.advance(0.2)
        asking = world.ask(process, STALE)
        await world.hours.elapse(0.5)
        assert not asking.done()
        world.wrote_another(b"new")
        await world.hours.elapse(0.2)
        assert await asking == "new"
        assert len(world.maker.calls) == 1

    run(work())


@pytest.mark.parametrize("before", range(4))
@pytest.mark.parametrize("after", range(4))
def test_nobody_joins_a_renewal_that_was_left(before: int, after: int):
    """Whenever a value ends while its renewal is being left, who asks gets the new one."""

    async def work() -> None:
        world = World(has_leases=True)
        process = world.process()
        await world.made(process, "old", STALE)
        await world.hours.elapse(59.9)
        await world.leases.acquire(NAME, "another", LEASE_TTL_S)
        asking = [world.ask(process, STALE)]
        for _ in range(before):
            await asyncio.sleep(0)
        asking.append(world.ask(process, STALE))
        for _ in range(after):
            await asyncio.sleep(0)
        world.hours.clock.advance(0.2)
        await world.hours.elapse(0.2)
        world.wrote_another(b"new")
        await world.hours.elapse(0.5)
        assert [each.done() for each in asking] == [True, True]
        assert {await each for each in asking} <= {"old", "new"}

    run(work())


def test_what_was_just_renewed_is_not_renewed_again():
    """Who gets the turn after another has renewed the value takes that one."""

    async def work() -> None:
        world = World(has_leases=True)
        process = world.process()
        await world.made(process, "old", STALE)
        await world.hours.elapse(30.0)
        assert await world.fetch(process, STALE) == "old"
        world.wrote_another(b"new")
        await settle()
        assert await world.fetch(process, STALE) == "new"
        assert len(world.maker.calls) == 1

    run(work())


def test_without_waiting_for_others():
    """A value that every process may make for itself asks for no lease."""

    async def work() -> None:
        leases = TornLeases()
        world = World()
        await world.made(
            world.process(leases), "value", Freshness(ttl_s=60.0, across_processes=False)
        )
        assert leases.asked == []

    run(work())


def test_redis_that_is_known_to_be_away_is_not_asked():
    """While Redis does not answer, no time is lost with asking it for a lease."""

    async def work() -> None:
        leases = TornLeases("acquire")
        world = World()
        world.is_shared = False
        await world.made(world.process(leases), "value")
        assert leases.asked == []

    run(work())


@pytest.mark.parametrize("failing", ["acquire", "renew", "release"])
def test_redis_that_fails_is_no_hindrance(failing: str):
    """Whatever Redis fails to answer about a lease, the value is made, and by this process."""

    async def work() -> None:
        leases = TornLeases(failing)
        world = World()
        asking = world.ask(world.process(leases))
        await world.hours.elapse(2.5 * RENEWAL_S)
        await world.maker.give("value")
        assert await asking == "value"
        assert failing in leases.asked
        assert leases.asked.count("renew") == (0 if failing == "acquire" else 2)

    run(work())


def test_lost_turn_is_not_renewed():
    """A lease that another has got meanwhile is let go; the value is made all the same."""

    async def work() -> None:
        leases = TornLeases(lost=True)
        world = World()
        asking = world.ask(world.process(leases))
        await world.hours.elapse(5 * RENEWAL_S)
        await world.maker.give("value")
        assert await asking == "value"
        assert leases.asked == ["acquire", "renew", "release"]

    run(work())


def test_cancelled_while_another_makes_it():
    """When all who waited for another process have left, nothing goes on here."""

    async def work() -> None:
        world = World(has_leases=True)
        await world.leases.acquire(NAME, "another", 30.0)
        process = world.process()
        asking = world.ask(process)
        await world.hours.elapse(1.0)
        asking.cancel()
        await world.hours.elapse(0.2)
        await process.aclose()
        assert world.maker.calls == []
        assert KEY not in world.shelf.contents

    run(work())


def test_turn_is_given_back_on_closing():
    """A process that closes while it makes a value lets the next one make it at once."""

    async def work() -> None:
        world = World(has_leases=True)
        process = world.process()
        asking = world.ask(process, A_MINUTE)
        await settle()
        await process.aclose()
        assert await asyncio.gather(asking, return_exceptions=True)
        assert await world.leases.acquire(NAME, "another", 1.0) is not None

    run(work())


@pytest.mark.parametrize("has_leases", [False, True])
def test_attached_elsewhere_while_making(has_leases: bool):
    """What is being made when the cache connects elsewhere is kept there; nothing old is asked."""

    async def work() -> None:
        leases = TornLeases()
        world = World()
        process = world.process(leases)
        asking = world.ask(process)
        await settle()
        shelf, others = OpenShelf(world.time), TornLeases(lost=True) if has_leases else None
        process.attach(shelf=shelf, leases=others, is_shared=lambda: True)
        await world.hours.elapse(2.5 * RENEWAL_S)
        await world.maker.give("value")
        assert await asking == "value"
        assert shelf.contents[KEY].payload == b"value"
        assert world.shelf.contents == {}
        assert leases.asked == ["acquire"]
        assert others is None or others.asked == ["renew", "release"]

    run(work())
