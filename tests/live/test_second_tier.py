"""The second tier with a real redis-server that is killed, frozen, filled and made a replica.

Needs redis-server, redis-sentinel and redis-cli.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from random import Random

import pytest

from engine.cache.adapters.redis_connections import RedisConnections
from engine.cache.adapters.redis_directories import directory_for
from engine.cache.keys import VALUES
from engine.cache.ports import Put
from engine.cache.second_tier import SecondTier
from engine.cache.settings import CacheSettings
from engine.cache.snapshot import CacheState
from engine.clock import SystemClock
from engine.errors import OutsideError
from tests.live.redis import RedisServer
from tests.live.redis_fixtures import MakeRedis
from tests.live.redis_groups import RedisCluster, Sentinels

pytestmark = pytest.mark.live

PATIENCE_S = 60.0
STALL_S = 1.0
"""Far below how long the server is away in these tests, far above the deadline of 50 ms: a busy
machine may hold the whole process up."""
AWAY_S = 2.5
CALLERS = 16
PACE_S = 0.02
FIRST_OF_SECOND_SERVER = 5461
"""Slots below are on the first of three servers."""


class Watched:
    """A second tier, what it told its owner, and callers who ask it all the time."""

    def __init__(self, url: str) -> None:
        self.invalidated: list[Sequence[bytes] | None] = []
        self.restored: list[bool] = []
        self.longest_stall_s = 0.0
        self.answers = 0
        self.failures = 0
        self._told = asyncio.Event()
        settings = CacheSettings(url=url)
        self.tier = SecondTier(
            directory=directory_for(RedisConnections(settings, None)),
            settings=settings,
            clock=SystemClock(),
            random=Random(1),
            invalidated=self.invalidated.append,
            restored=self._restore,
            tell=self._told.set,
        )

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is told after which `is_so()`."""
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                self._told.clear()
                await self._told.wait()

    async def until_state(self, state: CacheState) -> None:
        await self.until(lambda: self.tier.condition()[0] is state)

    async def ask(self, number: int) -> None:
        """Read, write and read until cancelled; any error but an OutsideError ends the test."""
        loop, key = asyncio.get_running_loop(), VALUES + b"test.0::=%d" % number
        while True:
            began_s = loop.time()
            self.tier.read(key).cancel()
            futures = [
                self.tier.read(key),
                self.tier.write(Put(key, b"%d" % number, 60_000)),
                self.tier.read(key),
            ]
            answers = await asyncio.gather(*futures, return_exceptions=True)
            self.longest_stall_s = max(self.longest_stall_s, loop.time() - began_s)
            for answer in answers:
                assert isinstance(answer, (bytes, int, OutsideError)) or answer is None, answer
                self.failures += isinstance(answer, OutsideError)
                self.answers += not isinstance(answer, OutsideError)
            self._told.set()
            if isinstance(answers[1], int):
                assert answers[2] == b"%d" % number or isinstance(answers[2], OutsideError)
            await asyncio.sleep(PACE_S)

    async def _restore(self, has_lost_data: bool) -> None:
        self.restored.append(has_lost_data)
        await self.tier.write(Put(VALUES + b"test.0::=restored", b"1", 60_000))


def under_load(url: str, story: Callable[[Watched], Awaitable[None]]) -> Watched:
    """Run `story` while callers ask; return what was seen after everything has ended."""

    async def run() -> Watched:
        watched = Watched(url)
        await watched.tier.start()
        callers = [asyncio.create_task(watched.ask(number)) for number in range(CALLERS)]
        try:
            await story(watched)
        finally:
            for caller in callers:
                caller.cancel()
            ends = await asyncio.gather(*callers, return_exceptions=True)
            await watched.tier.aclose()
        assert all(isinstance(end, asyncio.CancelledError) for end in ends), ends
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return watched

    watched = asyncio.run(run())
    assert watched.longest_stall_s < STALL_S
    return watched


async def blocking(work: Callable[..., object], *words: object) -> None:
    """Do what would block the loop on a thread."""
    await asyncio.to_thread(work, *words)


def test_killed_server_comes_back_empty(redis_server: RedisServer):
    """A killed server costs misses; when it is back without its data, that is known."""

    async def story(watched: Watched) -> None:
        await watched.until(lambda: watched.answers > 3 * CALLERS)
        await blocking(redis_server.kill)
        await watched.until_state(CacheState.MEMORY)
        await asyncio.sleep(AWAY_S)
        await blocking(redis_server.start)
        await watched.until_state(CacheState.REDIS)
        assert await watched.tier.read(VALUES + b"test.0::=restored") == b"1"

    watched = under_load(redis_server.url, story)
    assert watched.restored == [False, True]
    assert None in watched.invalidated
    assert watched.failures


def test_frozen_server_is_left_alone(redis_server: RedisServer):
    """A frozen server holds nobody up for longer than the deadline, and is used when it wakes."""

    async def story(watched: Watched) -> None:
        await watched.until(lambda: watched.answers > 3 * CALLERS)
        await blocking(redis_server.pause)
        await watched.until_state(CacheState.MEMORY)
        await asyncio.sleep(AWAY_S)
        assert watched.tier.condition()[0] is CacheState.MEMORY
        await blocking(redis_server.resume)
        await watched.until_state(CacheState.REDIS)

    watched = under_load(redis_server.url, story)
    assert watched.restored == [False, False]


