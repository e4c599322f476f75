"""Hosts that see one card, and the Redis between them, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random
from typing import Any

from engine.cache.adapters.memory_leases import MemoryLeases
from engine.cache.leases import Leases
from engine.cache.settings import CacheSettings
from engine.cache.subscription import Message
from engine.errors import TimedOut, Unreachable
from engine.gpu.lease_handle import LeaseHandle
from engine.gpu.lease_orders import LeaseOrder
from engine.joints import SharedCards
from tests.engine.gpu.lease_world import World, opened
from tests.leaping import LeapingLoop, leap

CARD, CARD_MIB = "card-0", 10_000


class PlayedRedis:
    """A Redis that goes away, freezes, loses its data and its answers when a test says so."""

    def __init__(self, loop: LeapingLoop, random: Random | None = None) -> None:
        self.loop, self.random = loop, random or Random(0)
        self.is_away = self.is_frozen = False
        self.lost_share = self.slowness_s = 0.0
        self.listeners: list[asyncio.Queue[Any]] = []
        self.lose_data()

    def lose_data(self) -> None:
        """Begin anew, empty."""
        self._store = MemoryLeases(now_ms=lambda: round(self.loop.time() * 1000))

    async def ask(self, what: str, *words: Any) -> Any:
        """Do as `MemoryLeases` does, after a while; raise where no answer comes."""
        await asyncio.sleep(self.slowness_s * self.random.random())
        while self.is_frozen:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.2)
        if self.is_away:
            raise Unreachable("Redis: nothing listens there")
        answer = await getattr(self._store, what)(*words)
        await asyncio.sleep(self.slowness_s * self.random.random())
        if self.random.random() < self.lost_share:
            raise TimedOut("Redis: the answer was lost")
        return answer


class _Store:
    def __init__(self, redis: PlayedRedis, cut: Callable[[], bool]) -> None:
        self._redis, self._cut = redis, cut

    def __getattr__(self, what: str) -> Callable[..., Awaitable[Any]]:
        async def ask(*words: Any) -> Any:
            if self._cut():
                raise Unreachable("Redis: no way there")
            return await self._redis.ask(what, *words)

        return ask


class _Messages:
    def __init__(self, redis: PlayedRedis, cut: Callable[[], bool]) -> None:
        self._redis, self._cut = redis, cut

    async def publish(self, channel: str, value: Any) -> None:
        if not self._cut() and not self._redis.is_away:
            for each in self._redis.listeners:
                each.put_nowait(Message(channel, value, self._redis.loop.wall()))

    @asynccontextmanager
    async def subscribe(self, channel: str) -> AsyncIterator[AsyncIterator[Message]]:
        heard: asyncio.Queue[Message] = asyncio.Queue()
        self._redis.listeners.append(heard)

        async def messages() -> AsyncIterator[Message]:
            while True:
                yield await heard.get()

        try:
            yield messages()
        finally:
            self._redis.listeners.remove(heard)


class PlayedCache:
    """What the joint needs of the cache engine. is_cut: this host alone cannot reach Redis."""

    def __init__(self, redis: PlayedRedis, holder: str) -> None:
        self.settings = CacheSettings(url="redis://played")
        self.is_cut = False
        store = _Store(redis, lambda: self.is_cut)
        self.leases = Leases(store=store, holder=holder, clock=redis.loop)  # type: ignore[arg-type]
        self.leases.is_shared = True
        self.messages = _Messages(redis, lambda: self.is_cut)


class Host:
    """A world that shares its card."""

    def __init__(self, redis: PlayedRedis, name: str, **settings: Any) -> None:
        self.cache = PlayedCache(redis, name)
        self.share = SharedCards(self.cache, host_name=name, machine="m")  # type: ignore[arg-type]
        settings = {"share_leases": True} | settings
        self.world = World(redis.loop, CARD_MIB, share=self.share, **settings)
        self.desk, self.name = self.world.desk, name

    async def holds(self, mib: int, **words: Any) -> LeaseHandle:
        """Return a lease as soon as it is granted."""
        return await self.desk.allocate(LeaseOrder(mib, **({"duration_s": 600.0} | words)))

    @property
    def held_mib(self) -> int:
        """What has been given out here, as the book says."""
        return sum(each.vram_mib for each in self.desk.snapshot().held if each.is_held)


def sharing(
    work: Callable[[PlayedRedis, list[Host]], Awaitable[None]],
    *names: str,
    redis: Callable[[PlayedRedis], None] = lambda redis: None,
    **settings: Any,
) -> None:
    """Run `work` with a host for each of `names`. redis: is called before they start."""

    async def run(loop: LeapingLoop) -> None:
        between = PlayedRedis(loop)
        redis(between)
        async with AsyncExitStack() as stack:
            hosts = [Host(between, name, **settings) for name in names]
            for each in hosts:
                await stack.enter_async_context(opened(each.world))
            await work(between, hosts)

    leap(run)
