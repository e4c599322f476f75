"""The cache with a real Redis that is killed, frozen, emptied, filled and made read-only.

Needs redis-server and redis-cli.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from engine.cache.service import RedisService
from engine.cache.settings import PASSWORD
from engine.cache.snapshot import CacheState
from tests.live.cache import Secrets, cache_at, caches, until, until_state
from tests.live.ports import free_port
from tests.live.redis import RedisServer
from tests.live.redis_fixtures import MakeRedis

pytestmark = pytest.mark.live

SETTLE_S = 0.05
"""After this long a value that others wrote may not be answered as it was."""
ROUNDS = 20


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run `work`."""
    asyncio.run(work)


async def write_some(cache: RedisService, word: str, count: int = 50) -> None:
    """Keep `count` values."""
    for number in range(count):
        assert await cache.set(f"key-{number}", {word: number})


async def read_some(cache: RedisService, count: int = 50) -> list[Any]:
    """Return those values."""
    return [await cache.get(f"key-{number}") for number in range(count)]


def test_two_processes_share(redis_server: RedisServer):
    """What one cache keeps, another finds; what one removes or purges, the other loses."""

    async def work() -> None:
        async with caches(redis_server.url, redis_server.url) as (here, there):
            assert here.snapshot().state is CacheState.REDIS
            await here.set("one", {"answer": 42})
            await here.set("two", b"\x00bytes")
            await here.set("three", "text")
            assert await there.get_many(["one", "two", "three", "four"]) == {
                "one": {"answer": 42},
                "two": b"\x00bytes",
                "three": "text",
            }
            await there.delete("one")
            await here.clear("default")
            await asyncio.sleep(SETTLE_S)
            assert await here.get_many(["one", "two", "three"]) == {}
            assert await there.get_many(["one", "two", "three"]) == {}

    run(work())


@pytest.mark.parametrize("pattern", ["a then b", "b then a", "at once", "b deletes"])
def test_nobody_reads_what_is_old(pattern: str, redis_server: RedisServer):
    """50 ms after a write both caches answer what Redis has, whoever wrote last."""

    async def write(here: RedisService, there: RedisService, key: str) -> None:
        if pattern == "a then b":
            await here.set(key, "a1")
            await there.set(key, "b1")
        elif pattern == "b then a":
            await there.set(key, "b1")
            await here.set(key, "a1")
        elif pattern == "at once":
            await asyncio.gather(here.set(key, "a1"), there.set(key, "b1"), here.get(key))
        else:
            await there.delete(key)

    async def work() -> None:
        async with caches(redis_server.url, redis_server.url) as (here, there):
            keys = [f"key-{number}" for number in range(ROUNDS)]
            for key in keys:
                await here.set(key, "a0")
                await here.get(key)
                await there.get(key)
                await write(here, there, key)
                await asyncio.sleep(SETTLE_S)
                async with caches(redis_server.url) as (fresh,):
                    truth = await fresh.get(key)
                assert [await here.get(key), await there.get(key)] == [truth, truth]

    run(work())


def test_lost_tracking(redis_server: RedisServer):
    """What others write while the connection is cut is not missed: the first tier is emptied."""

    async def work() -> None:
        async with caches(redis_server.url, redis_server.url) as (here, there):
            await write_some(there, "old")
            await read_some(here)
            redis_server.cli("CLIENT", "KILL", "TYPE", "normal")
            await until(lambda: here.snapshot().counts.emptied > 0)
            await write_some(there, "new")
            await until_state(here, CacheState.REDIS)
            await until_state(there, CacheState.REDIS)
            assert await read_some(here) == [{"new": number} for number in range(50)]

    run(work())


def test_absent_at_the_start(make_redis: MakeRedis):
    """Without a Redis at the start everything works, and it is used once it is there."""
    server = make_redis()
    server.stop()

    async def work() -> None:
        async with caches(server.url, server.url) as (here, there):
            assert here.snapshot().state is CacheState.MEMORY
            assert server.name in here.snapshot().reason
            await write_some(here, "kept")
            assert await read_some(here) == [{"kept": number} for number in range(50)]
            server.start()
            await until_state(here, CacheState.REDIS)
            await until_state(there, CacheState.REDIS)
            assert await read_some(there) == [{"kept": number} for number in range(50)]

    run(work())


@pytest.mark.parametrize("is_lasting", [False, True], ids=["comes back empty", "kept its data"])
def test_killed(is_lasting: bool, make_redis: MakeRedis):
    """Nothing acknowledged before or during its absence is lost when Redis is killed."""
    server = make_redis(is_lasting=is_lasting)

    async def work() -> None:
        async with caches(server.url, server.url) as (here, there):
            await write_some(here, "before", 100)
            server.kill()
            await write_some(here, "during", 50)
            assert await here.delete("key-99")
            await until_state(here, CacheState.MEMORY)
            assert await here.get("key-3") == {"during": 3}
            server.start()
            await until_state(here, CacheState.REDIS)
            await until_state(there, CacheState.REDIS)
            expected = [{"during": n} for n in range(50)] + [{"before": n} for n in range(50, 99)]
            assert await read_some(there, 100) == [*expected, None]
            assert here.snapshot().journal.pending == 0

    run(work())


