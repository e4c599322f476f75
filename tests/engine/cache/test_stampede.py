"""A missing value is made once in this process."""

from __future__ import annotations

import asyncio

import pytest

from engine.cache.freshness import Absent, Freshness
from engine.cache.keys import key_of
from engine.errors import Overloaded, Refused, Unreachable
from tests.engine.cache.stampede_world import A_MINUTE, KEY, World, run, settle

STALE = Freshness(ttl_s=60.0, soft_ttl_s=20.0, stale_if_error_s=300.0, early=0.0)


def test_made_once_for_everybody():
    """Of a hundred who ask for a missing value at once, one has it made and all get it."""

    async def work() -> None:
        world = World()
        process = world.process()
        asking = [world.ask(process) for _ in range(100)]
        await world.maker.give("value")
        assert await asyncio.gather(*asking) == ["value"] * 100
        assert len(world.maker.calls) == 1
        assert world.tally == {"made": 1, "coalesced": 99, "stale": 0}
        assert await world.fetch(process) == "value"
        assert len(world.maker.calls) == 1

    run(work())


def test_late_look_finds_what_was_made_meanwhile():
    """Who began to look before the value was kept, and saw nothing, does not make it again."""

    async def work() -> None:
        world = World()
        process = world.process()
        look, gate = world.shelf.look, asyncio.Event()

        async def slow_look(key):
            found = await look(key)
            await gate.wait()
            return found

        world.shelf.look = slow_look
        late = world.ask(process)
        await settle()
        world.shelf.look = look
        await world.made(process, "value")
        gate.set()
        assert await late == "value"
        assert len(world.maker.calls) == 1

    run(work())


@pytest.mark.parametrize("cancelled", [[0], [1], [0, 1], [0, 1, 2]])
def test_cancelled_waiters_disturb_nobody(cancelled: list[int]):
    """Whoever leaves, the first one too, leaves alone; the value is made and kept in any case."""

    async def work() -> None:
        world = World()
        process = world.process()
        asking = [world.ask(process) for _ in range(3)]
        await settle()
        for number in cancelled:
            asking[number].cancel()
        await world.maker.give("value")
        for number, each in enumerate(asking):
            if number in cancelled:
                assert each.cancelled()
            else:
                assert await each == "value"
        assert world.shelf.contents[KEY].payload == b"value"
        assert await world.fetch(process) == "value"
        assert len(world.maker.calls) == 1

    run(work())


@pytest.mark.parametrize("error", [Unreachable("gone"), KeyError("a mistake"), Overloaded("busy")])
def test_error_reaches_every_waiter(error: Exception):
    """What goes wrong in making goes wrong for each who waits; the next who asks tries again."""

    async def work() -> None:
        world = World()
        process = world.process()
        asking = [world.ask(process) for _ in range(5)]
        await settle()
        asking[0].cancel()
        await world.maker.give(error)
        results = await asyncio.gather(*asking, return_exceptions=True)
        assert isinstance(results[0], asyncio.CancelledError)
        assert results[1:] == [error] * 4
        await world.made(process, "value")

    run(work())


def test_error_that_nobody_waits_for_is_logged(caplog: pytest.LogCaptureFixture):
    """When all who waited have left, an error in making is in the log and nowhere else."""

    async def work() -> None:
        world = World()
        asking = world.ask(world.process())
        await settle()
        asking.cancel()
        await world.maker.give(KeyError("a mistake"))

    run(work())
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "a mistake" in caplog.text


def test_value_that_cannot_be_stored():
    """A maker that returns what cannot be stored has made a mistake, and its callers hear so."""

    async def work() -> None:
        world = World()
        asking = world.ask(world.process())
        await world.maker.give(object())
        with pytest.raises(TypeError, match="object"):
            await asking

    run(work())


def test_shelf_that_breaks_after_landing(caplog: pytest.LogCaptureFixture):
    """A value that was made is handed out also where keeping it goes wrong, which is logged."""

    async def work() -> None:
        world = World()

        async def broken(key, content):
            raise AssertionError("the shelf fell down")

        world.shelf.keep = broken
        process = world.process()
        await world.made(process, "value")
        await settle()
        await world.made(process, "again")

    run(work())
    assert caplog.text.count("AssertionError: the shelf fell down") == 2


