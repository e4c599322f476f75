"""Handing sessions to Redis."""

from __future__ import annotations

import asyncio
from collections import defaultdict

from engine.cache.adapters.memory_sessions import MemorySessions
from engine.cache.ports import SessionRecord
from engine.cache.session_copies import Copy, SessionCopies
from engine.cache.session_restore import SessionRestore, portions
from engine.cache.sharing import Sharing
from engine.errors import Damaged, Refused
from tests.conftest import FakeClock
from tests.engine.cache.shaky import AWAY, Shaky


class Bench:
    """Redis and one process."""

    def __init__(self, clock: FakeClock) -> None:
        self.redis = Shaky(MemorySessions(now_ms=lambda: 1))
        self.copies = SessionCopies(twin=MemorySessions(now_ms=lambda: 1), clock=clock)
        self.tally: defaultdict[str, int] = defaultdict(int)
        self.sharing = Sharing(is_shared=lambda: True, clock=clock)
        self.restore = SessionRestore(
            store=self.redis, copies=self.copies, sharing=self.sharing, tally=self.tally
        )

    async def begin(self, *names: str) -> None:
        """Create sessions here that Redis has not got."""
        for name in names:
            await self.copies.twin.create(SessionRecord(name, "ann", 1, b"d", 0, 0, 2**50))
            self.copies.enter(name, Copy(1, is_new=True), 1)


def test_all_that_is_lacking_is_handed_over(clock: FakeClock):
    """Each session is handed over once."""

    async def check() -> None:
        bench = Bench(clock)
        await bench.begin("a", "b")
        await bench.restore.restore(False)
        await bench.restore.restore(False)
        assert len(await bench.redis.list(None, 10)) == 2
        assert bench.tally["replayed"] == 2

    asyncio.run(check())


def test_it_ends_where_redis_fails_again(clock: FakeClock):
    """One session waits in vain, not all of them; what Redis refuses does not hold up the rest."""

    async def check() -> None:
        bench = Bench(clock)
        await bench.begin("a", "b", "c")
        bench.redis.fault = AWAY
        await bench.restore.restore(False)
        assert bench.redis.asked == 1
        bench.redis.fault = Refused("full")
        await bench.restore.restore(False)
        assert bench.redis.asked == 4
        assert len(bench.copies.unsaved()) == 3

    asyncio.run(check())


def test_session_that_ended_meanwhile_is_not_handed_over(clock: FakeClock):
    """What has ended here is forgotten."""

    async def check() -> None:
        bench = Bench(clock)
        await bench.begin("a")
        await bench.copies.twin.remove("a")
        await bench.restore.restore(False)
        assert bench.copies.unsaved() == []
        assert list(await bench.redis.list(None, 10)) == []

    asyncio.run(check())


def test_older_data_gives_way_after_a_loss(clock: FakeClock):
    """Of what several processes knew when Redis lost it, the newest version stays."""

    async def check() -> None:
        for first, second in [(2, 5), (5, 2)]:
            bench = Bench(clock)
            stored = SessionRecord("a", "ann", first, b"first", 0, 0, 2**50)
            await bench.redis.create(stored)
            ours = SessionRecord("a", "ann", second, b"second", 0, 0, 2**50)
            await bench.copies.mirror(ours)
            await bench.restore.restore(True)
            newest = max(stored, ours, key=lambda each: each.version)
            for store in (bench.redis, bench.copies.twin):
                found = await store.load("a")
                assert (found.version, found.data) == (newest.version, newest.data)
            assert bench.tally["conflicts"] == 0

    asyncio.run(check())


def test_long_histories_go_in_portions():
    """Every message goes once, in order; a portion is little more than its limit."""
    messages = [bytes([number]) * 100_000 for number in range(10)]
    parts = list(portions(messages))
    assert [each for part in parts for each in part] == messages
    assert [len(part) for part in parts] == [3, 3, 3, 1]
    assert list(portions([])) == []
    assert list(portions([b"", b""])) == [[b"", b""]]


def test_answers_come_in_a_tuple(clock: FakeClock):
    """None means that Redis did not answer; one that is damaged is no answer either."""

    async def check() -> None:
        bench = Bench(clock)
        assert await bench.restore.asked(lambda: bench.redis.load("x")) == (None,)
        bench.redis.fault = Damaged("odd")
        assert await bench.restore.asked(lambda: bench.redis.load("x")) is None
        assert bench.sharing.is_on
        bench.redis.fault = AWAY
        assert await bench.restore.asked(lambda: bench.redis.load("x")) is None
        asked = bench.redis.asked
        assert await bench.restore.asked(lambda: bench.redis.load("x")) is None
        assert bench.redis.asked == asked

    asyncio.run(check())
