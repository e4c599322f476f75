"""What hosts on the same Redis learn from each other about parameters."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.clock import SystemClock
from engine.joints import OBSERVATION_CHANNEL, HostChannel
from tests.engine.analytics.opened import analytics
from tests.live.cache import caches
from tests.live.redis import RedisServer

pytestmark = pytest.mark.live

PATIENCE_S = 30.0


def test_one_host_learns_what_another_observed(redis_server: RedisServer, tmp_path: Path):
    """A reward on one workstation is known on the other, once, and stays known without Redis."""

    async def main() -> None:
        clock = SystemClock()
        async with caches(redis_server.url, redis_server.url) as (here, there):
            async with (
                analytics(
                    tmp_path / "a", clock, 1, channel=HostChannel(here, OBSERVATION_CHANNEL)
                ) as ours,
                analytics(
                    tmp_path / "b", clock, 2, channel=HostChannel(there, OBSERVATION_CHANNEL)
                ) as theirs,
            ):
                told = 0
                async with asyncio.timeout(PATIENCE_S):
                    while not (await theirs.refreshed()).counts.get("heard"):
                        got = await ours.optimize("m")
                        await ours.observe(got.id, 1.0, latency_ms=50.0)
                        told += 1
                        await asyncio.sleep(0.05)
                seen = await theirs.refreshed()
                assert 1 <= seen.studies[0].rewards <= told
                assert (await ours.refreshed()).counts.get("heard") is None
        async with analytics(tmp_path / "b", clock, 3) as alone:
            assert (await alone.best("m")).rewards >= 1

    asyncio.run(main())
