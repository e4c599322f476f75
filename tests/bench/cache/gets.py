"""Gets through Redis: one caller's latency, many callers' rate, beside redis-py and cashews.

One caller is measured with server and client on one core: between two, what is measured is mostly
how long the system takes to wake the other, and that varies twofold from minute to minute.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from engine.cache.keys import key_of
from engine.cache.service import RedisService
from tests.bench.cache.server import server
from tests.bench.table import Row
from tests.live.cache import caches
from tests.live.redis import RedisServer

Get = Callable[[str], Awaitable[object]]
KEY = "k"
WARM_UP, ALONE, TOGETHER = 300, 2000, 8000
CALLERS = 32
OWN_KEYS = [f"k{number}" for number in range(CALLERS)]
KEYS = (KEY, *OWN_KEYS)
ROUNDS = 5
SMALL_BYTES, LARGE_BYTES = 100, 4096


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured of one client: the best of some rounds, as other work only slows down."""

    p50_us: float
    p99_us: float
    free_p50_us: float
    same_per_s: float
    same_cpu_us: float
    """Callers who ask for one key."""
    own_per_s: float
    own_cpu_us: float
    """Callers who ask for a key each."""


def rows() -> list[Row]:
    """Return latency, rate and CPU of gets that the first tier does not answer."""
    return [row for size in (SMALL_BYTES, LARGE_BYTES) for row in asyncio.run(_compare(size))]


async def _compare(size_bytes: int) -> list[Row]:
    value = bytes(range(256)) * (size_bytes // 256) + b"x" * (size_bytes % 256)
    with server() as redis:
        async with caches(redis.url) as (cache,):
            for key in KEYS:
                await cache.set(key, value)
            ours, plain, other = await _rounds(redis, cache, value)
            raw = best([await measure(_as_stored(cache), redis) for _ in range(ROUNDS)])
    name = f"get of {size_bytes} B through Redis"
    peers = f"redis-py {plain.p50_us:.0f}, cashews {_text(other and other.p50_us)}"
    return [
        Row(f"{name}: p50 of one caller", ours.p50_us, "us", plain.p50_us, peers),
        Row(f"{name}: p99 of one caller", ours.p99_us, "us", None, f"redis-py {plain.p99_us:.0f}"),
        Row(f"{name}: p50 of one caller, as scheduled", ours.free_p50_us, "us", None,
            f"redis-py {plain.free_p50_us:.0f}"),
        *_rates(f"{name}: 32 callers, one key", "same", ours, plain, other),
        *_rates(f"{name}: 32 callers, a key each", "own", ours, plain, other),
        *_rates(f"{name}: 32 callers, a key each, as stored", "own", raw, plain, other),
    ]  # fmt: skip


def _rates(
    name: str, which: str, ours: Figures, plain: Figures, other: Figures | None
) -> list[Row]:
    def of(figures: Figures, what: str) -> float:
        return float(getattr(figures, f"{which}_{what}"))

    per_s, peer = of(ours, "per_s"), of(plain, "per_s")
    text = f"a second: ours {per_s:.0f}, redis-py {peer:.0f}, "
    text += f"cashews {_text(other and of(other, 'per_s'))}"
    cpu = f"redis-py {of(plain, 'cpu_us'):.0f}"
    return [
        Row(f"{name}: redis-py's rate over ours", peer / per_s, "x", 1 / 6, text),
        Row(f"{name}: CPU", of(ours, "cpu_us"), "us", None, cpu),
    ]


async def _rounds(
    redis: RedisServer, cache: RedisService, value: bytes
) -> tuple[Figures, Figures, Figures | None]:
    """Measure by turns, so that what else the machine does meets all of them."""
    from redis.asyncio import BlockingConnectionPool, Redis

    client = Redis.from_pool(BlockingConnectionPool(port=redis.port, max_connections=CALLERS))
    peer = await _cashews(redis)
    for key in KEYS:
        await client.set(key, value)
    found: list[list[Figures]] = [[], [], []]
    for _ in range(ROUNDS):
        found[0].append(await measure(_past_the_first_tier(cache), redis))
        found[1].append(await measure(client.get, redis))
        if peer is not None:
            found[2].append(await measure(peer, redis))
    await client.aclose()
    ours, plain = best(found[0]), best(found[1])
    return ours, plain, best(found[2]) if found[2] else None


async def measure(get: Get, redis: RedisServer) -> Figures:
    """Return what one caller waits and many get."""
    for _ in range(WARM_UP):
        await get(KEY)
    free = await _waits(get)
    with on_one_core(redis):
        near = await _waits(get)

    same_s, same_cpu_s = await _together(get, [KEY] * CALLERS)
    own_s, own_cpu_s = await _together(get, OWN_KEYS)
    return Figures(
        p50_us=1e6 * median(near),
        p99_us=1e6 * near[int(0.99 * len(near))],
        free_p50_us=1e6 * median(free),
        same_per_s=TOGETHER / same_s,
        same_cpu_us=1e6 * same_cpu_s / TOGETHER,
        own_per_s=TOGETHER / own_s,
        own_cpu_us=1e6 * own_cpu_s / TOGETHER,
    )


async def _together(get: Get, keys: list[str]) -> tuple[float, float]:
    """Return seconds and CPU seconds until one caller for each of `keys` has asked often."""

    async def caller(key: str) -> None:
        for _ in range(TOGETHER // CALLERS):
            await get(key)

    began_s, cpu_s = time.perf_counter(), time.process_time()
    await asyncio.gather(*[caller(key) for key in keys])
    return time.perf_counter() - began_s, time.process_time() - cpu_s


async def _waits(get: Get) -> list[float]:
    waits = []
    for _ in range(ALONE):
        began_s = time.perf_counter()
        await get(KEY)
        waits.append(time.perf_counter() - began_s)
    return sorted(waits)


@contextmanager
def on_one_core(redis: RedisServer) -> Iterator[None]:
    """Keep this process and the server on the first core, where the system can do that."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    tasks = [int(each.name) for each in Path(f"/proc/{redis.process_id}/task").iterdir()]
    before = os.sched_getaffinity(0)
    for task in (0, *tasks):
        os.sched_setaffinity(task, {min(before)})
    try:
        yield
    finally:
        for task in (0, *tasks):
            os.sched_setaffinity(task, before)


def best(rounds: list[Figures]) -> Figures:
    """Return the best of each figure: the highest rates, the least of everything else."""
    return Figures(
        **{
            name: (max if name.endswith("per_s") else min)(getattr(each, name) for each in rounds)
            for name in Figures.__slots__
        }
    )


def _past_the_first_tier(cache: RedisService) -> Get:
    """Return gets that find the first tier empty: the whole way to Redis and back."""
    cache._holdings.first.resize(1)  # it has room for nothing
    get: Get = cache.get
    return get


def _as_stored(cache: RedisService) -> Get:
    """Return gets of what lies in Redis, not opened and not kept: what other clients answer."""
    parts = cache._attachment.running
    physical = {name: parts.tiers.generations.guess(key_of("default", name)) for name in KEYS}

    async def get(name: str) -> object:
        return await parts.second.read(physical[name])

    assert parts.second is not None
    return get


async def _cashews(redis: RedisServer) -> Get | None:
    try:
        from cashews import Cache
    except ImportError:
        return None
    cache = Cache()
    cache.setup(f"redis://127.0.0.1:{redis.port}/1")
    for key in KEYS:
        await cache.set(key, b"x" * SMALL_BYTES, expire=600)
    get: Get = cache.get
    return get


def _text(value: float | None) -> str:
    return "not installed" if value is None else f"{value:.0f}"
