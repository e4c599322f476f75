"""Two tiers that stay true whatever Redis and other processes do."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from engine.cache.content import Content, Kind
from engine.cache.framing import ELSEWHERE_BYTES
from engine.cache.keys import key_of
from engine.cache.ports import Put
from engine.cache.settings import CacheSettings
from engine.cache.tiers import MIB
from engine.cache.unix_time import LONGEST_MS
from tests.conftest import FakeClock
from tests.engine.cache.world import CODEC, HOUR_MS, KEY, World


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run `work`."""
    asyncio.run(work)


@pytest.fixture
def world(clock: FakeClock) -> World:
    """Return a process with a Redis."""
    return World(clock)


@pytest.fixture
def other(world: World) -> World:
    """Return a second process on the same Redis."""
    return World(world.clock, world.redis)


def test_what_is_kept_is_found(world: World, other: World):
    """A value is found at once where it was kept, and through Redis elsewhere."""

    async def work() -> None:
        assert await world.keep("yes")
        assert await world.look() == "yes"
        assert world.redis is not None
        assert world.redis.reads == 1  # the generation
        assert await other.look() == "yes"
        assert (world.tally["first_hits"], other.tally["second_hits"]) == (1, 1)
        assert await other.look() == "yes"
        assert other.tally["first_hits"] == 1

    run(work())


def test_without_redis(clock: FakeClock):
    """Without a second tier everything works in this process, purging too."""
    alone = World(clock, None)

    async def work() -> None:
        assert await alone.look() is None
        await alone.keep("yes")
        assert await alone.look() == "yes"
        assert await alone.tiers.drop(KEY)
        assert not await alone.tiers.drop(KEY)
        await alone.keep("again")
        await alone.tiers.purge("answers")
        assert await alone.look() is None

    run(work())


def test_foreign_writes_are_seen(world: World, other: World):
    """After an invalidation the value of the other process is returned."""

    async def work() -> None:
        await world.keep("old")
        await other.keep("new")
        assert await world.look() == "old"
        world.tiers.invalidated([world.tiers.generations.guess(KEY)])
        assert await world.look() == "new"
        assert world.tally["invalidated"] == 1

    run(work())


@pytest.mark.parametrize("overtaken_by", ["invalidation", "loss", "own write", "own removal"])
def test_an_overtaken_answer_is_not_kept(overtaken_by: str, world: World, other: World):
    """A value that was read before its key was written does not enter the first tier after."""

    async def work() -> None:
        assert world.redis is not None
        await other.keep("old")
        await world.look(key_of("answers", "unrelated"))
        held = asyncio.Event()
        world.redis.held.append(held)
        reader = asyncio.create_task(world.look())
        await asyncio.sleep(0)
        if overtaken_by == "invalidation":
            await other.keep("new")
            world.tiers.invalidated([world.tiers.generations.guess(KEY)])
        elif overtaken_by == "loss":
            await other.keep("new")
            world.tiers.invalidated(None)
        elif overtaken_by == "own write":
            await world.keep("new")
        else:
            await world.tiers.drop(KEY)
        held.set()
        assert await reader == "old"
        assert await world.look() == (None if overtaken_by == "own removal" else "new")

    run(work())


def test_away_and_back(world: World, other: World):
    """What is kept and dropped while Redis is away is found here, and there once it is back."""
    gone = key_of("answers", "gone")

    async def work() -> None:
        assert world.redis is not None
        await world.keep("stays", gone)
        world.redis.is_away = True
        world.tiers.invalidated(None)
        await world.keep("meanwhile")
        await world.tiers.drop(gone)
        world.tiers.invalidated(None)
        assert await world.look() == "meanwhile"
        assert await world.look(gone) is None
        assert world.tally["journal_hits"] == 1
        world.redis.is_away = False
        await world.tiers.restored(False)
        assert await other.look() == "meanwhile"
        assert await other.look(gone) is None
        assert world.tally["replayed"] == 2

    run(work())


def test_own_values_are_served_while_redis_is_away(world: World):
    """A confirmed own value is still answered when Redis has gone and the first tier is empty."""

    async def work() -> None:
        assert world.redis is not None
        await world.keep("yes")
        world.redis.is_away = True
        world.tiers.invalidated(None)
        assert await world.look() == "yes"

    run(work())


def test_a_newer_foreign_value_survives_the_replay(world: World, other: World):
    """What others wrote after our write that waited is not overwritten when that is sent."""

    async def work() -> None:
        assert world.redis is not None
        await world.keep("first")
        world.redis.is_away = True
        await world.keep("ours")
        world.redis.is_away = False
        world.clock.advance(1)
        await other.keep("theirs")
        await world.tiers.restored(False)
        assert await world.look() == "theirs"

    run(work())


