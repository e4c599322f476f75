"""How often an old value is answered 50 ms after somebody else wrote a new one."""

from __future__ import annotations

import asyncio
import time

from engine.cache.service import RedisService
from tests.bench.cache.server import server
from tests.bench.table import Row
from tests.live.cache import caches

ROUNDS = 80
SETTLE_S = 0.05


def rows() -> list[Row]:
    """Return stale answers of 80 for each pattern, and how long an invalidation takes."""
    return asyncio.run(_rows())


async def _rows() -> list[Row]:
    peer = "cashews 7.6 client-side on RESP3: 80 of 80"
    with server() as redis:
        async with caches(redis.url, redis.url) as (here, there):
            found = [
                Row(f"stale after 50 ms, {pattern}", await _stale(here, there, pattern), "of 80",
                    0, peer)
                for pattern in ("a then b", "b then a", "at once", "b deletes")
            ]  # fmt: skip
            found.append(Row("invalidation, median", await _delay_us(here, there), "us"))
    return found


async def _stale(here: RedisService, there: RedisService, pattern: str) -> int:
    stale = 0
    for number in range(ROUNDS):
        key = f"{pattern} {number}"
        await here.set(key, "a0")
        await here.get(key)
        last = await _write(here, there, pattern, key)
        await asyncio.sleep(SETTLE_S)
        stale += last is not ... and await here.get(key) != last
        # Written at once, only Redis knows who was last: both must tell the same.
        stale += await here.get(key) != await there.get(key)
    return stale


async def _write(here: RedisService, there: RedisService, pattern: str, key: str) -> object:
    """Let both write and return what must be read afterwards; ... where either may have won."""
    if pattern == "a then b":
        await here.set(key, "a1")
        await there.set(key, "b1")
        return "b1"
    if pattern == "b then a":
        await there.set(key, "b1")
        await here.set(key, "a1")
        return "a1"
    if pattern == "at once":
        await asyncio.gather(here.set(key, "a1"), there.set(key, "b1"), here.get(key))
        return ...
    await there.delete(key)
    return None


async def _delay_us(here: RedisService, there: RedisService) -> float:
    delays = []
    for number in range(ROUNDS):
        await here.set("k", number)
        before = here.snapshot().counts.invalidated
        began_s = time.perf_counter()
        writing = asyncio.create_task(there.set("k", "new"))
        while here._holdings.tally["invalidated"] == before:  # noqa: ASYNC110 - to the microsecond
            await asyncio.sleep(0)
        delays.append(time.perf_counter() - began_s)
        await writing
    return 1e6 * sorted(delays)[ROUNDS // 2]
