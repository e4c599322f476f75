"""Sessions, messages, logs, counters and leases with a real Redis that is killed and frozen."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

import pytest

from engine.cache.adapters.memory_backend import memory_backend
from engine.cache.adapters.redis_backend import redis_backend
from engine.cache.counters import Counters
from engine.cache.leases import Leases
from engine.cache.log import Log
from engine.cache.messages import Messages
from engine.cache.sessions import Sessions
from engine.cache.settings import CacheSettings
from engine.cache.subscription import Message, Subscription
from engine.clock import SystemClock
from tests.live.redis import RedisServer
from tests.live.redis_fixtures import MakeRedis

pytestmark = pytest.mark.live

PATIENCE_S = 30.0
ANSWER_MS = 500
"""What an answer may take on a busy machine."""


@dataclass
class Process:
    """One process that shares Redis with others."""

    sessions: Sessions
    messages: Messages
    log: Log
    counters: Counters
    leases: Leases
    tally: defaultdict[str, int]

    async def restore(self, *, has_lost_data: bool) -> None:
        """Do what is done when Redis answers again."""
        await self.sessions.restore(has_lost_data)
        await self.counters.restore()
        await self.log.restore()


@asynccontextmanager
async def process(server: RedisServer, name: str) -> AsyncIterator[Process]:
    """Return one more process; at its end nothing runs on."""
    tally: defaultdict[str, int] = defaultdict(int)
    clock = SystemClock()
    backend = redis_backend(CacheSettings(url=server.url, loopback_deadline_ms=ANSWER_MS), None)
    messages = Messages(channels=backend.channels, is_shared=lambda: True, clock=clock, tally=tally)
    try:
        yield Process(
            sessions=Sessions(
                store=backend.sessions,
                twin=memory_backend().sessions,
                is_shared=lambda: True,
                clock=clock,
                default_ttl_s=1000,
                tally=tally,
            ),
            messages=messages,
            log=Log(streams=backend.streams, clock=clock, tally=tally),
            counters=Counters(store=backend.counters, is_shared=lambda: True, clock=clock),
            leases=Leases(store=backend.leases, holder=name, clock=clock),
            tally=tally,
        )
    finally:
        await messages.aclose()
        await backend.aclose()


def run(check: Callable[[], Awaitable[None]]) -> None:
    """Run `check`; fails where it takes too long or leaves a task behind."""

    async def checked() -> None:
        async with asyncio.timeout(PATIENCE_S):
            await check()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(checked())


def test_sessions_outlive_a_redis_that_lost_everything(redis_server: RedisServer):
    """Killed and restarted empty, Redis has every session, update and message again, once."""

    async def check() -> None:
        async with process(redis_server, "one") as one, process(redis_server, "two") as two:
            session = await one.sessions.create("ann", 0)
            for number in range(20):
                await one.sessions.append(session.id, number)
            redis_server.kill()
            for number in range(20, 40):
                await one.sessions.append(session.id, number)
            await one.sessions.update(session.id, "changed", 1)
            other = await one.sessions.create("bob")
            redis_server.start()
            await one.restore(has_lost_data=True)
            assert one.sessions.unsaved == 0
            found = await two.sessions.get(session.id)
            assert found is not None
            assert (found.version, found.data, found.messages) == (2, "changed", 40)
            assert await two.sessions.history(session.id) == list(range(40))
            assert {row.id for row in await two.sessions.list()} == {session.id, other.id}

    run(check)


def test_frozen_redis_loses_nothing(redis_server: RedisServer):
    """What a frozen Redis may or may not have got is there once when it goes on."""

    async def check() -> None:
        async with process(redis_server, "one") as one, process(redis_server, "two") as two:
            session = await one.sessions.create("ann", 0)
            redis_server.pause()
            await one.sessions.append(session.id, "a")
            await one.sessions.update(session.id, 1, 1)
            assert await one.counters.add("n", 5) == 5
            await one.log.append("log", "x")
            assert await one.leases.acquire("right", 10) is None
            redis_server.resume()
            await one.restore(has_lost_data=False)
            found = await two.sessions.get(session.id)
            assert found is not None
            assert (found.version, found.data) == (2, 1)
            assert await two.sessions.history(session.id) == ["a"]
            assert one.tally["conflicts"] == 0
            async with aclosing(two.log.follow("log")) as following:
                assert (await anext(following))[1] == "x"

    run(check)


async def until(listening: Subscription, look: Callable[[Message], bool]) -> None:
    """Read until a message is what was looked for."""
    while not look(await anext(listening)):
        pass


async def send_until_heard(sender: Process, listening: Subscription, value: str) -> None:
    """Send until it is heard: nobody says when listening has begun."""
    hearing = asyncio.ensure_future(until(listening, lambda message: message.value == value))
    while not hearing.done():
        await sender.messages.publish("a", value)
        await asyncio.wait([hearing], timeout=0.05)
    await hearing


def test_listener_hears_of_the_gap_and_goes_on(redis_server: RedisServer):
    """After a restart of Redis a listener is told of the gap, then gets what is sent."""

    async def check() -> None:
        async with process(redis_server, "one") as one, process(redis_server, "two") as two:
            listening = two.messages.subscribe("a")
            await send_until_heard(one, listening, "before")
            redis_server.restart()
            await until(listening, lambda message: message.is_gap)
            await send_until_heard(one, listening, "after")

    run(check)


def test_log_is_followed_across_restarts(make_redis: MakeRedis):
    """Appended and followed while Redis is killed again and again, nothing is lost or doubled."""
    server = make_redis("--appendfsync", "always", is_lasting=True)

    async def check() -> None:
        async with process(server, "one") as one, process(server, "two") as two:
            seen: list[int] = []

            async def follow() -> None:
                async with aclosing(two.log.follow("log")) as following:
                    async for _, number in following:
                        seen.append(number)
                        if number == 299:
                            return

            following = asyncio.create_task(follow())
            for number in range(300):
                await one.log.append("log", number)
                if number % 100 == 50:
                    server.kill()
                if number % 100 == 60:
                    server.start()
                    await one.restore(has_lost_data=False)
            await one.restore(has_lost_data=False)
            await following
            assert seen == list(range(300))

    run(check)


def test_lease_excludes_other_processes(redis_server: RedisServer):
    """One process holds a lease, another gets it after; while Redis is dead nobody does."""

    async def check() -> None:
        async with process(redis_server, "one") as one, process(redis_server, "two") as two:
            async with one.leases.hold("right", 10) as held:
                assert held is not None
                async with two.leases.hold("right", 10) as other:
                    assert other is None
            async with two.leases.hold("right", 10) as other:
                assert other is not None
                assert other.token > held.token
            redis_server.kill()
            assert await one.leases.acquire("right", 10) is None

    run(check)