def test_kept_values_do_not_stay(world: World, other: World):
    """Where Redis did not answer, the own value serves that once: others may have written since."""

    async def work() -> None:
        assert world.redis is not None
        await world.keep("mine")
        world.tiers.invalidated(None)
        await world.look(key_of("answers", "another"))
        world.redis.is_away = True
        assert await world.look() == "mine"
        world.redis.is_away = False
        await other.keep("theirs, unheard of")
        assert await world.look() == "theirs, unheard of"

    run(work())


def test_what_is_looked_up_during_the_replay_is_not_kept(world: World, other: World):
    """What was answered from own writes leaves the first tier where Redis has something newer."""

    async def work() -> None:
        assert world.redis is not None
        await world.keep("first")
        world.redis.is_away = True
        await world.keep("ours")
        world.tiers.invalidated(None)
        assert await world.look() == "ours"
        world.redis.is_away = False
        world.clock.advance(1)
        await other.keep("theirs")
        assert world.tiers.own is not None
        await world.tiers.own.give_back(False)
        await world.look(key_of("answers", "unrelated"))
        assert await world.look() == "theirs"

    run(work())


def test_a_redis_that_lost_everything_gets_it_again(world: World, other: World):
    """After the loss of all data every own write is found, in the generation it had."""

    async def work() -> None:
        assert world.redis is not None
        await world.tiers.purge("answers")
        await world.keep("kept")
        world.redis.stored.clear()
        await world.tiers.restored(True)
        assert await world.look() == "kept"
        assert await other.look() == "kept"

    run(work())


def test_purging_reaches_every_process(world: World, other: World):
    """After a purge nobody finds the old values, and new ones are found by all."""

    async def work() -> None:
        await world.keep("old")
        assert await other.look() == "old"
        prefix, had = await world.tiers.purge("answers")
        assert [(key, content.payload) for key, content in had] == [(KEY, b"old")]
        assert await world.look() is None
        other.tiers.invalidated([b"uat:1:g:answers"])
        assert await other.look() is None
        await other.keep("new")
        assert await world.look() == "new"
        assert prefix == b"uat:1:c:answers.0:"

    run(work())


def test_purging_while_redis_is_away(world: World, other: World):
    """A purge that Redis missed is made up for when it is back."""

    async def work() -> None:
        assert world.redis is not None
        await other.keep("old")
        assert await world.look() == "old"
        world.redis.is_away = True
        await world.tiers.purge("answers")
        assert await world.look() is None
        await world.keep("new")
        world.redis.is_away = False
        await world.tiers.restored(False)
        assert await world.look() == "new"
        other.tiers.invalidated([b"uat:1:g:answers"])
        assert await other.look() == "new"

    run(work())


def test_extending(world: World, other: World):
    """An extended value lives on in both tiers; one that is not there cannot be extended."""

    async def work() -> None:
        assert not await world.tiers.extend(KEY, 10)
        await world.keep("yes")
        assert await world.tiers.extend(KEY, 2 * HOUR_MS / 1000)
        world.clock.advance(HOUR_MS / 1000 + 1)
        assert await world.look() == "yes"
        assert await other.look() == "yes"

    run(work())


def test_the_end_of_a_value(world: World, other: World):
    """A value that has ended is found nowhere, though Redis may still have it."""

    async def work() -> None:
        await world.keep("yes")
        world.clock.advance(HOUR_MS / 1000)
        assert await world.look() is None
        assert await other.look() is None

    run(work())


def test_redis_is_asked_again_after_a_while(world: World):
    """A value of Redis stays in the first tier no longer than the settings say."""

    async def work() -> None:
        assert world.redis is not None
        await world.keep("yes")
        before = world.redis.reads
        world.clock.advance(CacheSettings().first_tier_stay_s - 1)
        assert await world.look() == "yes"
        assert world.redis.reads == before
        world.clock.advance(1)
        assert await world.look() == "yes"
        assert world.redis.reads == before + 1

    run(work())


@pytest.mark.parametrize("stored", [b"", b"UATF", b"x" * 200, b"UATF" + bytes(500)])
def test_damaged_frames_are_a_miss(stored: bytes, world: World):
    """What is no frame of ours is a miss and counted, never an error."""

    async def work() -> None:
        assert world.redis is not None
        world.redis.stored[world.tiers.generations.guess(KEY)] = stored
        assert await world.look() is None
        assert world.tally["damaged"] == 1

    run(work())


