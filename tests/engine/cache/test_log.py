"""Logs that are followed while Redis comes and goes."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import aclosing

from hypothesis import given
from hypothesis import strategies as st

from engine.cache import log as module
from engine.cache.adapters.memory_streams import MemoryStreams
from engine.cache.log import Log
from tests.conftest import FakeClock
from tests.engine.cache.shaky import AWAY, LATE, Shaky


class Bench:
    """Redis, and one log of one process. Pauses between attempts take no time."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.redis = Shaky(MemoryStreams(now_ms=lambda: round(clock.now() * 1000)))
        self.tally: defaultdict[str, int] = defaultdict(int)
        self.log = self.process()

    def process(self) -> Log:
        """Return the logs of one more process."""

        async def pause(seconds: float) -> None:
            await asyncio.sleep(0)

        return Log(streams=self.redis, clock=self.clock, tally=self.tally, pause=pause)

    async def come_back(self) -> None:
        """Let Redis answer again."""
        self.redis.fault = None
        await self.log.restore()


async def take(log: Log, count: int, after: str = "") -> list[tuple[str, object]]:
    """Return the next messages of "a"."""
    found = []
    async with aclosing(log.follow("a", after)) as following:
        while len(found) < count:
            found.append(await anext(following))
    return found


def test_follower_reads_old_and_new(clock: FakeClock):
    """It begins anywhere, and goes on with what is appended later."""

    async def check() -> None:
        bench = Bench(clock)
        ids = [await bench.log.append("a", value) for value in ({"n": 1}, 2)]
        async with aclosing(bench.process().follow("a")) as following:
            assert await anext(following) == (ids[0], {"n": 1})
            assert await anext(following) == (ids[1], 2)
            waiting = asyncio.ensure_future(anext(following))
            await asyncio.sleep(0)
            third = await bench.log.append("a", 3)
            assert await waiting == (third, 3)
        assert await take(bench.log, 2, ids[0] or "") == [(ids[1], 2), (third, 3)]

    asyncio.run(check())


def test_nothing_is_lost_while_redis_is_away(clock: FakeClock):
    """What could not be stored is stored later, in its order; the follower reads on."""

    async def check() -> None:
        bench = Bench(clock)
        await bench.log.append("a", 1)
        bench.redis.fault = AWAY
        assert [await bench.log.append("a", value) for value in (2, 3)] == [None, None]
        assert bench.log.unsaved == 2
        reading = asyncio.ensure_future(take(bench.process(), 4))
        for _ in range(5):
            await asyncio.sleep(0)
        await bench.come_back()
        assert await bench.log.append("a", 4) is not None
        assert [value for _, value in await reading] == [1, 2, 3, 4]
        assert bench.log.unsaved == 0

    asyncio.run(check())


def test_message_stored_twice_is_read_once(clock: FakeClock):
    """Stored without an answer and stored again, a message is read once."""

    async def check() -> None:
        bench = Bench(clock)
        bench.redis.fault, bench.redis.is_done = LATE, True
        await bench.log.append("a", 1)
        await bench.come_back()
        await bench.log.append("a", 2)
        assert len(await bench.redis.read("a", "", 10)) == 3
        assert [value for _, value in await take(bench.log, 2)] == [1, 2]

    asyncio.run(check())


def test_appended_at_once_stays_in_order(clock: FakeClock):
    """Many appends at once are stored in the order in which they were made, each with its id."""

    async def check() -> None:
        bench = Bench(clock)
        ids = await asyncio.gather(*[bench.log.append("a", number) for number in range(50)])
        assert await take(bench.log, 50) == list(zip(ids, range(50), strict=True))

    asyncio.run(check())


def test_callers_do_not_wait_one_after_the_other(clock: FakeClock):
    """Of many appends to a Redis that has just frozen, one waits for it."""

    async def check() -> None:
        bench = Bench(clock)
        bench.redis.fault = LATE
        await asyncio.gather(*[bench.log.append("a", number) for number in range(50)])
        assert bench.redis.asked == 1
        assert bench.log.unsaved == 50

    asyncio.run(check())


def test_what_waits_goes_to_the_next_redis(clock: FakeClock):
    """After a change of Redis, what the one before did not get is stored in the new one."""

    async def check() -> None:
        bench = Bench(clock)
        bench.redis.fault = AWAY
        await bench.log.append("a", 1)
        bench.log.attach(MemoryStreams(now_ms=lambda: 5))
        await bench.log.append("a", 2)
        assert [value for _, value in await take(bench.log, 2)] == [1, 2]

    asyncio.run(check())


def test_memory_is_bounded(clock: FakeClock, monkeypatch):
    """Beyond the limit the oldest waiting messages are lost, and counted."""
    monkeypatch.setattr(module, "MOST_WAITING", 3)

    async def check() -> None:
        bench = Bench(clock)
        bench.redis.fault = AWAY
        for number in range(5):
            await bench.log.append("a", number)
        await bench.come_back()
        assert [value for _, value in await take(bench.log, 3)] == [2, 3, 4]
        assert bench.tally["forgotten"] == 2

    asyncio.run(check())


def test_foreign_messages_are_left_out(clock: FakeClock):
    """What is no message of ours is counted and passed over."""

    async def check() -> None:
        bench = Bench(clock)
        deep = b"\x93\xc4\x01a\x01" + b"\x91" * 99_999 + b"\x01"
        for each in (b"", b"\xc1", b"\x93\xc4\x01a\x01\xc1", deep):
            await bench.redis.append("a", each, 10)
        await bench.log.append("a", 1)
        assert [value for _, value in await take(bench.log, 1)] == [1]
        assert bench.tally["damaged"] == 4

    asyncio.run(check())


EVENTS = st.lists(st.sampled_from(["append", "append", "away", "late", "back"]), max_size=30)


@given(EVENTS)
def test_each_message_once_in_order(events: list[str]):
    """Whatever Redis does, a follower reads each message once, in the order of the appends."""

    async def check() -> None:
        bench = Bench(FakeClock())
        appended = 0
        for event in events:
            bench.clock.advance(0.6)
            if event == "append":
                await bench.log.append("a", appended)
                appended += 1
            elif event == "back":
                await bench.come_back()
            else:
                bench.redis.fault = AWAY if event == "away" else LATE
                bench.redis.is_done = event == "late"
        await bench.come_back()
        assert [value for _, value in await take(bench.log, appended)] == list(range(appended))

    asyncio.run(check())