def test_frozen_server_at_the_start(redis_server: RedisServer):
    """A server that is frozen from the start does not keep the tier from starting."""
    redis_server.pause()

    async def story(watched: Watched) -> None:
        assert watched.tier.condition()[0] is CacheState.MEMORY
        await blocking(redis_server.resume)
        await watched.until_state(CacheState.REDIS)

    try:
        under_load(redis_server.url, story)
    finally:
        redis_server.resume()


def test_absent_server_is_found_when_it_starts(redis_server: RedisServer):
    """Without a server everything fails at once; one that starts later is used."""
    redis_server.stop()

    async def story(watched: Watched) -> None:
        state, reason = watched.tier.condition()
        assert state is CacheState.MEMORY
        assert redis_server.name in reason
        await blocking(redis_server.start)
        await watched.until_state(CacheState.REDIS)

    under_load(redis_server.url, story)


def test_full_server_is_still_read(redis_server: RedisServer):
    """A server without memory refuses writes, answers reads, and is whole when it has room."""

    async def story(watched: Watched) -> None:
        key = VALUES + b"test.0::=kept"
        await watched.tier.write(Put(key, b"1", 60_000))
        await blocking(redis_server.cli, "CONFIG", "SET", "maxmemory", "1")
        await watched.until_state(CacheState.DEGRADED)
        assert "memory is full" in watched.tier.condition()[1]
        assert await watched.tier.read(key) == b"1"
        await blocking(redis_server.cli, "CONFIG", "SET", "maxmemory", "0")
        await watched.until_state(CacheState.REDIS)

    assert under_load(redis_server.url, story).restored == [False]


def test_server_that_becomes_a_replica(make_redis: MakeRedis):
    """A server that takes no writes any more says so in the state, until it takes them again."""
    server, other = make_redis(), make_redis()

    async def story(watched: Watched) -> None:
        await blocking(server.cli, "REPLICAOF", "127.0.0.1", str(other.port))
        await watched.until(lambda: "replica" in watched.tier.condition()[1])
        assert watched.tier.condition()[0] is CacheState.DEGRADED
        await blocking(server.cli, "REPLICAOF", "NO", "ONE")
        await watched.until_state(CacheState.REDIS)

    under_load(server.url, story)


def test_connection_that_is_cut(redis_server: RedisServer):
    """A connection that is cut in the middle of questions is made again, data and all."""

    async def story(watched: Watched) -> None:
        for times in range(2, 6):
            await blocking(redis_server.cli, "CLIENT", "KILL", "TYPE", "normal")
            await watched.until(lambda times=times: len(watched.restored) == times)
            await watched.until_state(CacheState.REDIS)

    watched = under_load(redis_server.url, story)
    assert watched.restored == [False] * 5
    assert watched.invalidated.count(None) == 5


def test_closing_while_the_server_is_frozen(redis_server: RedisServer):
    """The tier closes though questions to a frozen server are on their way."""

    async def story(watched: Watched) -> None:
        await blocking(redis_server.pause)

    try:
        under_load(redis_server.url, story)
    finally:
        redis_server.resume()


@pytest.mark.parametrize("fault", ["kill", "pause"])
def test_sentinel_names_another_server(fault: str, sentinels: Sentinels):
    """When the server is killed or frozen, callers move to the one that Sentinel puts in charge."""

    async def story(watched: Watched) -> None:
        await watched.until(lambda: watched.answers > 3 * CALLERS)
        await blocking(getattr(sentinels.first, fault))
        await watched.until(
            lambda: [one.name for one in watched.tier.status()] == [sentinels.second.name]
        )
        await watched.until_state(CacheState.REDIS)
        assert await watched.tier.read(VALUES + b"test.0::=restored") == b"1"

    watched = under_load(sentinels.url, story)
    assert watched.restored[-1] is True
    assert None in watched.invalidated


def test_cluster_without_one_of_its_servers(redis_cluster: RedisCluster):
    """A Cluster that lacks a server is degraded with the reason, and whole when it is back."""

    async def story(watched: Watched) -> None:
        await watched.until_state(CacheState.REDIS)
        assert len(watched.tier.status()) == 3
        await blocking(redis_cluster.servers[0].kill)
        await watched.until_state(CacheState.DEGRADED)
        assert "servers: " in watched.tier.condition()[1]
        await blocking(redis_cluster.servers[0].start)
        await watched.until_state(CacheState.REDIS)

    under_load(redis_cluster.url, story)


def test_slot_that_moved(redis_cluster: RedisCluster):
    """Keys that moved to another server of the Cluster are found there, after some refusals."""
    source, target = redis_cluster.servers[0], redis_cluster.servers[2]
    names = (VALUES + b"test.0::=moved%d" % number for number in range(20))
    slots = {key: int(source.cli("CLUSTER", "KEYSLOT", key.decode())) for key in names}
    key, slot = min(slots.items(), key=lambda pair: pair[1])
    assert slot < FIRST_OF_SECOND_SERVER

    async def story(watched: Watched) -> None:
        await watched.until_state(CacheState.REDIS)
        await blocking(redis_cluster.move_slot, slot, source, target)
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    await watched.tier.write(Put(key, b"1", 60_000))
                    break
                except OutsideError:
                    await asyncio.sleep(PACE_S)
        assert await asyncio.to_thread(target.cli, "EXISTS", key.decode()) == "1"
        assert await watched.tier.read(key) == b"1"
        await watched.until_state(CacheState.REDIS)

    under_load(redis_cluster.url, story)
