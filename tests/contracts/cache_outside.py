"""What several processes share, in this process and in Redis, for the contracts of the cache."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import pytest

from engine.cache.adapters.memory_backend import memory_backend
from engine.cache.adapters.redis_channels import QUIET_S, RedisChannels
from engine.cache.adapters.redis_connections import RedisConnections
from engine.cache.adapters.redis_counters import RedisCounters
from engine.cache.adapters.redis_leases import RedisLeases
from engine.cache.adapters.redis_sessions import RedisSessions
from engine.cache.adapters.redis_streams import RedisStreams
from engine.cache.ports import Channels, CounterStore, LeaseStore, SessionStore, Streams
from engine.cache.settings import CacheSettings
from engine.clock import SystemClock
from tests.conftest import FakeClock
from tests.live.redis import RedisServer, need_redis
from tests.live.redis_groups import RedisCluster

LET_TIME_PASS = """
for _, key in ipairs(redis.call('KEYS', '*')) do
    local left = redis.call('PTTL', key)
    if left >= 0 then redis.call('PEXPIRE', key, left - ARGV[1]) end
end
"""


@dataclass
class Shared:
    """One process's view of what is shared."""

    leases: LeaseStore
    counters: CounterStore
    sessions: SessionStore
    channels: Channels
    streams: Streams
    now_ms: Callable[[], int]
    pass_time: Callable[[float], None]
    """Let seconds pass for whatever ends."""


class Outside(Protocol):
    """Where it is shared."""

    def run(self, check: Callable[[Shared], Awaitable[None]]) -> None:
        """Run `check` on a loop of its own; fails where a task is left behind."""
        ...


class InMemory:
    """The twins of this process."""

    def run(self, check: Callable[[Shared], Awaitable[None]]) -> None:
        """Run `check` with new twins and a clock that moves by `pass_time` only."""
        clock = FakeClock()
        twins = memory_backend(clock)
        shared = Shared(
            leases=twins.leases,
            counters=twins.counters,
            sessions=twins.sessions,
            channels=twins.channels,
            streams=twins.streams,
            now_ms=lambda: int(clock.wall_at.timestamp() * 1000),
            pass_time=clock.advance,
        )
        asyncio.run(leaving_nothing(check(shared)))


class InRedis:
    """Real servers, one or a Cluster's masters."""

    def __init__(
        self, url: str, servers: Iterable[RedisServer], *, quiet_s: float = QUIET_S
    ) -> None:
        self._url = url
        self._quiet_s = quiet_s
        self._servers = list(servers)

    def run(self, check: Callable[[Shared], Awaitable[None]]) -> None:
        """Run `check` with a client of its own."""
        asyncio.run(leaving_nothing(self._checked(check)))

    async def _checked(self, check: Callable[[Shared], Awaitable[None]]) -> None:
        # A busy machine is no fault of the adapters.
        settings = CacheSettings(url=self._url, loopback_deadline_ms=10_000)
        client = RedisConnections(settings, None).client()
        clock = SystemClock()
        streams = RedisStreams(client=client, name=self._url)
        channels = RedisChannels(client=client, name=self._url, quiet_s=self._quiet_s)
        shared = Shared(
            leases=RedisLeases(client=client, name=self._url),
            counters=RedisCounters(client=client, name=self._url),
            sessions=RedisSessions(client=client, name=self._url),
            channels=channels,
            streams=streams,
            now_ms=lambda: int(clock.wall().timestamp() * 1000),
            pass_time=self._pass_time,
        )
        try:
            await check(shared)
        finally:
            await streams.close()
            await client.aclose()

    def _pass_time(self, seconds: float) -> None:
        for server in self._servers:
            server.cli("EVAL", LET_TIME_PASS, "0", str(round(seconds * 1000)))


async def leaving_nothing(check: Awaitable[None]) -> None:
    """Await `check`; fail where a task runs on after it."""
    before = asyncio.all_tasks()
    await check
    await asyncio.sleep(0)  # what was cancelled may end
    assert asyncio.all_tasks() == before


@pytest.fixture(
    params=[
        "memory",
        pytest.param("server", marks=pytest.mark.live),
        pytest.param("cluster", marks=pytest.mark.live),
    ]
)
def outside(request: pytest.FixtureRequest) -> Outside:
    """Return where things are shared, empty."""
    if request.param == "memory":
        return InMemory()
    if request.param == "server":
        server: RedisServer = request.getfixturevalue("redis_server")
        return InRedis(server.url, [server])
    cluster: RedisCluster = request.getfixturevalue("lasting_cluster")
    for each in cluster.servers:
        each.cli("FLUSHALL")
    return InRedis(cluster.url, cluster.servers)


@pytest.fixture(scope="session")
def lasting_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    """Return a Cluster for many tests: to start one takes seconds. `outside` empties it."""
    need_redis()
    cluster = RedisCluster(tmp_path_factory.mktemp("lasting"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
