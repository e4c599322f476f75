"""What `--demo` shows of the cache."""

from __future__ import annotations

import asyncio
from random import Random

from engine.cache.adapters.simulated import SimulatedServer
from engine.cache.snapshot import CacheState
from engine.clock import SystemClock
from engine.demo_work import DemoWork
from engine.demonstration import Demonstration
from engine.folders import Folders
from engine.outsides import demo_cache
from tests.live.cache import until


def test_the_cache_is_used(folders: Folders):
    """Simulated callers hit and miss a simulated Redis, keep sessions, and stop when told."""

    async def work() -> None:
        async with demo_cache(folders) as cache:
            before = asyncio.all_tasks()
            demonstration = DemoWork(Demonstration(cache, Random(3)).live)
            demonstration.start()
            await until(lambda: cache.snapshot().counts.first_hits > 5)
            await demonstration.aclose()
            await demonstration.aclose()
            snapshot = cache.snapshot()
            assert asyncio.all_tasks() == before
            assert snapshot.state is CacheState.REDIS
            assert snapshot.counts.made > 0
            assert snapshot.sessions > 0
            page = await cache.desk.keys("answers")
            assert page.rows
            assert (await cache.desk.preview(page.rows[0].key)).kind == "json"

    asyncio.run(work())


def test_a_neighbour_shares_the_redis(folders: Folders):
    """What another workstation writes is found through Redis, and what it changes is noticed."""

    async def work() -> None:
        server = SimulatedServer(clock=SystemClock())
        neighbour = demo_cache(folders, server)
        async with demo_cache(folders, server) as cache:
            demonstration = DemoWork(Demonstration(cache, Random(3), neighbour=neighbour).live)
            demonstration.start()
            look = cache.snapshot
            await until(lambda: look().counts.second_hits > 0)
            await until(lambda: look().counts.invalidated > 0)
            await until(lambda: look().get.calls > 0)
            await until(lambda: look().counts.received > 0)
            await demonstration.aclose()
        assert neighbour.snapshot().state is CacheState.STOPPED

    asyncio.run(work())
