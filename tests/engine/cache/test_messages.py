"""Messages between processes, with a Redis that comes and goes."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

import msgspec
import pytest

from engine.cache.adapters.memory_channels import MemoryChannels
from engine.cache.messages import MOST_CHANNELS, Frame, Messages
from engine.cache.subscription import Subscription
from tests.conftest import FakeClock
from tests.engine.cache.shaky import AWAY


class Redis:
    """Channels whose server can go away, or lose single messages."""

    def __init__(self) -> None:
        self._channels = MemoryChannels()
        self._gone = asyncio.Event()
        self.is_there = True
        self.loses = False
        self.asked = 0

    async def publish(self, channel: str, message: bytes) -> None:
        """Send, unless it is lost."""
        self.asked += 1
        if not self.is_there:
            raise AWAY
        if not self.loses:
            await self._channels.publish(channel, message)

    async def listen(self, channels: Sequence[str]) -> AsyncGenerator[tuple[str, bytes] | None]:
        """Yield what arrives until the server goes away."""
        if not self.is_there:
            raise AWAY
        gone, listening = self._gone, self._channels.listen(channels)
        try:
            while True:
                arriving = asyncio.ensure_future(anext(listening))
                leaving = asyncio.ensure_future(gone.wait())
                try:
                    await asyncio.wait([arriving, leaving], return_when=asyncio.FIRST_COMPLETED)
                    if gone.is_set():
                        raise AWAY
                finally:
                    leaving.cancel()
                    if not arriving.done():
                        arriving.cancel()
                    await asyncio.wait([arriving, leaving])
                yield arriving.result()
        finally:
            await listening.aclose()

    def leave(self) -> None:
        """End every connection, and take no new one."""
        self.is_there = False
        self._gone.set()

    def come_back(self) -> None:
        """Take connections again."""
        self.is_there = True
        self._gone = asyncio.Event()


class Bench:
    """Redis, and processes that share it. Pauses between attempts take no time."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.redis = Redis()
        self.tally: defaultdict[str, int] = defaultdict(int)
        self.processes: list[Messages] = []

    def process(self) -> Messages:
        """Return the messages of one more process."""

        async def pause(seconds: float) -> None:
            await asyncio.sleep(0)

        self.processes.append(
            Messages(
                channels=self.redis,
                is_shared=lambda: self.redis.is_there,
                clock=self.clock,
                tally=self.tally,
                pause=pause,
            )
        )
        return self.processes[-1]


def run(clock: FakeClock, check: Callable[[Bench], Awaitable[None]]) -> None:
    """Run `check`; fails where a task is left behind."""

    async def checked() -> None:
        bench = Bench(clock)
        await check(bench)
        for process in bench.processes:
            await process.aclose()
            await process.aclose()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(checked())


async def settle() -> None:
    """Let everything that can go on do so."""
    for _ in range(50):
        await asyncio.sleep(0)


async def read(subscription: Subscription, most: int = 100) -> list[object]:
    """Return what has arrived: values, and "gap" where one was told."""
    await settle()
    found: list[object] = []
    while subscription._waiting and len(found) < most:
        message = await anext(subscription)
        found.append("gap" if message.is_gap else message.value)
    return found


def test_message_reaches_everybody_once(clock: FakeClock):
    """Listeners of this process and of others get each message once, in its sender's order."""

    async def check(bench: Bench) -> None:
        one, two = bench.process(), bench.process()
        here, there = one.subscribe("a", "b"), two.subscribe("a")
        await settle()
        for value in ({"n": 1}, [2], "three", None):
            await one.publish("a", value)
        await one.publish("b", 4)
        await settle()
        await two.publish("a", 5)
        assert await read(there) == [{"n": 1}, [2], "three", None, 5]
        assert await read(here) == [{"n": 1}, [2], "three", None, 4, 5]
        assert bench.tally["published"] == 6
        assert bench.tally["received"] == 11
        assert bench.tally["gaps"] == 0

    run(clock, check)


def test_message_names_its_time(clock: FakeClock):
    """A message has its channel and the moment at which it was sent."""

    async def check(bench: Bench) -> None:
        one, two = bench.process(), bench.process()
        there = two.subscribe("a")
        await settle()
        await one.publish("a", 1)
        sent_at = clock.wall()
        clock.advance(5)
        message = await anext(there)
        assert (message.channel, message.sent_at, message.is_gap) == ("a", sent_at, False)

    run(clock, check)