def test_cancellation_inside_a_maker_is_an_error():
    """A maker whose own work was cancelled has failed; nobody who waits is cancelled by that."""

    async def work() -> None:
        world = World()
        asking = [world.ask(world.process()) for _ in range(2)]
        await settle()
        for call in world.maker.calls:
            call.cancel()
        results = await asyncio.gather(*asking, return_exceptions=True)
        assert [type(result) for result in results] == [Refused, Refused]
        assert all("was cancelled" in str(result) for result in results)

    run(work())


def test_old_value_is_answered_while_a_new_one_is_made():
    """After the soft end callers get the old value at once, and one new one is made for all."""

    async def work() -> None:
        world = World()
        process = world.process()
        await world.made(process, "old", STALE)
        world.hours.clock.advance(30.0)
        assert [await world.fetch(process, STALE) for _ in range(5)] == ["old"] * 5
        await world.maker.give("new")
        assert await world.fetch(process, STALE) == "new"
        assert len(world.maker.calls) == 2
        assert (world.tally["stale"], world.tally["made"]) == (5, 2)

    run(work())


def test_expired_value_joins_the_renewal():
    """Who asks after the end of a value waits for the renewal that is under way already."""

    async def work() -> None:
        world = World()
        process = world.process()
        await world.made(process, "old", STALE)
        world.hours.clock.advance(59.0)
        assert await world.fetch(process, STALE) == "old"
        await settle()
        world.hours.clock.advance(2.0)
        asking = world.ask(process, STALE)
        await world.maker.give("new")
        assert await asking == "new"
        assert len(world.maker.calls) == 2

    run(work())


def test_old_value_serves_while_making_fails():
    """Past its end a value serves on while making fails, and the maker gets a second's rest."""

    async def work() -> None:
        world = World()
        process = world.process()
        await world.made(process, "old", STALE)
        world.hours.clock.advance(100.0)
        asking = [world.ask(process, STALE) for _ in range(3)]
        await world.maker.give(Unreachable("gone"))
        assert await asyncio.gather(*asking) == ["old"] * 3
        assert await world.fetch(process, STALE) == "old"
        assert len(world.maker.calls) == 2
        assert world.tally["stale"] == 4
        world.hours.clock.advance(1.0)
        await world.made(process, "new", STALE)

    run(work())


def test_failed_renewal_is_not_repeated_at_once(caplog: pytest.LogCaptureFixture):
    """A renewal that fails disturbs nobody, also by a mistake, and is tried once a second."""

    async def work() -> None:
        world = World()
        process = world.process()
        await world.made(process, "old", STALE)
        world.hours.clock.advance(30.0)
        for calls, error in ((2, Unreachable("gone")), (3, KeyError("a mistake"))):
            assert await world.fetch(process, STALE) == "old"
            await world.maker.give(error)
            for _ in range(3):
                assert await world.fetch(process, STALE) == "old"
                await settle()
            assert len(world.maker.calls) == calls
            world.hours.clock.advance(1.0)

    run(work())
    assert "a mistake" in caplog.text


def test_old_value_ends_at_last():
    """Past the time for which it may serve, an old value does not hide that making fails."""

    async def work() -> None:
        world = World()
        process = world.process()
        await world.made(process, "old", STALE)
        world.hours.clock.advance(359.9)
        asking = world.ask(process, STALE)
        await settle()
        world.hours.clock.advance(0.2)  # it ends while making is tried
        await world.maker.give(Unreachable("gone"))
        with pytest.raises(Unreachable):
            await asking

    run(work())


def test_old_value_hides_no_mistake():
    """A mistake in the program reaches the callers although an old value is there."""

    async def work() -> None:
        world = World()
        process = world.process()
        await world.made(process, "old", STALE)
        world.hours.clock.advance(100.0)
        asking = world.ask(process, STALE)
        await world.maker.give(TypeError("a mistake"))
        with pytest.raises(TypeError):
            await asking

    run(work())


