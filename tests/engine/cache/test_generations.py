"""Every process agrees on the generation of a namespace, whatever Redis missed or lost."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cache.generations import NEVER_MS, Generations
from engine.cache.keys import generation_key, key_of, prefix_of
from engine.cache.ports import Put, Raise, Write
from engine.cache.unix_time import LONGEST_S
from engine.errors import Unreachable
from tests.engine.cache.redis_twin import RedisTwin
from tests.engine.cache.simulated_cache import run

KEY = key_of("n", "key")
LEFT = generation_key("n")


def physical(generation: int) -> bytes:
    """Return what KEY is called in `generation`."""
    return prefix_of("n", generation) + KEY.tail


def test_nothing_outlives_its_generation():
    """A generation stays longer than anything that can be stored in it."""
    assert NEVER_MS > 2 * 1000 * LONGEST_S


def test_alone():
    """Without Redis a namespace begins at 0 and a purge counts on."""

    async def work() -> None:
        generations = Generations(None)
        assert generations.physical(KEY) is None
        assert await generations.find(KEY) == physical(0)
        assert generations.physical(KEY) == physical(0)
        assert await generations.purge("n") == 0
        assert generations.physical(KEY) == physical(1)
        await generations.settle_debts()
        assert generations.names() == ["n"]

    run(work)


def test_redis_has_the_number():
    """The number is asked for once, and again after somebody else purged or may have."""

    async def work() -> None:
        redis = RedisTwin({LEFT: b"7"})
        here, there = Generations(redis), Generations(redis)
        assert await here.find(KEY) == physical(7)
        assert (here.physical(KEY), redis.reads) == (physical(7), 1)
        assert await there.purge("n") == 0
        assert there.physical(KEY) == physical(8)
        here.invalidated([b"uat:1:c:n.7::=key", generation_key("other")])
        assert here.physical(KEY) == physical(7)
        here.invalidated([LEFT])
        assert here.physical(KEY) is None
        assert here.guess(KEY) == physical(7)
        assert await here.find(KEY) == physical(8)
        here.invalidated(None)
        assert here.physical(KEY) is None

    run(work)


@pytest.mark.parametrize("stored", [b"", b"-3", b"x", b"\xff", "³".encode(), b"9" * 5000])
def test_foreign_number(stored: bytes):
    """What is no number counts as 0."""

    async def work() -> None:
        assert await Generations(RedisTwin({LEFT: stored})).find(KEY) == physical(0)

    run(work)


def test_redis_is_away():
    """While Redis is away the last number counts, purges count on, and are made up for."""

    async def work() -> None:
        redis = RedisTwin({LEFT: b"3"})
        here = Generations(redis)
        await here.find(KEY)
        redis.is_away = True
        assert await here.purge("n") == 3
        assert await here.purge("n") == 4
        assert here.physical(KEY) is None
        assert await here.find(KEY) == physical(5)
        await here.settle_debts()
        redis.is_away = False
        await here.settle_debts()
        assert redis.stored[LEFT] == b"5"
        assert here.physical(KEY) == physical(5)
        await here.settle_debts()
        assert redis.stored[LEFT] == b"5"

    run(work)


def test_unknown_while_away():
    """Without an answer the generation stays unknown, and is guessed where it must be."""

    async def work() -> None:
        here = Generations(RedisTwin(is_away=True))
        assert await here.find(KEY) is None
        assert here.guess(KEY) == physical(0)

    run(work)


def test_redis_lost_the_number():
    """A Redis that lost the number gets it back; one that has a smaller one counts up to it."""

    async def work() -> None:
        redis = RedisTwin({LEFT: b"3"})
        here = Generations(redis)
        await here.find(KEY)
        redis.stored.clear()
        here.invalidated(None)
        assert await here.find(KEY) == physical(3)
        assert redis.stored[LEFT] == b"3"
        put = redis.writes[-1]
        assert isinstance(put, Put)
        assert put.ttl_ms == NEVER_MS
        redis.stored[LEFT] = b"1"
        here.invalidated(None)
        assert await here.find(KEY) == physical(3)
        assert redis.stored[LEFT] == b"3"

    run(work)


def test_far_behind():
    """However far behind Redis is, it is asked to count once: somebody waits for it."""

    async def work() -> None:
        redis = RedisTwin({LEFT: b"1000"})
        here = Generations(redis)
        await here.find(KEY)
        redis.stored[LEFT] = b"1"
        here.invalidated(None)
        assert await here.find(KEY) == physical(1000)
        assert redis.writes == [Raise(LEFT, 999)]

    run(work)


class HeldRedis(RedisTwin):
    """Counts at once, and answers when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.goes_on = asyncio.Event()

    async def write(self, write: Write) -> int:
        number = await super().write(write)
        await self.goes_on.wait()
        return number