def test_local_delivery_goes_on(clock: FakeClock):
    """While Redis is away, listeners of this process get everything; nobody waits for Redis."""

    async def check(bench: Bench) -> None:
        one = bench.process()
        here = one.subscribe("a")
        await settle()
        bench.redis.leave()
        for value in range(5):
            await one.publish("a", value)
        assert await read(here) == [0, 1, 2, 3, 4]
        assert bench.redis.asked == 0

    run(clock, check)


def test_gap_after_a_reconnect(clock: FakeClock):
    """After Redis was away, each listener hears once that it may have missed something."""

    async def check(bench: Bench) -> None:
        one, two = bench.process(), bench.process()
        there = two.subscribe("a")
        await settle()
        await one.publish("a", 1)
        assert await read(there) == [1]
        bench.redis.leave()
        await settle()
        await one.publish("a", "missed")
        bench.redis.come_back()
        await settle()
        await one.publish("a", 2)
        assert await read(there) == ["gap", 2]
        assert bench.tally["gaps"] == 1

    run(clock, check)


def test_lost_message_is_noticed(clock: FakeClock):
    """A message that Redis lost is a gap before the next one, without any reconnect."""

    async def check(bench: Bench) -> None:
        one, two = bench.process(), bench.process()
        here, there = one.subscribe("a"), two.subscribe("a")
        await settle()
        await one.publish("a", 1)
        await settle()
        bench.redis.loses = True
        await one.publish("a", 2)
        bench.redis.loses = False
        await one.publish("a", 3)
        assert await read(there) == [1, "gap", 3]
        assert await read(here) == [1, 2, 3]

    run(clock, check)


def test_listener_that_began_without_redis(clock: FakeClock):
    """It hears of the time before as a gap, and what is sent from then on."""

    async def check(bench: Bench) -> None:
        one, two = bench.process(), bench.process()
        bench.redis.leave()
        there = two.subscribe("a")
        await settle()
        bench.redis.come_back()
        await settle()
        await one.publish("a", 1)
        assert await read(there) == ["gap", 1]

    run(clock, check)


def test_doubled_and_foreign_messages(clock: FakeClock):
    """A message that arrives twice is delivered once; what is none of ours is counted, not told."""

    async def check(bench: Bench) -> None:
        there = bench.process().subscribe("a")
        await settle()
        message = msgspec.msgpack.encode(Frame(b"other", 7, 0, msgspec.Raw(b"\x01")))
        broken = msgspec.msgpack.encode(Frame(b"other", 8, 10**18, msgspec.Raw(b"\x01")))
        deep = msgspec.msgpack.encode(
            Frame(b"other", 9, 0, msgspec.Raw(b"\x91" * 99_999 + b"\x01"))
        )
        for each in (message, message, b"", b"\xc1", b"\x90", broken, deep):
            await bench.redis.publish("a", each)
        assert await read(there) == [1]
        assert bench.tally["damaged"] == 5

    run(clock, check)


def test_many_channels(clock: FakeClock):
    """However many channels are used, few are remembered; who listens gets every message."""

    async def check(bench: Bench) -> None:
        here, there = bench.process(), bench.process()
        listener = there.subscribe("lasting")
        await settle()
        for number in range(3):
            await here.publish("lasting", number)
        for number in range(2 * MOST_CHANNELS):
            await here.publish(f"passing-{number}", number)
        await here.publish("lasting", "last")
        assert await read(listener) == [0, 1, 2, "gap", "last"]
        assert len(here.channels()) <= MOST_CHANNELS

    run(clock, check)


def test_closed_listener_gets_nothing(clock: FakeClock):
    """Leaving the block ends the connection and the counting."""

    async def check(bench: Bench) -> None:
        one = bench.process()
        async with one.subscribe("a", "a") as here:
            await settle()
            (before,) = one.channels()
            assert (before.name, before.subscribers) == ("a", 1)
        await one.publish("a", 1)
        assert await read(here) == []
        (after,) = one.channels()
        assert (after.published, after.received, after.subscribers) == (1, 0, 0)
        assert after.last_at == clock.wall()

    run(clock, check)


def test_another_redis_is_listened_to(clock: FakeClock):
    """After a change of Redis, listeners are told of the gap and hear the new one."""

    async def check(bench: Bench) -> None:
        one, two = bench.process(), bench.process()
        there = two.subscribe("a")
        await settle()
        other = Redis()
        for process in (one, two):
            await process.attach(other)
        await settle()
        await one.publish("a", 1)
        assert await read(there) == ["gap", 1]
        assert bench.redis.asked == 0

    run(clock, check)


def test_no_channel_is_a_mistake(clock: FakeClock):
    """Listening to nothing is a ValueError."""

    async def check(bench: Bench) -> None:
        with pytest.raises(ValueError, match="at least one"):
            bench.process().subscribe()

    run(clock, check)
