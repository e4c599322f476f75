"""What this process wrote reaches Redis once, in order, however late."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence

import pytest

from engine.cache.codec import Codec, Content, Kind
from engine.cache.generations import Generations
from engine.cache.journal import Journal
from engine.cache.keys import Key, key_of, parse_key
from engine.cache.own_writes import REPLAY_BATCH, TOMBSTONE_MS, OwnWrites
from engine.cache.ports import Put, Remove, Write
from engine.cache.unix_time import UnixTime
from engine.errors import Refused
from tests.conftest import FakeClock
from tests.engine.cache.redis_twin import RedisTwin
from tests.engine.cache.simulated_cache import run
from tests.engine.cache.world import CODEC, HOUR_MS

KEY = key_of("n", "key")


class Process:
    """Own writes of one process."""

    def __init__(self, clock: FakeClock, redis: RedisTwin | None = None) -> None:
        self.redis = redis or RedisTwin()
        self.time = UnixTime(clock)
        self.tally: defaultdict[str, int] = defaultdict(int)
        self.journal = Journal(limit_bytes=10_000_000)
        self.generations = Generations(self.redis)
        self.own = OwnWrites(
            second=self.redis,
            journal=self.journal,
            generations=self.generations,
            time=self.time,
            tally=self.tally,
            invalidated=self.hear,
        )

    def hear(self, keys: Sequence[bytes] | None) -> None:
        """Forget what others have written."""
        for key in keys or ():
            parsed = parse_key(key)
            assert parsed is not None
            self.journal.forget(parsed[0])

    def frame(self, text: str, kind: Kind = Kind.TEXT, ttl_ms: int = HOUR_MS) -> bytes:
        """Return `text` as it is stored, written now."""
        now_ms = self.time.now_ms()
        ends_ms = now_ms + ttl_ms
        return CODEC.encode(Content(text.encode(), kind, now_ms, ends_ms, ends_ms, ends_ms))

    async def put(self, text: str, key: Key = KEY, ttl_ms: int = HOUR_MS) -> None:
        """Store `text`."""
        ends_ms = self.time.now_ms() + ttl_ms
        await self.own.put(key, self.frame(text, ttl_ms=ttl_ms), ends_ms, "always")

    async def remove(self, key: Key = KEY) -> bool:
        """Remove `key`."""
        return await self.own.remove(key, self.frame("", Kind.REMOVED))

    def stored(self, key: Key = KEY, codec: Codec = CODEC) -> str | None:
        """Return what lies in Redis."""
        frame = self.redis.stored.get(self.generations.guess(key))
        if frame is None:
            return None
        content = codec.decode(frame)
        return None if content.kind is Kind.REMOVED else content.payload.decode()


@pytest.fixture
def process(clock: FakeClock) -> Process:
    """Return a process with a Redis."""
    return Process(clock)


def test_stored_and_removed(process: Process):
    """While Redis answers, a write is there at once and nothing is left to do."""

    async def work() -> None:
        await process.put("one")
        assert process.stored() == "one"
        assert process.journal.status().kept == 1
        assert await process.remove()
        assert process.stored() is None
        assert not await process.remove()
        assert process.journal.status().pending == 0
        assert process.tally["failed"] == 0

    run(work)


def test_time_to_live(process: Process, clock: FakeClock):
    """A value lives in Redis for as long as is left of its time, at least a moment."""

    async def work() -> None:
        await process.put("one", ttl_ms=5000)
        await process.put("two", ttl_ms=-5)
        ttls = [write.ttl_ms for write in process.redis.writes if isinstance(write, Put)]
        assert ttls == [5000, 1]

    run(work)


def test_away_and_back(process: Process, clock: FakeClock):
    """What was written while Redis was away it gets when it is back, the last write of each key."""

    async def work() -> None:
        gone, ended = key_of("n", "gone"), key_of("n", "ended")
        await process.put("before", gone)
        await process.put("before", ended)
        process.redis.is_away = True
        await process.put("old")
        clock.advance(1)
        await process.put("new")
        await process.put("short", ended, ttl_ms=500)
        assert not await process.remove(gone)
        clock.advance(1)
        assert process.tally["failed"] == 4
        process.redis.is_away = False
        await process.own.give_back(has_lost_data=False)
        assert [process.stored(key) for key in (KEY, gone, ended)] == ["new", None, None]
        assert process.journal.status().pending == 0
        assert process.tally["replayed"] == 3

    run(work)


@pytest.mark.parametrize("is_removal", [False, True])
def test_others_wrote_meanwhile(is_removal: bool, process: Process, clock: FakeClock):
    """What others wrote later than what Redis missed stays."""
    other = Process(clock, process.redis)

    async def work() -> None:
        process.redis.is_away = True
        if is_removal:
            await process.remove()
        else:
            await process.put("mine")
        process.redis.is_away = False
        clock.advance(1)
        await other.put("theirs")
        await process.own.give_back(has_lost_data=False)
        assert process.stored() == "theirs"
        status = process.journal.status()
        assert (status.pending, status.kept) == (0, 0)

    run(work)


def test_empty_redis(process: Process, clock: FakeClock):
    """A Redis that lost its data gets what it had from here, except what others gave it since."""
    other = Process(clock, process.redis)

    async def work() -> None:
        second = key_of("n", "second")
        await process.put("mine")
        await process.put("mine", second)
        process.redis.stored.clear()
        await process.own.give_back(has_lost_data=False)
        assert process.stored() is None
        clock.advance(1)
        await other.put("theirs", second)
        await process.own.give_back(has_lost_data=True)
        assert (process.stored(), process.stored(second)) == ("mine", "theirs")

    run(work)


@pytest.mark.parametrize("is_first", [False, True])
def test_overwritten_unheard(is_first: bool, process: Process, clock: FakeClock):
    """What others overwrote while we did not hear of it does not come back with a loss."""
    other = Process(clock, process.redis)

    async def work() -> None:
        await process.put("mine")
        clock.advance(1)
        await other.put("theirs")
        process.redis.stored.clear()
        for each in (process, other) if is_first else (other, process):
            await each.own.give_back(has_lost_data=True)
        assert process.stored() == "theirs"

    run(work)


def test_removed_stays_removed(process: Process, clock: FakeClock):
    """A value that was removed while Redis was away is not brought back by who remembers it."""
    other = Process(clock, process.redis)

    async def work() -> None:
        await other.put("old")
        clock.advance(1)
        process.redis.is_away = True
        await process.remove()
        process.redis.is_away = False
        process.redis.stored.clear()
        await process.own.give_back(has_lost_data=True)
        await other.own.give_back(has_lost_data=True)
        assert process.stored() is None
        tombstones = [
            each
            for each in process.redis.writes
            if isinstance(each, Put) and each.ttl_ms == TOMBSTONE_MS and each.when == "newer"
        ]
        assert len(tombstones) == 1

    run(work)


def test_deferred(process: Process):
    """What is deferred is sent with the next giving back, not before."""

    async def work() -> None:
        gone = key_of("n", "gone")
        await process.put("there", gone)
        process.own.defer_put(KEY, process.frame("later"), process.time.now_ms() + HOUR_MS)
        process.own.defer_remove(gone, process.frame("", Kind.REMOVED))
        assert (process.stored(), process.stored(gone)) == (None, "there")
        await process.own.catch_up()
        assert (process.stored(), process.stored(gone)) == ("later", None)

    run(work)


class PickyRedis(RedisTwin):
    """Refuses keys of one name."""

    refused = b"refused"

    async def write(self, write: Write) -> int:
        if self.refused in write.key:
            self.writes.append(write)
            raise Refused("the server is full: give it more memory")
        return await super().write(write)


def test_full_server_is_left_alone(clock: FakeClock):
    """A server that refuses a whole batch is not asked for the rest; the next time begins there."""
    redis = PickyRedis()
    process = Process(clock, redis)

    async def work() -> None:
        for number in range(3 * REPLAY_BATCH):
            process.own.defer_put(
                key_of("n", f"refused-{number}"), process.frame("x"), process.time.now_ms() + 1000
            )
        process.own.defer_put(key_of("n", "fine"), process.frame("y"), process.time.now_ms() + 1000)
        await process.own.catch_up()
        assert len(redis.writes) == REPLAY_BATCH
        for _ in range(3):
            await process.own.catch_up()
        assert process.stored(key_of("n", "fine")) == "y"
        assert process.journal.status().pending == 3 * REPLAY_BATCH
        redis.refused = b"nothing"
        await process.own.catch_up()
        assert process.journal.status().pending == 0

    run(work)


def test_full_journal_is_not_listed(process: Process, monkeypatch: pytest.MonkeyPatch):
    """Whether Redis takes anything is found out without looking through the whole journal."""

    async def work() -> None:
        process.own.defer_put(KEY, process.frame("x"), process.time.now_ms() + 1000)
        with monkeypatch.context() as patch:
            patch.delattr(Journal, "pending")
            process.redis.is_away = True
            await process.own.catch_up()
        process.redis.is_away = False
        await process.own.catch_up()
        assert process.stored() == "x"

    run(work)


@pytest.mark.parametrize("others", [0, 2], ids=["all of it", "some of it"])
def test_empty_redis_that_refuses(others: int, clock: FakeClock):
    """What a Redis that lost its data refuses at first is sent again, however much it is."""
    redis = PickyRedis()
    redis.refused = b"nothing"
    process = Process(clock, redis)
    keys = [key_of("n", f"refused-{number}") for number in range(2 * REPLAY_BATCH)]
    keys += [key_of("n", f"fine-{number}") for number in range(others)]

    async def work() -> None:
        for key in keys:
            await process.put("mine", key)
        redis.stored.clear()
        redis.refused = b"refused"
        await process.own.give_back(has_lost_data=True)
        assert process.journal.status().pending >= 2 * REPLAY_BATCH
        redis.refused = b"nothing"
        await process.own.catch_up()
        assert {process.stored(key) for key in keys} == {"mine"}
        assert process.journal.status().pending == 0

    run(work)


def test_written_again_while_it_is_replayed(process: Process, clock: FakeClock):
    """A value that is written anew while the old one is given back stays the new one."""

    async def work() -> None:
        for number in range(2 * REPLAY_BATCH):
            process.own.defer_put(
                key_of("n", f"key-{number}"), process.frame("old"), process.time.now_ms() + HOUR_MS
            )
        clock.advance(1)
        giving = asyncio.ensure_future(process.own.give_back(has_lost_data=False))
        last = key_of("n", f"key-{2 * REPLAY_BATCH - 1}")
        await asyncio.sleep(0)
        await process.put("new", last)
        await giving
        assert process.stored(last) == "new"
        assert process.journal.status().pending == 0

    run(work)


def test_nothing_to_do(process: Process):
    """With nothing pending Redis is asked nothing."""

    async def work() -> None:
        await process.own.catch_up()
        await process.own.give_back(has_lost_data=True)
        assert process.redis.writes == []
        assert not any(isinstance(write, Remove) for write in process.redis.writes)

    run(work)
