"""Gets through Redis: one caller's latency, many callers' rate, beside redis-py and cashews."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median

from engine.cache.service import RedisService
from tests.bench.cache.server import server
from tests.bench.table import Row
from tests.live.cache import caches
from tests.live.redis import RedisServer

Get = Callable[[str], Awaitable[object]]
KEY = "k"
WARM_UP, ALONE, TOGETHER = 300, 2000, 8000
CALLERS = 32
ROUNDS = 5
SMALL_BYTES, LARGE_BYTES = 100, 4096


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured of one client: the best of some rounds, as other work only slows down."""

    p50_us: float
    p99_us: float
    per_s: float
    cpu_us: float


def rows() -> list[Row]:
    """Return latency, rate and CPU of gets that the first tier does not answer."""
    return [row for size in (SMALL_BYTES, LARGE_BYTES) for row in asyncio.run(_compare(size))]


async def _compare(size_bytes: int) -> list[Row]:
    value = bytes(range(256)) * (size_bytes // 256) + b"x" * (size_bytes % 256)
    with server() as redis:
        async with caches(redis.url) as (cache,):
            await cache.set(KEY, value)
            ours, plain, other = await _rounds(redis, cache, value)
    name = f"get of {size_bytes} B through Redis"
    peers = f"redis-py {plain.p50_us:.0f}, cashews {_text(other and other.p50_us)}"
    rates = f"redis-py {plain.per_s:.0f}, cashews {_text(other and other.per_s)}"
    return [
        Row(f"{name}: p50 of one caller", ours.p50_us, "us", plain.p50_us, peers),
        Row(f"{name}: p99 of one caller", ours.p99_us, "us", None, f"redis-py {plain.p99_us:.0f}"),
        Row(f"{name}: redis-py's rate over ours, 32 callers", plain.per_s / ours.per_s, "x",
            1 / 6, f"ours {ours.per_s:.0f} a second, {rates}"),
        Row(f"{name}: CPU, 32 callers", ours.cpu_us, "us", None, f"redis-py {plain.cpu_us:.0f}"),
    ]  # fmt: skip


async def _rounds(
    redis: RedisServer, cache: RedisService, value: bytes
) -> tuple[Figures, Figures, Figures | None]:
    """Measure by turns, so that what else the machine does meets all of them."""
    from redis.asyncio import BlockingConnectionPool, Redis

    client = Redis.from_pool(BlockingConnectionPool(port=redis.port, max_connections=CALLERS))
    peer = await _cashews(redis)
    await client.set(KEY, value)
    found: list[list[Figures]] = [[], [], []]
    for _ in range(ROUNDS):
        found[0].append(await measure(_past_the_first_tier(cache)))
        found[1].append(await measure(client.get))
        if peer is not None:
            found[2].append(await measure(peer))
    await client.aclose()
    ours, plain = best(found[0]), best(found[1])
    return ours, plain, best(found[2]) if found[2] else None


async def measure(get: Get) -> Figures:
    """Return what one caller waits and many get."""
    for _ in range(WARM_UP):
        await get(KEY)
    waits = []
    for _ in range(ALONE):
        began_s = time.perf_counter()
        await get(KEY)
        waits.append(time.perf_counter() - began_s)
    waits.sort()

    async def caller() -> None:
        for _ in range(TOGETHER // CALLERS):
            await get(KEY)

    began_s, cpu_s = time.perf_counter(), time.process_time()
    await asyncio.gather(*[caller() for _ in range(CALLERS)])
    took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_s
    return Figures(
        1e6 * median(waits),
        1e6 * waits[int(0.99 * len(waits))],
        TOGETHER / took_s,
        1e6 * cpu_s / TOGETHER,
    )


def best(rounds: list[Figures]) -> Figures:
    """Return the best of each figure."""
    return Figures(
        min(each.p50_us for each in rounds),
        min(each.p99_us for each in rounds),
        max(each.per_s for each in rounds),
        min(each.cpu_us for each in rounds),
    )


def _past_the_first_tier(cache: RedisService) -> Get:
    """Return gets that find the first tier empty: the whole way to Redis and back."""
    cache._holdings.first.resize(1)  # it has room for nothing
    get: Get = cache.get
    return get


async def _cashews(redis: RedisServer) -> Get | None:
    try:
        from cashews import Cache
    except ImportError:
        return None
    cache = Cache()
    cache.setup(f"redis://127.0.0.1:{redis.port}/1")
    await cache.set(KEY, b"x" * SMALL_BYTES, expire=600)
    get: Get = cache.get
    return get


def _text(value: float | None) -> str:
    return "not installed" if value is None else f"{value:.0f}"