def test_purges_at_once():
    """Purges at the same time are each counted once, and none fails."""

    async def work() -> None:
        redis = HeldRedis()
        here = Generations(redis)
        purging = [asyncio.ensure_future(here.purge("n")) for _ in range(5)]
        await asyncio.sleep(0)
        finding = asyncio.ensure_future(here.find(KEY))
        await asyncio.sleep(0)
        redis.goes_on.set()
        assert sorted(await asyncio.gather(*purging)) == [0, 1, 2, 3, 4]
        assert await finding == physical(5)
        assert redis.stored[LEFT] == b"5"
        assert here.physical(KEY) == physical(5)

    run(work)


def test_a_cancelled_purge_is_owed():
    """A purge whose caller leaves before Redis answers is counted later."""

    async def work() -> None:
        redis = HeldRedis()
        here = Generations(redis)
        purging = asyncio.ensure_future(here.purge("n"))
        await asyncio.sleep(0)
        purging.cancel()
        await asyncio.wait([purging])
        redis.goes_on.set()
        await here.settle_debts()
        assert int(redis.stored[LEFT]) >= 1
        assert here.physical(KEY) == physical(int(redis.stored[LEFT]))

    run(work)


def test_purged_while_asking():
    """An answer of before a purge does not bring its generation back."""

    async def work() -> None:
        redis = RedisTwin({LEFT: b"3"})
        here = Generations(redis)
        held = asyncio.Event()
        redis.held.append(held)
        finding = asyncio.ensure_future(here.find(KEY))
        await asyncio.sleep(0)
        redis.is_away = True
        await here.purge("n")
        held.set()
        await finding
        redis.is_away = False
        await here.settle_debts()
        assert redis.stored[LEFT] == b"4"
        assert here.physical(KEY) == physical(4)

    run(work)


@pytest.mark.parametrize("keys", [[LEFT], None])
def test_others_purged_while_asking(keys: list[bytes] | None):
    """A number that was overtaken on its way is asked for again."""

    async def work() -> None:
        redis = RedisTwin({LEFT: b"3"})
        here = Generations(redis)
        held = asyncio.Event()
        redis.held.append(held)
        finding = asyncio.ensure_future(here.find(KEY))
        await asyncio.sleep(0)
        redis.stored[LEFT] = b"4"
        here.invalidated(keys)
        held.set()
        await finding
        assert here.physical(KEY) is None
        assert await here.find(KEY) == physical(4)
        assert here.physical(KEY) == physical(4)

    run(work)


def test_debts_are_taken_over():
    """What one connection owed Redis the next one pays."""

    async def work() -> None:
        redis = RedisTwin({LEFT: b"3"}, is_away=True)
        before = Generations(redis)
        await before.purge("n")
        await before.purge("n")
        after = Generations(redis)
        after.take_debts(before)
        redis.is_away = False
        assert await after.find(KEY) == physical(2)
        await after.settle_debts()
        assert redis.stored[LEFT] == b"5"
        assert after.physical(KEY) == physical(5)

    run(work)


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.sampled_from(["purge", "find", "away", "back", "lost"])),
        max_size=30,
    )
)
def test_everybody_agrees(steps: list[tuple[int, str]]):
    """When Redis is back all use the same generation, and none that was purged comes back."""

    async def work() -> None:
        redis = RedisTwin()
        processes = [Generations(redis), Generations(redis)]
        used: list[set[bytes]] = [set(), set()]
        for who, what in steps:
            if what == "purge":
                used[who].add(processes[who].guess(KEY))
                await processes[who].purge("n")
                assert processes[who].guess(KEY) not in used[who]
            elif what == "find":
                await processes[who].find(KEY)
            elif what == "lost":
                redis.stored.clear()
            else:
                redis.is_away = what == "away"
            if what in ("purge", "lost"):
                processes[1 - who].invalidated(None)
                processes[who].invalidated([LEFT])
        redis.is_away = False
        for _ in range(2):
            for each in processes:
                each.invalidated(None)
                await each.settle_debts()
                await each.find(KEY)
        for each in processes:
            each.invalidated(None)
        found = [await each.find(KEY) for each in processes]
        assert found[0] == found[1]
        assert found[0] not in used[0] | used[1]

    run(work)


def test_a_refusal_of_the_number():
    """Where Redis does not take the number back, the one known here is used all the same."""

    async def work() -> None:
        redis = RedisTwin({LEFT: b"3"})
        here = Generations(redis)
        await here.find(KEY)
        redis.stored.clear()
        here.invalidated(None)

        async def refuse(write: Write) -> int:
            raise Unreachable("Redis is away: wait")

        redis.write = refuse  # type: ignore[method-assign]
        assert await here.find(KEY) == physical(3)

    run(work)
