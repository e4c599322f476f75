"""Wherever a log is kept, it reads alike: the contract of `Streams`."""

from __future__ import annotations

import asyncio

import pytest

from engine.errors import OutsideError
from tests.contracts.cache_outside import InRedis, Outside, Shared, outside
from tests.live.redis import RedisServer

__all__ = ["outside"]

PATIENCE_S = 10.0


def test_log_is_read_from_any_point(outside: Outside):
    """Messages come oldest first, after any id, no more than asked for."""

    async def check(shared: Shared) -> None:
        streams = shared.streams
        sent = [b"", b"\x00\xff", b"two", b"three"]
        ids = [await streams.append("a", message, 100) for message in sent]
        assert len(set(ids)) == len(ids)
        assert list(await streams.read("a", "", 10)) == list(zip(ids, sent, strict=True))
        assert [each for _, each in await streams.read("a", ids[1], 10)] == sent[2:]
        assert [each for _, each in await streams.read("a", ids[0], 2)] == sent[1:3]
        assert list(await streams.read("a", ids[-1], 10)) == []
        assert list(await streams.read("other", "", 10)) == []

    outside.run(check)


def test_oldest_leave(outside: Outside):
    """About the newest `keep` stay."""

    async def check(shared: Shared) -> None:
        for number in range(600):
            await shared.streams.append("a", b"%d" % number, 100)
        kept = [int(each) for _, each in await shared.streams.read("a", "", 1000)]
        assert 100 <= len(kept) < 350
        assert kept == list(range(600 - len(kept), 600))

    outside.run(check)


def test_waiting_ends_with_a_message(outside: Outside):
    """Who waits is told as soon as something stands there, at once where it does already."""

    async def check(shared: Shared) -> None:
        streams = shared.streams
        waiting = asyncio.ensure_future(streams.wait("a", "", PATIENCE_S))
        await asyncio.wait([waiting], timeout=0.05)
        assert not waiting.done()
        first = await streams.append("a", b"1", 100)
        assert await asyncio.wait_for(waiting, PATIENCE_S)
        assert await streams.wait("a", "", 0.001)
        assert not await streams.wait("a", first, 0.001)
        await streams.append("a", b"2", 100)
        assert await streams.wait("a", first, PATIENCE_S)

    outside.run(check)


def test_cancelled_wait_harms_nobody(outside: Outside):
    """After a wait that was cancelled, others get their own answers."""

    async def check(shared: Shared) -> None:
        streams = shared.streams
        for _ in range(3):
            waiting = asyncio.ensure_future(streams.wait("a", "", PATIENCE_S))
            await asyncio.wait([waiting], timeout=0.02)
            waiting.cancel()
            await asyncio.wait([waiting])
            assert waiting.cancelled()
        assert not await streams.wait("b", "", 0.001)
        await streams.append("b", b"1", 100)
        assert await streams.wait("b", "", 0.001)

    outside.run(check)


def test_many_wait_at_once(outside: Outside):
    """More may wait than the pool has connections, and the pool stays free."""

    async def check(shared: Shared) -> None:
        streams = shared.streams
        waiting = [asyncio.ensure_future(streams.wait("a", "", PATIENCE_S)) for _ in range(40)]
        await streams.append("a", b"1", 100)
        assert all(await asyncio.gather(*waiting))

    outside.run(check)


@pytest.mark.live
def test_lost_server_is_told(redis_server: RedisServer):
    """A wait fails when the server ends; after its return the next one works."""

    async def check(shared: Shared) -> None:
        streams = shared.streams
        assert not await streams.wait("a", "", 0.001)
        waiting = asyncio.ensure_future(streams.wait("a", "", PATIENCE_S))
        await asyncio.wait([waiting], timeout=0.05)
        redis_server.kill()
        with pytest.raises(OutsideError):
            await waiting
        redis_server.start()
        await streams.append("a", b"1", 100)
        assert await streams.wait("a", "", PATIENCE_S)

    InRedis(redis_server.url, [redis_server]).run(check)
