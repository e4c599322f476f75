"""A caller who is cancelled while it asks Redis through a pool is cancelled, at whatever step.

Needs redis-server and redis-cli.
"""

from __future__ import annotations

import asyncio

import pytest

from engine.cache.adapters.redis_backend import redis_backend
from engine.cache.ports import CounterStore
from engine.cache.settings import CacheSettings
from tests.live.redis import RedisServer
from tests.live.redis_groups import RedisCluster

pytestmark = pytest.mark.live

STEPS, ROUNDS = 25, 8
"""Turns of the loop that a question takes at most, and questions after which one is enough."""


async def ask(counters: CounterStore) -> None:
    """Ask often enough to be cancelled in the middle."""
    for _ in range(ROUNDS):
        await counters.add("n", 1, None)


async def check(url: str) -> None:
    """Cancel callers after each number of steps."""
    backend = redis_backend(CacheSettings(url=url, loopback_deadline_ms=2000), None)
    try:
        await ask(backend.counters)
        for steps in range(STEPS):
            for _ in range(ROUNDS):
                caller = asyncio.create_task(ask(backend.counters))
                for _ in range(steps):
                    await asyncio.sleep(0)
                was_asked_to_end = caller.cancel()
                await asyncio.wait([caller])
                assert caller.cancelled() == was_asked_to_end, steps
    finally:
        await backend.aclose()


def test_one_server(redis_server: RedisServer):
    """With one server."""
    asyncio.run(check(redis_server.url))


def test_cluster(redis_cluster: RedisCluster):
    """With a Cluster."""
    asyncio.run(check(redis_cluster.url))