@pytest.mark.parametrize(("fresh_ms", "expires_ms"), [(0, 2**62), (0, 2**63), (2**63, 2**62)])
def test_extending_what_has_impossible_times(fresh_ms: int, expires_ms: int, world: World):
    """A value of others whose times no calendar has can be given a shorter life."""

    async def work() -> None:
        assert world.redis is not None
        await world.look()
        content = Content(b"yes", Kind.TEXT, 0, fresh_ms, expires_ms, 2**64 - 1)
        world.redis.stored[world.tiers.generations.guess(KEY)] = CODEC.encode(content)
        assert await world.tiers.extend(KEY, 5)
        assert await world.look() == "yes"
        put = world.redis.writes[-1]
        assert isinstance(put, Put)
        assert put.ttl_ms <= 5000 + LONGEST_MS

    run(work())


@pytest.mark.parametrize("by", ["own write", "own removal", "foreign write"])
def test_extending_what_is_overtaken(by: str, world: World, other: World):
    """A longer life does not bring back what was replaced or removed meanwhile."""

    async def work() -> None:
        assert world.redis is not None
        await other.keep("old")
        await world.look(key_of("answers", "unrelated"))
        world.clock.advance(1)
        held = asyncio.Event()
        world.redis.held.append(held)
        extending = asyncio.create_task(world.tiers.extend(KEY, 100))
        await asyncio.sleep(0)
        if by == "own write":
            await world.keep("new")
        elif by == "own removal":
            await world.tiers.drop(KEY)
        else:
            await other.keep("new")
            world.tiers.invalidated([world.tiers.generations.guess(KEY)])
        held.set()
        assert await extending == (by != "own removal")
        expected = None if by == "own removal" else "new"
        assert await world.look() == expected
        other.tiers.invalidated(None)
        assert await other.look() == expected

    run(work())


def test_large_values(world: World, other: World):
    """A large value makes its way; one that is too large is not kept, and counted."""
    text = "many words " * (2 * ELSEWHERE_BYTES // 11)

    async def work() -> None:
        await world.keep(text)
        assert await other.look() == text
        assert not await world.keep("x" * (CacheSettings().largest_value_mib * MIB + 1))
        assert world.tally["too_large"] == 1
        assert await world.look() == text

    run(work())


@pytest.mark.parametrize("fault", ["away", "loss"])
def test_a_large_value_that_is_overtaken(fault: str, world: World):
    """What is written while a large value is being packed replaces it, for a lost Redis too."""

    async def work() -> None:
        assert world.redis is not None
        await world.look()
        world.redis.is_away = fault == "away"
        keeping = asyncio.create_task(world.keep("many words " * ELSEWHERE_BYTES))
        await asyncio.sleep(0)
        await world.keep("small")
        assert await keeping
        world.redis.is_away = False
        world.redis.stored.clear()
        await world.tiers.restored(fault == "loss")
        assert await world.look() == "small"

    run(work())


def test_many_at_once(world: World, other: World):
    """Many keys are answered in their order, found or not, near or far."""
    keys = [key_of("answers", str(number)) for number in range(20)]

    async def work() -> None:
        for number in range(0, 20, 2):
            await world.keep(str(number), keys[number])
        await other.look(keys[4])
        found = await other.tiers.look_many(keys)
        texts = [content and content.payload.decode() for content in found]
        assert texts == [str(number) if number % 2 == 0 else None for number in range(20)]

    run(work())


def test_many_callers_are_one_question(world: World, other: World):
    """Who asks for what is being read already waits for that; one who leaves harms nobody."""

    async def work() -> None:
        assert world.redis is not None
        await other.keep("yes")
        await world.look(key_of("answers", "unrelated"))
        before = world.redis.reads
        held = asyncio.Event()
        world.redis.held.append(held)
        readers = [asyncio.create_task(world.look()) for _ in range(5)]
        await asyncio.sleep(0)
        readers[2].cancel()
        await asyncio.sleep(0)
        held.set()
        found = await asyncio.gather(*readers, return_exceptions=True)
        assert [each for each in found if each == "yes"] == ["yes"] * 4
        assert world.redis.reads == before + 1
        assert world.tally["coalesced"] == 3

    run(work())


def test_the_reader_leaves(world: World, other: World):
    """When the caller who reads is cancelled, one of those who wait reads in his place."""

    async def work() -> None:
        assert world.redis is not None
        await other.keep("yes")
        await world.look(key_of("answers", "unrelated"))
        world.redis.held.append(asyncio.Event())
        readers = [asyncio.create_task(world.look()) for _ in range(3)]
        await asyncio.sleep(0)
        readers[0].cancel()
        found = await asyncio.gather(*readers, return_exceptions=True)
        assert found[1:] == ["yes", "yes"]

    run(work())
