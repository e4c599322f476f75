"""Processes that make values, a shelf between them, and time that tests own."""

from __future__ import annotations

import asyncio
import gc
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from random import Random
from typing import Any

from msgspec.structs import replace

from engine.cache.adapters.memory_leases import MemoryLeases
from engine.cache.content import Content, unpack
from engine.cache.freshness import Freshness
from engine.cache.keys import Key, key_of
from engine.cache.ports import LeaseStore
from engine.cache.stampede import Stampede
from engine.cache.unix_time import UnixTime
from tests.conftest import FakeClock

KEY = key_of("answers", "one")
A_MINUTE = Freshness(ttl_s=60.0, early=0.0)


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run `work`; fail where a task is left behind or an error is reported to nobody."""
    reported: list[dict[str, Any]] = []

    async def watched() -> None:
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: reported.append(context)
        )
        await work
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"left behind: {left}"
        await settle()
        gc.collect()  # what asyncio complains of, it complains of when it is thrown away
        await settle()

    asyncio.run(watched())
    assert reported == []


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(30):
        await asyncio.sleep(0)


@dataclass
class Hours:
    """The time of all processes, and who sleeps until when."""

    clock: FakeClock = field(default_factory=FakeClock)
    sleepers: list[tuple[float, asyncio.Future[None]]] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        """Return once `seconds` have passed on the clock."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.sleepers.append((self.clock.now() + seconds, future))
        await future

    async def elapse(self, seconds: float) -> None:
        """Let `seconds` pass, waking every sleeper at its time."""
        end_s = self.clock.now() + seconds
        await settle()
        while due := [(at_s, each) for at_s, each in self.sleepers if at_s <= end_s]:
            at_s, future = min(due, key=lambda sleeper: sleeper[0])
            self.sleepers.remove((at_s, future))
            self.clock.advance(max(0.0, at_s - self.clock.now()))
            if not future.done():
                future.set_result(None)
            await settle()
        self.clock.advance(max(0.0, end_s - self.clock.now()))


class OpenShelf:
    """A shelf that takes a turn of the loop for everything, as Redis does."""

    def __init__(self, time: UnixTime) -> None:
        self.contents: dict[Key, Content] = {}
        self.is_keeping = True
        self._time = time

    async def look(self, key: Key) -> Content | None:
        """Return what has not ended."""
        content = self.contents.get(key)
        await asyncio.sleep(0)
        return content if content is not None and content.ends_ms > self._time.now_ms() else None

    peek = look

    def peek_near(self, key: Key) -> Content | None:
        """Return what is there, at once."""
        return self.contents.get(key)

    async def keep(self, key: Key, content: Content) -> bool:
        """Keep it, where it is kept at all."""
        await asyncio.sleep(0)
        if self.is_keeping:
            self.contents[key] = content
        return self.is_keeping


class Maker:
    """Makes values when the test says so."""

    def __init__(self) -> None:
        self.calls: list[asyncio.Future[object]] = []
        self.running = 0
        self.most_running = 0

    async def __call__(self) -> object:
        """Wait for the test."""
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self.calls.append(future)
        self.running += 1
        self.most_running = max(self.running, self.most_running)
        try:
            return await future
        finally:
            self.running -= 1

    async def give(self, value: object) -> None:
        """End the call that began first with `value`, or with an error."""
        await settle()
        future = next(call for call in self.calls if not call.done())
        if isinstance(value, BaseException):
            future.set_exception(value)
        else:
            future.set_result(value)
        await settle()


class World:
    """Some processes on one shelf."""

    def __init__(self, *, has_leases: bool = False) -> None:
        self.hours = Hours()
        self.time = UnixTime(self.hours.clock)
        self.shelf = OpenShelf(self.time)
        self.leases: LeaseStore | None = None
        if has_leases:
            self.leases = MemoryLeases(now_ms=self.time.now_ms)
        self.maker = Maker()
        self.tally: defaultdict[str, int] = defaultdict(int)
        self.is_shared = True
        self._processes = 0

    def process(self, leases: LeaseStore | None = None) -> Stampede:
        """Return another process."""
        self._processes += 1
        return Stampede(
            shelf=self.shelf,
            leases=leases or self.leases,
            time=self.time,
            random=Random(self._processes),
            tally=self.tally,
            is_shared=lambda: self.is_shared,
            sleep=self.hours.sleep,
        )

    def ask(
        self,
        process: Stampede,
        freshness: Freshness = A_MINUTE,
        make: Callable[[], Awaitable[object]] | None = None,
    ) -> asyncio.Task[object]:
        """Begin to fetch the value."""
        return asyncio.create_task(self.fetch(process, freshness, make))

    async def fetch(
        self,
        process: Stampede,
        freshness: Freshness = A_MINUTE,
        make: Callable[[], Awaitable[object]] | None = None,
    ) -> object:
        """Return the value."""
        return unpack(await process.fetch(KEY, make or self.maker, freshness))

    async def made(self, process: Stampede, value: object, freshness: Freshness = A_MINUTE) -> None:
        """Let `value` be made and kept."""
        asking = self.ask(process, freshness)
        await self.maker.give(value)
        assert await asking == value

    def wrote_another(self, payload: bytes) -> None:
        """Let somebody else write the value now."""
        now_ms, old = self.time.now_ms(), self.shelf.contents[KEY]
        self.shelf.contents[KEY] = replace(
            old, payload=payload, written_ms=now_ms, fresh_until_ms=now_ms + 60_000,
            expires_ms=now_ms + 60_000, ends_ms=now_ms + 60_000,
        )  # fmt: skip
