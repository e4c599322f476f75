"""The cache on servers as users have them: Sentinels, a Cluster, TLS, a socket, few rights.

Needs redis-server, redis-sentinel, redis-cli and openssl.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from pathlib import Path

import pytest

from engine.cache.keys import VALUES, generation_key
from engine.cache.service import RedisService
from engine.cache.settings import PASSWORD, TlsSettings
from engine.cache.snapshot import CacheState
from tests.live.cache import Secrets, caches, run, until, until_state
from tests.live.cache_callers import STALL_S, Callers, lost, until_whole
from tests.live.redis import RedisServer
from tests.live.redis_fixtures import MakeRedis
from tests.live.redis_groups import RedisCluster, Sentinels

pytestmark = pytest.mark.live

SETTLE_S = 0.05
"""After this long a value that others wrote may not be answered as it was."""
ROUNDS = 20
PATIENT_MS = 2000
"""A deadline for tests that are not about deadlines, on a busy machine."""
PACE_S = 0.02
PARTS = 30
"""Names enough for each server of a Cluster to have some."""
FIRST_SLOTS = (0, 5461, 10_923)
"""Of the servers of a Cluster."""
FEW_RIGHTS = ("on", ">word", "~uat:1:*", "&uat:1:*", "+@all", "-@dangerous", "-@admin")


async def check_use(here: RedisService, there: RedisService) -> None:
    """Use everything that two processes share."""
    assert here.snapshot().state is there.snapshot().state is CacheState.REDIS
    assert await here.set("key", {"answer": 42})
    assert await there.get("key") == {"answer": 42}
    session = await here.sessions.create("ann", {"step": 1})
    await there.sessions.append(session.id, "hello")
    await there.sessions.update(session.id, {"step": 2}, 1)
    assert await here.sessions.history(session.id) == ["hello"]
    assert await here.counters.add("n", 2) + await there.counters.add("n", 3) == 7
    async with here.leases.hold("right", 10) as held:
        assert held is not None
        assert await there.leases.acquire("right", 10) is None
    await here.log.append("log", 1)
    assert (await anext(there.log.follow("log")))[1] == 1
    await here.clear("default")
    await asyncio.sleep(SETTLE_S)
    assert await there.get("key") is None


async def chat(cache: RedisService, session_id: str, said: list[int]) -> None:
    """Say one thing after the other in a session."""
    while True:
        await cache.sessions.append(session_id, len(said))
        said.append(len(said))
        await asyncio.sleep(PACE_S)


def test_sentinel_failover(sentinels: Sentinels):
    """When the server in charge dies under load, nobody gets an error and nothing is lost."""

    async def work() -> None:
        async with caches(sentinels.url) as (cache,):
            await until_state(cache, CacheState.REDIS)
            session, said = await cache.sessions.create("ann", "before"), list[int]()
            chatting = asyncio.create_task(chat(cache, session.id, said))
            async with Callers(cache) as callers:
                await callers.more()
                await asyncio.to_thread(sentinels.first.kill)
                await callers.more()
                assert (await cache.sessions.update(session.id, "during", 1)).version == 2
                names = [sentinels.second.name]
                await until(lambda: [node.name for node in cache.snapshot().nodes] == names)
                await until_state(cache, CacheState.REDIS)
                await callers.more()
            chatting.cancel()
            await asyncio.wait([chatting])
            await until_whole(cache)
            assert callers.longest_s < STALL_S
            assert await lost(sentinels.url, callers.kept) == []
            async with caches(sentinels.url, loopback_deadline_ms=PATIENT_MS) as (other,):
                await until_state(other, CacheState.REDIS)
                found = await other.sessions.get(session.id)
                assert found is not None
                assert (found.version, found.data) == (2, "during")
                assert (await other.sessions.history(session.id))[: len(said)] == said

    run(work())


def server_of(cluster: RedisCluster, key: bytes) -> RedisServer:
    """Return the server of `cluster` that has `key`."""
    from redis.crc import key_slot

    return cluster.servers[bisect_right(FIRST_SLOTS, key_slot(key)) - 1]


@pytest.mark.parametrize("is_counting", [False, True], ids=["", "that counts the purges"])
def test_cluster_without_a_server(is_counting: bool, redis_cluster: RedisCluster):
    """When a server of a Cluster dies under load, nobody gets an error and nothing is lost.

    The values of the other servers are shared as before, unless the purges are counted there.
    """
    for server in redis_cluster.servers:
        server.cli("CONFIG", "SET", "cluster-require-full-coverage", "no")
    counting = server_of(redis_cluster, generation_key("default"))
    others = [server for server in redis_cluster.servers if server is not counting]
    victim = counting if is_counting else others[0]
    url = redis_cluster.url.replace(redis_cluster.servers[1].name, others[1].name)

    async def go_on(cache: RedisService, other: RedisService) -> None:
        found = dict[str, bool]()
        for number in range(PARTS):
            assert await cache.set(f"part-{number}", number)
            found[f"part-{number}"] = await other.get(f"part-{number}") == number
        assert found == {
            key: server_of(redis_cluster, VALUES + b"default.0::=" + key.encode()) is not victim
            for key in found
        }

    async def work() -> None:
        async with caches(url, url, loopback_deadline_ms=PATIENT_MS) as (cache, other):
            await until_state(cache, CacheState.REDIS)
            async with Callers(cache) as callers:
                await callers.more(200)
                await asyncio.to_thread(victim.kill)
                for each in (cache, other):
                    await until_state(each, CacheState.DEGRADED)
                    assert "1 of 3 servers: " in each.snapshot().reason
                    assert victim.name in each.snapshot().reason
                if not is_counting:
                    await go_on(cache, other)
                await callers.more(200)
                await asyncio.to_thread(victim.start)
                await until_state(cache, CacheState.REDIS)
                await callers.more(100)
            await until_whole(cache)
            assert await lost(url, callers.kept) == []

    run(work())


def test_cluster_is_shared(redis_cluster: RedisCluster):
    """Values, sessions, leases and purges are the same for two processes, whatever the slot."""

    async def work() -> None:
        urls = [redis_cluster.url] * 2
        async with caches(*urls, loopback_deadline_ms=PATIENT_MS) as (here, there):
            await until_state(here, CacheState.REDIS)
            await until_state(there, CacheState.REDIS)
            await check_use(here, there)
            values = {f"key-{number}": number for number in range(PARTS)}
            assert await here.set_many(values) == PARTS
            assert await there.get_many(list(values)) == values
            ids = {(await here.sessions.create("bob", number)).id for number in range(PARTS)}
            assert {row.id for row in await there.sessions.list("bob")} == ids
            for number in range(PARTS):
                lease = await here.leases.acquire(f"right-{number}", 10)
                assert lease is not None
                assert await there.leases.acquire(f"right-{number}", 10) is None
            await there.clear("default")
            await asyncio.sleep(SETTLE_S)
            assert await here.get_many(list(values)) == {}

    run(work())


def test_cluster_that_refuses(redis_cluster: RedisCluster):
    """A Cluster that lacks a server and answers nothing for it loses nothing either."""

    async def work() -> None:
        async with caches(redis_cluster.url) as (cache,):
            await until_state(cache, CacheState.REDIS)
            async with Callers(cache) as callers:
                await callers.more(200)
                await asyncio.to_thread(redis_cluster.servers[0].kill)
                await until(lambda: "3 of 3 servers: " in cache.snapshot().reason)
                await callers.more(200)
                await asyncio.to_thread(redis_cluster.servers[0].start)
                await until_state(cache, CacheState.REDIS)
            await until_whole(cache)
            assert callers.longest_s < STALL_S
            assert await lost(redis_cluster.url, callers.kept) == []

    run(work())


def test_tls_with_a_user_of_few_rights(make_redis: MakeRedis, certificates: Path):
    """All is used by a user with the rights it needs, whose password lies in the keychain."""
    server = make_redis(tls=certificates)
    server.cli("ACL", "SETUSER", "app", *FEW_RIGHTS)
    settings = {
        "username": "app",
        "tls": TlsSettings(ca_file=str(certificates / "ca.pem")),
        "loopback_deadline_ms": PATIENT_MS,
    }

    async def work() -> None:
        wrong = Secrets(**{PASSWORD: "wr0ng"})
        async with caches(server.url, secrets=wrong, **settings) as (cache,):
            assert cache.snapshot().state is CacheState.MEMORY
            assert "cache password" in cache.snapshot().reason
            assert "wr0ng" not in str(cache.snapshot())
            assert await cache.set("key", 1)
            assert await cache.get("key") == 1
        right = Secrets(**{PASSWORD: "word"})
        async with caches(server.url, server.url, secrets=right, **settings) as (here, there):
            await check_use(here, there)
            users = await asyncio.to_thread(server.cli, "CLIENT", "LIST")
            assert users.count("user=app") == users.count("\n") > 1
            assert users.count("user=default") == 1  # who asks

    run(work())


def test_unix_socket(redis_server: RedisServer):
    """A server is used through its socket, also after it was killed."""
    url = f"unix://{redis_server.socket}"

    async def work() -> None:
        async with caches(url, url, loopback_deadline_ms=PATIENT_MS) as (here, there):
            await check_use(here, there)
            await here.set("kept", 1)
            await asyncio.to_thread(redis_server.kill)
            await until_state(here, CacheState.MEMORY)
            assert str(redis_server.socket) in here.snapshot().reason
            await asyncio.to_thread(redis_server.start)
            await until_whole(here)
            await until_state(there, CacheState.REDIS)
            assert await there.get("kept") == 1
            assert not any(":" in node.name for node in here.snapshot().nodes)

    run(work())


def test_without_the_right_to_tracking(redis_server: RedisServer):
    """Where tracking is not allowed, what others write or purge is heard by messages in time."""
    redis_server.cli("ACL", "SETUSER", "app", *FEW_RIGHTS, "-client|tracking")
    secrets = Secrets(**{PASSWORD: "word"})
    urls = [redis_server.url] * 2

    async def work() -> None:
        settings = {"username": "app", "secrets": secrets, "loopback_deadline_ms": PATIENT_MS}
        async with caches(*urls, **settings) as (here, there):
            for cache in (here, there):
                assert [node.coherence for node in cache.snapshot().nodes] == ["messages"]
            for number in range(ROUNDS):
                writer, reader = (here, there) if number % 2 else (there, here)
                await writer.set("key", number)
                await asyncio.sleep(SETTLE_S)
                assert [await reader.get("key"), await writer.get("key")] == [number] * 2
            await here.delete("key")
            await asyncio.sleep(SETTLE_S)
            assert await there.get("key") is None
            await there.set("key", "old")
            await here.get("key")
            await there.clear("default")
            await asyncio.sleep(SETTLE_S)
            assert await here.get("key") is None
            assert here.snapshot().counts.invalidated > 0

    run(work())