def test_frozen(redis_server: RedisServer):
    """While Redis is frozen callers get values or misses; what they wrote is there afterwards."""

    async def work() -> None:
        async with caches(redis_server.url, redis_server.url) as (here, there):
            await write_some(here, "before")
            redis_server.pause()
            await write_some(here, "during")
            await until_state(here, CacheState.MEMORY)
            assert await read_some(here) == [{"during": number} for number in range(50)]
            assert await here.get("never") is None
            redis_server.resume()
            await until_state(here, CacheState.REDIS)
            await until_state(there, CacheState.REDIS)
            assert await read_some(there) == [{"during": number} for number in range(50)]

    run(work())


def test_full(redis_server: RedisServer):
    """A full Redis is a state with a reason; what it refused it gets when there is room."""

    async def work() -> None:
        async with caches(redis_server.url, redis_server.url) as (here, there):
            await write_some(here, "before")
            redis_server.cli("CONFIG", "SET", "maxmemory", "1")
            await write_some(here, "during")
            await until_state(here, CacheState.DEGRADED)
            assert await read_some(here) == [{"during": number} for number in range(50)]
            redis_server.cli("CONFIG", "SET", "maxmemory", "0")
            await until_state(here, CacheState.REDIS)
            await until(lambda: here.snapshot().journal.pending == 0)
            await asyncio.sleep(SETTLE_S)
            assert await read_some(there) == [{"during": number} for number in range(50)]

    run(work())


def test_read_only(make_redis: MakeRedis):
    """A server that became a replica is degraded; writes are there once it takes them again."""
    server = make_redis()

    async def work() -> None:
        async with caches(server.url) as (here,):
            await write_some(here, "before")
            server.cli("REPLICAOF", "127.0.0.1", str(free_port()))
            await write_some(here, "during")
            await until(lambda: here.snapshot().state is not CacheState.REDIS)
            assert await read_some(here) == [{"during": number} for number in range(50)]
            server.cli("REPLICAOF", "NO", "ONE")
            await until_state(here, CacheState.REDIS)
            await until(lambda: here.snapshot().journal.pending == 0)

    run(work())


def test_foreign_and_damaged_values(redis_server: RedisServer):
    """What somebody else put under our keys is a miss, and can be looked at and replaced."""

    async def work() -> None:
        async with caches(redis_server.url) as (cache,):
            redis_server.cli("SET", "uat:1:c:default.0::=odd", "no frame")
            redis_server.cli("LPUSH", "uat:1:c:default.0::=list", "no string")
            assert await cache.get("odd") is None
            assert await cache.get("list") is None
            assert cache.snapshot().counts.damaged >= 1
            preview = await cache.desk.preview("uat:1:c:default.0::=odd")
            assert preview.kind == "foreign"
            assert "no frame" in preview.text
            assert await cache.set("odd", 1)
            assert await cache.get("odd") == 1

    run(work())


def test_flushed(redis_server: RedisServer):
    """After FLUSHALL nobody answers what was in it, and new values are kept."""

    async def work() -> None:
        async with caches(redis_server.url) as (cache,):
            await write_some(cache, "old")
            redis_server.cli("FLUSHALL")
            await asyncio.sleep(SETTLE_S)
            assert await cache.get("key-1") is None
            await cache.set("key-1", "new")
            assert await cache.get("key-1") == "new"

    run(work())


def test_password(make_redis: MakeRedis):
    """A wrong password is a state that says so; the right one, given later, is kept and used."""
    server = make_redis(password="correct horse")
    secrets = Secrets(**{PASSWORD: "wrong"})
    cache = cache_at(server.url, secrets=secrets)

    async def work() -> None:
        async with cache:
            snapshot = cache.snapshot()
            assert snapshot.state is CacheState.MEMORY
            assert "password" in snapshot.reason
            assert "wrong" not in snapshot.reason.replace("wrong password", "")
            tried = await cache.test_connection(server.url, "", "correct horse")
            assert tried.is_good
            await cache.set_password("correct horse")
            assert cache.snapshot().state is CacheState.REDIS
            assert secrets.kept == {PASSWORD: "correct horse"}

    run(work())


def test_settings_change_while_running(make_redis: MakeRedis):
    """Another address is used at once, and an empty one goes on in this process."""
    first, second = make_redis(), make_redis()

    async def work() -> None:
        async with caches(first.url) as (cache,):
            await cache.set("one", 1)
            settings = cache.settings
            await cache.change_settings(type(settings)(url=second.url))
            await until_state(cache, CacheState.REDIS)
            await cache.set("two", 2)
            assert "=two" in second.cli("KEYS", "*")
            await cache.change_settings(type(settings)(url=""))
            assert cache.snapshot().state is CacheState.MEMORY
            await cache.set("three", 3)
            assert await cache.get("three") == 3

    run(work())