def test_absence_is_remembered():
    """That there is nothing is told everybody, remembered for its time, then asked again."""

    async def work() -> None:
        world = World()
        process = world.process()
        asking = [world.ask(process) for _ in range(2)]
        await world.maker.give(Absent("no such page"))
        for each in asking:
            with pytest.raises(Absent, match="no such page"):
                await each
        with pytest.raises(Absent, match="no such page"):
            await world.fetch(process)
        assert len(world.maker.calls) == 1
        assert (world.tally["negative_hits"], world.tally["made"]) == (1, 0)
        world.hours.clock.advance(10.0)
        await world.made(process, "value")

    run(work())


def test_absence_replaces_an_old_value():
    """Once it is known that there is nothing, what there was before serves nobody."""

    async def work() -> None:
        world = World()
        process = world.process()
        await world.made(process, "old", STALE)
        world.hours.clock.advance(100.0)
        asking = world.ask(process, STALE)
        await world.maker.give(Absent("removed"))
        with pytest.raises(Absent):
            await asking
        with pytest.raises(Absent):
            await world.fetch(process, STALE)

    run(work())


def test_absence_need_not_be_remembered():
    """With no time for it, that there is nothing is found out each time."""

    async def work() -> None:
        world = World()
        process = world.process()
        freshness = Freshness(ttl_s=60.0, negative_ttl_s=0.0)
        for calls in (1, 2):
            asking = world.ask(process, freshness)
            await world.maker.give(Absent("not yet"))
            with pytest.raises(Absent):
                await asking
            assert len(world.maker.calls) == calls

    run(work())


def test_closing_leaves_nothing_behind():
    """Closing cancels what is made; who waits is refused; what is kept is still answered."""

    async def work() -> None:
        world = World()
        process = world.process()
        await world.made(process, "old", STALE)
        world.hours.clock.advance(30.0)
        assert await world.fetch(process, STALE) == "old"  # renewed in the background
        missing = asyncio.create_task(
            process.fetch(key_of("answers", "two"), world.maker, A_MINUTE)
        )
        await settle()
        await process.aclose()
        await process.aclose()
        assert world.maker.running == 0
        with pytest.raises(Refused, match="closing"):
            await missing
        assert await world.fetch(process, STALE) == "old"
        another = world.process()
        await another.aclose()
        assert await world.fetch(another, STALE) == "old"
        world.hours.clock.advance(100.0)
        with pytest.raises(Refused, match="closing"):
            await world.fetch(process, STALE)

    run(work())


def test_closing_before_anything_ran():
    """What was just begun when the cache closes is refused as well."""

    async def work() -> None:
        world = World()
        process = world.process()
        asking = world.ask(process)
        await asyncio.sleep(0)  # it looks
        await asyncio.sleep(0)  # it finds nothing, and making is begun
        await process.aclose()
        with pytest.raises(Refused, match="closing"):
            await asking
        assert world.maker.calls == []

    run(work())


@pytest.mark.parametrize("is_purge", [False, True])
def test_overtaken_value_is_not_kept(is_purge: bool):
    """What was being made when its key was written is for who asked before, and nobody else."""

    async def work() -> None:
        world = World()
        process = world.process()
        before = world.ask(process)
        await settle()
        if is_purge:
            process.overtake_namespace("others")
            process.overtake_namespace("answers")
        else:
            process.overtake(key_of("answers", "another"))
            process.overtake(KEY)
        after = world.ask(process)
        await world.maker.give("from before")
        assert KEY not in world.shelf.contents
        await world.maker.give("from after")
        assert (await before, await after) == ("from before", "from after")
        assert world.shelf.contents[KEY].payload == b"from after"

    run(work())


def test_what_is_not_kept_is_made_again():
    """A value that the shelf does not keep is handed out all the same, and made anew each time."""

    async def work() -> None:
        world = World()
        world.shelf.is_keeping = False
        process = world.process()
        await world.made(process, "large")
        await world.made(process, "large")
        assert len(world.maker.calls) == 2

    run(work())
