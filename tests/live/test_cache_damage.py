"""The cache with damaged values under its keys in a real Redis, and with such as would explode.

Needs redis-server and redis-cli.
"""

from __future__ import annotations

import resource
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from zlib import crc32

import lz4.block
import pytest
import zstandard

from engine.cache.codec import CHECK_OFFSET, HEADER_BYTES, RAW_OFFSET, Codec
from engine.cache.content import Content, Kind
from engine.cache.dictionary import shipped_dictionary
from engine.cache.keys import VALUES
from tests.live.cache import caches, run
from tests.live.redis import RedisServer

pytestmark = pytest.mark.live

MIB = 1024 * 1024
MOST_BYTES = 32 * MIB
"""What reading may take: far less than what the values would become."""
PATIENT_MS = 2000
"""A deadline for tests that are not about deadlines, on a busy machine."""
CODEC = Codec(dictionary=shipped_dictionary(), largest_bytes=8 * MIB)
LATE_MS = 4_000_000_000_000
"""A century from the beginning of unix time."""
FUZZED, AT_ONCE = 10_000, 500


async def put_raw(server: RedisServer, frames: dict[str, bytes]) -> None:
    """Store `frames` under the keys of the default namespace, as somebody else would."""
    from redis.asyncio import Redis

    async with Redis(port=server.port) as client:
        pipeline = client.pipeline(transaction=False)
        for key, frame in frames.items():
            pipeline.set(VALUES + b"default.0::=" + key.encode(), frame, px=60_000)
        await pipeline.execute()


def damaged(random: Random, frame: bytes) -> bytes:
    """Return what is left of `frame` after its bytes were changed, cut, or others put in."""
    data = bytearray(frame)
    place, count = random.randrange(len(data)), random.randrange(1, 40)
    choice = random.randrange(5)
    if choice == 0:
        data[place] ^= random.randrange(1, 256)
    elif choice == 1:
        del data[place:]
    elif choice == 2:
        data[place:place] = bytes([random.randrange(1, 256)]) + random.randbytes(count)
    elif choice == 3:
        return random.randbytes(count * 10)
    else:
        data[RAW_OFFSET : RAW_OFFSET + 4] = (len(data) + count * 1_000_000).to_bytes(4, "big")
        return checked(bytes(data))
    return bytes(data)


def checked(frame: bytes) -> bytes:
    """Return `frame` with the checksum that it should have."""
    head, body = frame[:CHECK_OFFSET], frame[HEADER_BYTES:]
    return head + crc32(body, crc32(head)).to_bytes(4, "big") + body


def framed(payload: bytes) -> bytes:
    """Return `payload` as it is stored."""
    return CODEC.encode(Content(payload, Kind.BYTES, 1, LATE_MS, LATE_MS, LATE_MS))


@contextmanager
def little_memory() -> Iterator[None]:
    """Fail where more memory was taken meanwhile, at any time, than values may have."""
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tracemalloc.start()
    try:
        yield
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib
    assert peak_bytes < MOST_BYTES
    assert grown_kib * 1024 < MOST_BYTES


def test_ten_thousand_damaged_values(redis_server: RedisServer):
    """Whatever lies under our keys in Redis is a miss and counted, and takes no memory."""
    random = Random(7)
    sizes = (0, 20, 300, 2000, 20_000)
    whole = [framed(b"many words " * (size // 11)) for size in sizes] + [framed(bytes(100_000))]
    keys = [f"fuzzed-{number}" for number in range(FUZZED)]

    async def work() -> None:
        settings = {"first_tier_mib": 1, "loopback_deadline_ms": PATIENT_MS}
        async with caches(redis_server.url, **settings) as (cache,):
            await put_raw(
                redis_server, {key: damaged(random, random.choice(whole)) for key in keys}
            )
            await cache.get_many(keys[:AT_ONCE])
            with little_memory():
                for start in range(0, FUZZED, AT_ONCE):
                    assert await cache.get_many(keys[start : start + AT_ONCE]) == {}
            counts = cache.snapshot().counts
            assert counts.damaged == FUZZED + AT_ONCE
            assert counts.failed == counts.second_hits == 0
            assert await cache.set(keys[0], "whole")
            assert await cache.get(keys[0]) == "whole"

    run(work())


def bombs() -> dict[str, bytes]:
    """Return frames that hold far more than they say, or say far more than is allowed."""
    packing = zstandard.ZstdCompressor().compressobj(size=256 * MIB)
    stated = b"".join([packing.compress(bytes(MIB)) for _ in range(256)]) + packing.flush()
    packing = zstandard.ZstdCompressor().compressobj()
    silent = b"".join([packing.compress(bytes(MIB)) for _ in range(256)]) + packing.flush()
    packed = lz4.block.compress(bytes(16 * MIB), store_size=False)
    bodies = {"stated": (2, stated), "silent": (2, silent), "lz4": (1, packed)}
    made: dict[str, bytes] = {}
    for name, (codec, body) in bodies.items():
        for size in (1000, 128 * len(body), 8 * MIB, 256 * MIB):
            frame = bytearray(framed(b"")) + body
            frame[5] = codec
            frame[RAW_OFFSET : RAW_OFFSET + 4] = size.to_bytes(4, "big")
            made[f"{name}-{size}"] = checked(bytes(frame))
    return made


def test_bombs(redis_server: RedisServer):
    """A value that would grow beyond what is allowed is a miss before it grows."""
    made = bombs()

    async def work() -> None:
        async with caches(redis_server.url, loopback_deadline_ms=PATIENT_MS) as (cache,):
            await put_raw(redis_server, made)
            with little_memory():
                for key in made:
                    assert await cache.get(key) is None
            assert cache.snapshot().counts.damaged == len(made)

    run(work())
