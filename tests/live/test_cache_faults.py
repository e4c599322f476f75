"""The cache with a Redis that is slow, cut off again and again, killed under who listens.

Needs redis-server and redis-cli.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import aclosing, asynccontextmanager, suppress
from itertools import count
from random import Random
from typing import Any

import pytest

from engine.cache.service import RedisService
from engine.cache.snapshot import CacheState
from engine.cache.subscription import Subscription
from tests.live.cache import cache_at, caches, run, until, until_state
from tests.live.cache_callers import STALL_S, Callers, lost, until_whole
from tests.live.redis import RedisServer
from tests.live.redis_fixtures import MakeRedis
from tests.live.redis_way import way_to

pytestmark = pytest.mark.live

SETTLE_S = 0.05
"""After this long a value that others wrote may not be answered as it was."""
PATIENT_MS = 2000
"""A deadline for tests that are not about deadlines, on a busy machine."""
CALLERS, TURNS, SIDES = 64, 20, ("here", "there")


@pytest.mark.parametrize("fault", ["late", "drop by drop"])
def test_slow_way(fault: str, redis_server: RedisServer):
    """Where answers come 300 ms late, or byte by byte, nobody waits for them or loses anything."""

    async def work() -> None:
        async with way_to(redis_server.port) as way, cache_at(way.url) as cache:
            async with Callers(cache) as callers:
                await callers.more()
                way.late_s, way.drop_s = (0.3, 0.0) if fault == "late" else (0.0, 0.02)
                await until_state(cache, CacheState.MEMORY)
                assert f"127.0.0.1:{way.port}" in cache.snapshot().reason
                await callers.more(300)
                way.late_s = way.drop_s = 0.0
                await until_state(cache, CacheState.REDIS)
                await callers.more()
            await until_whole(cache)
            assert callers.longest_s < STALL_S
            assert await lost(redis_server.url, callers.kept) == []

    run(work())


@asynccontextmanager
async def in_background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Do `work` as long as the block runs, where it does not end before; its errors are ours."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def trackers(server: RedisServer) -> set[str]:
    """Return the ids of the connections that hear what others write."""
    rows = server.cli("CLIENT", "LIST").splitlines()
    found = [dict(word.split("=", 1) for word in row.split()) for row in rows]
    return {row["id"] for row in found if "t" in row["flags"]}


def test_tracking_is_cut_again_and_again(redis_server: RedisServer):
    """However often its connection is killed, nothing old is answered once it is made again.

    Every value was this process's own at first, and is asked for all the time.
    """
    keys = [f"key-{number}" for number in range(20)]

    async def ask(cache: RedisService) -> None:
        for number in count():
            await cache.set(f"mine-{number % 500}", number)
            await asyncio.gather(*[cache.get(key) for key in keys])
            await asyncio.sleep(0.001)

    async def work() -> None:
        async with caches(redis_server.url, loopback_deadline_ms=PATIENT_MS) as (there,):
            spared = trackers(redis_server)
            async with (
                caches(redis_server.url, loopback_deadline_ms=PATIENT_MS) as (here,),
                in_background(ask(here)),
            ):
                for turn in range(12):
                    await here.set_many(dict.fromkeys(keys, -1))
                    await asyncio.sleep(SETTLE_S)
                    for tracker in trackers(redis_server) - spared:
                        redis_server.cli("CLIENT", "KILL", "ID", tracker)
                    for key in keys:
                        assert await there.set(key, turn)
                        await asyncio.sleep(Random(turn).random() * 0.01)
                    await until_state(here, CacheState.REDIS)
                    await asyncio.sleep(SETTLE_S)
                    assert [await here.get(key) for key in keys] == [turn] * len(keys)
                assert here.snapshot().counts.emptied >= 12

    run(work())


def test_cancelled_callers(redis_server: RedisServer):
    """However many callers give up while they wait, nobody gets the value of another."""
    random = Random(11)
    taken = [0, 0]

    async def call(here: RedisService, number: int) -> None:
        for turn in range(TURNS):
            key = f"there-{number}-{turn}"
            with suppress(TimeoutError):
                assert await asyncio.wait_for(here.get(key), random.random() * 0.004) == key
                taken[0] += 1
            with suppress(TimeoutError):
                own = f"here-{number}-{turn}"
                await asyncio.wait_for(here.set(own, own), random.random() * 0.004)
                taken[1] += 1

    async def work() -> None:
        urls = [redis_server.url] * 2
        async with caches(*urls, loopback_deadline_ms=PATIENT_MS) as (here, there):
            for number in range(CALLERS):
                keys = [f"there-{number}-{turn}" for turn in range(TURNS)]
                assert await there.set_many({key: key for key in keys}) == TURNS
            await asyncio.gather(*[call(here, number) for number in range(CALLERS)])
            assert all(0 < count < CALLERS * TURNS for count in taken)
            for number in range(CALLERS):
                keys = [f"{side}-{number}-{turn}" for side in SIDES for turn in range(TURNS)]
                for cache in (here, there):
                    found = await cache.get_many(keys)
                    assert all(key == value for key, value in found.items())
                    assert sum(key.startswith("there") for key in found) == TURNS
            assert here.snapshot().counts.failed == 0

    run(work())


async def listen(heard: Subscription, found: list[object]) -> None:
    """Note what is heard; None stands for a gap."""
    async for message in heard:
        found.append(None if message.is_gap else message.value)


def test_listeners_outlive_redis(redis_server: RedisServer):
    """Who listens is told of the gap after Redis was killed, then hears what is sent, in order."""

    async def work() -> None:
        found: list[object] = []

        async def say_until_heard(there: RedisService, word: str) -> None:
            for number in count():
                await there.messages.publish("news", (word, number))
                await asyncio.sleep(0.02)
                if any(isinstance(each, list) and each[0] == word for each in found):
                    return

        async with caches(redis_server.url, redis_server.url) as (here, there):
            async with (
                here.messages.subscribe("news") as heard,
                in_background(listen(heard, found)),
            ):
                await say_until_heard(there, "before")
                assert None not in found
                await asyncio.to_thread(redis_server.kill)
                await until_state(here, CacheState.MEMORY)
                await there.messages.publish("news", ("lost", 0))
                await here.messages.publish("news", ("mine", 0))
                await asyncio.to_thread(redis_server.start)
                await until_state(there, CacheState.REDIS)
                await say_until_heard(there, "after")
                assert ["lost", 0] not in found
                words = [each[0] if isinstance(each, list) else each for each in found]
                assert words.index("before") < words.index(None) < words.index("after")
                assert words.count("mine") == 1
                assert here.snapshot().counts.gaps > 0

    run(work())


def test_followers_lose_nothing(make_redis: MakeRedis):
    """What is appended while Redis is killed twice is read by a follower in order, each once."""
    server = make_redis("--appendfsync", "always", is_lasting=True)
    wanted = list(range(300))

    async def append(cache: RedisService) -> None:
        for number in wanted:
            await cache.log.append("log", number)
            await asyncio.sleep(0.005)

    async def follow(cache: RedisService, found: list[int]) -> None:
        async with aclosing(cache.log.follow("log")) as following:
            async for _, number in following:
                found.append(number)

    async def work() -> None:
        found: list[int] = []
        async with caches(server.url, server.url) as (here, there):
            async with in_background(follow(there, found)), in_background(append(here)):
                for reached in (50, 150):
                    await until(lambda reached=reached: len(found) >= reached)  # type: ignore[misc]
                    await asyncio.to_thread(server.kill)
                    await until_state(here, CacheState.MEMORY)
                    await asyncio.to_thread(server.start)
                await until(lambda: len(found) >= len(wanted))
                assert found == wanted

    run(work())
