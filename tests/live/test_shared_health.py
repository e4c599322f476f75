"""What hosts on the same Redis tell each other of servers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.joints import HostChannel
from tests.live.cache import caches
from tests.live.redis import RedisServer

pytestmark = pytest.mark.live


def test_health_reaches_other_hosts_and_not_oneself(redis_server: RedisServer):
    """Two hosts on one Redis hear each other; nobody hears himself."""

    async def main() -> None:
        heard: tuple[list[dict[str, Any]], list[dict[str, Any]]] = ([], [])
        arrived = asyncio.Event()

        def hear(message: dict[str, Any]) -> None:
            heard[1].append(message)
            arrived.set()

        async with caches(redis_server.url, redis_server.url) as both:
            ours, theirs = (HostChannel(cache) for cache in both)
            ours.listen(heard[0].append)
            theirs.listen(hear)
            async with asyncio.timeout(20):
                while not arrived.is_set():
                    ours.publish({"endpoint": "one", "score": 0.5})
                    await asyncio.sleep(0.02)
            await ours.aclose()
            await theirs.aclose()
        assert heard[1][0] == {"endpoint": "one", "score": 0.5}
        assert heard[0] == []

    asyncio.run(main())
