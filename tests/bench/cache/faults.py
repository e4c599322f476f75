"""What callers notice when Redis is killed, restarted, frozen, full or slow, beside redis-py.

200 operations a second, sets and gets by turns: 2 s as usual, 3 s of the fault, 6 s after.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, Protocol

from tests.bench.cache.server import server
from tests.bench.table import Row
from tests.live.cache import cache_at
from tests.live.redis import RedisServer

RATE_HZ = 200
BEFORE_S, FAULT_S, AFTER_S = 2.0, 3.0, 6.0
VALUE = b"v" * 2048
TTL_S = 600
BACK = 101
"""Gets ask for what was set so many operations before."""
LATEST_S = 15.0
LONGEST_STALL_MS = 60.0
SLOW_S = 0.3
FAULTS = ("kill", "restart", "freeze", "full", "slow")


class Cache(Protocol):
    """What is put to the test."""

    async def get(self, key: str) -> Any:
        """Return a value."""
        ...

    async def set(self, key: str, value: bytes, ttl_s: int) -> Any:
        """Keep a value; True or None where it is kept."""
        ...


@dataclass
class Seen:
    """What the callers saw."""

    errors: int = 0
    longest_s: float = 0.0
    kept: list[str] = field(default_factory=list)
    lost: int = 0


def rows() -> list[Row]:
    """Return exceptions, longest stall and lost writes for each fault."""
    found: list[Row] = []
    peers = {"redis-py": redis_py_at}
    if find_spec("cashews") is not None:
        peers["cashews"] = cashews_at
    for fault in FAULTS:
        ours = asyncio.run(_under(fault, ours_at))
        seen = {name: asyncio.run(_under(fault, make)) for name, make in peers.items()}
        beside = "; ".join(
            f"{name} {each.errors} errors, {1000 * each.longest_s:.0f} ms, {each.lost} lost"
            for name, each in seen.items()
        )
        found += [
            Row(f"{fault}: exceptions to callers", ours.errors, "", 0, beside),
            Row(f"{fault}: longest call", 1000 * ours.longest_s, "ms", LONGEST_STALL_MS),
            Row(f"{fault}: acknowledged writes lost", ours.lost, f"of {len(ours.kept)}", 0),
        ]
    return found


@asynccontextmanager
async def ours_at(port: int) -> AsyncIterator[Cache]:
    """Yield our cache on the Redis at `port`."""
    async with cache_at(f"redis://127.0.0.1:{port}/0") as cache:
        yield cache


@asynccontextmanager
async def redis_py_at(port: int) -> AsyncIterator[Cache]:
    """Yield redis-py as it is made by default."""
    from redis.asyncio import Redis

    class Plain:
        """redis-py under our names."""

        async def get(self, key: str) -> Any:
            """Return a value."""
            return await client.get(key)

        async def set(self, key: str, value: bytes, ttl_s: int) -> Any:
            """Keep a value."""
            return await client.set(key, value, ex=ttl_s)

    async with Redis(port=port) as client:
        yield Plain()


@asynccontextmanager
async def cashews_at(port: int) -> AsyncIterator[Cache]:
    """Yield cashews on the Redis at `port`."""
    from cashews import Cache as Cashews

    class Plain:
        """cashews under our names."""

        async def get(self, key: str) -> Any:
            """Return a value."""
            return await client.get(key)

        async def set(self, key: str, value: bytes, ttl_s: int) -> Any:
            """Keep a value."""
            return await client.set(key, value, expire=ttl_s)

    client = Cashews()
    client.setup(f"redis://127.0.0.1:{port}")
    try:
        yield Plain()
    finally:
        await client.close()


async def _under(fault: str, make: Callable[[int], Any]) -> Seen:
    with server(is_lasting=fault == "restart") as redis:
        async with _delayed(redis.port) as (port, delay):
            async with make(port if fault == "slow" else redis.port) as cache:
                return await _watched(cache, lambda: _happen(fault, redis, delay))


async def _watched(cache: Cache, happen: Callable[[], Awaitable[None]]) -> Seen:
    seen, tasks, began_s = Seen(), set[asyncio.Task[None]](), time.perf_counter()
    story = asyncio.create_task(happen())
    number = 0
    while not story.done():
        while number < (time.perf_counter() - began_s) * RATE_HZ:
            number += 1
            task = asyncio.create_task(_operate(cache, number, seen))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.sleep(0.002)
    await story
    if tasks:
        await asyncio.wait(tasks, timeout=LATEST_S)
    for key in seen.kept:
        try:
            seen.lost += await asyncio.wait_for(cache.get(key), 2) != VALUE
        except Exception:  # noqa: BLE001 - whatever a client raises, the value is not there
            seen.lost += 1
    return seen


async def _operate(cache: Cache, number: int, seen: Seen) -> None:
    began_s = time.perf_counter()
    try:
        if number % 2:
            if await cache.set(f"w:{number}", VALUE, TTL_S) is not False:
                seen.kept.append(f"w:{number}")
        else:
            await cache.get(f"w:{max(1, number - BACK)}")
    except Exception:  # noqa: BLE001 - counting what clients raise is the measurement
        seen.errors += 1
    seen.longest_s = max(seen.longest_s, time.perf_counter() - began_s)


async def _happen(fault: str, redis: RedisServer, delay: list[float]) -> None:
    await asyncio.sleep(BEFORE_S)
    if fault == "kill":
        redis.kill()
        await asyncio.sleep(FAULT_S)
        await asyncio.to_thread(redis.start)
    elif fault == "restart":
        redis.kill()
        await asyncio.to_thread(redis.start)
    elif fault == "freeze":
        redis.pause()
        await asyncio.sleep(FAULT_S)
        redis.resume()
    elif fault == "full":
        await asyncio.to_thread(redis.cli, "CONFIG", "SET", "maxmemory", "1")
        await asyncio.sleep(FAULT_S)
        await asyncio.to_thread(redis.cli, "CONFIG", "SET", "maxmemory", "0")
    else:
        delay[0] = SLOW_S
        await asyncio.sleep(FAULT_S)
        delay[0] = 0.0
    await asyncio.sleep(AFTER_S)


@asynccontextmanager
async def _delayed(port: int) -> AsyncIterator[tuple[int, list[float]]]:
    """Yield the port of a way to `port` on which answers take `delay[0]` longer."""
    delay, writers = [0.0], list[asyncio.StreamWriter]()
    passings: list[asyncio.Future[Any]] = []

    async def pass_on(
        source: asyncio.StreamReader, target: asyncio.StreamWriter, is_answer: bool
    ) -> None:
        while data := await source.read(65536):
            if is_answer and delay[0]:
                await asyncio.sleep(delay[0])
            target.write(data)
            await target.drain()
        target.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        writers.extend((writer, far_writer))
        ways = pass_on(reader, far_writer, False), pass_on(far_reader, writer, True)
        passing = asyncio.gather(*ways, return_exceptions=True)
        passings.append(passing)
        await asyncio.wait([passing])

    way = await asyncio.start_server(connect, "127.0.0.1", 0)
    try:
        yield way.sockets[0].getsockname()[1], delay
    finally:
        way.close()
        for writer in writers:
            writer.transport.abort()
        if passings:
            await asyncio.wait(passings)
