"""However messages travel, they arrive alike: the contract of `Channels`."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from engine.errors import OutsideError
from tests.contracts.cache_outside import InRedis, Outside, Shared, outside
from tests.live.redis import RedisServer

__all__ = ["outside"]

PATIENCE_S = 10.0


def test_messages_arrive_in_order(outside: Outside):
    """Once listening has begun, every message of the channel arrives, bytes unchanged."""

    async def check(shared: Shared) -> None:
        sent = [b"", b"\x00\xff", b"text", b"x" * 100_000]
        async with aclosing(shared.channels.listen(["a", "b{c}"])) as messages:
            assert await anext(messages) is None
            for message in sent:
                await shared.channels.publish("a", message)
            await shared.channels.publish("not heard", b"no")
            await shared.channels.publish("b{c}", b"last")
            received = [await anext(messages) for _ in range(len(sent) + 1)]
        assert received == [*(("a", message) for message in sent), ("b{c}", b"last")]

    outside.run(check)


def test_every_listener_hears(outside: Outside):
    """Each of several listeners gets each message once; who has left gets none."""

    async def check(shared: Shared) -> None:
        async with aclosing(shared.channels.listen(["a"])) as first:
            assert await anext(first) is None
            async with aclosing(shared.channels.listen(["a"])) as second:
                assert await anext(second) is None
                await shared.channels.publish("a", b"1")
                assert await anext(first) == await anext(second) == ("a", b"1")
            await shared.channels.publish("a", b"2")
            assert await anext(first) == ("a", b"2")

    outside.run(check)


def test_nobody_listens(outside: Outside):
    """A message that nobody waits for is sent without an error, and is gone."""

    async def check(shared: Shared) -> None:
        await shared.channels.publish("a", b"early")
        async with aclosing(shared.channels.listen(["a"])) as messages:
            assert await anext(messages) is None
            await shared.channels.publish("a", b"now")
            assert await anext(messages) == ("a", b"now")

    outside.run(check)


def test_cancelled_listener_leaves_nothing(outside: Outside):
    """A listener that is cancelled while it waits ends its connection."""

    async def check(shared: Shared) -> None:
        has_begun = asyncio.Event()

        async def listen() -> None:
            async with aclosing(shared.channels.listen(["a"])) as messages:
                async for _ in messages:
                    has_begun.set()

        task = asyncio.create_task(listen())
        await has_begun.wait()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    outside.run(check)


@pytest.mark.live
def test_lost_connection_is_told(redis_server: RedisServer):
    """A listener hears of the end of its connection by an error, never by silence."""

    async def check(shared: Shared) -> None:
        async with aclosing(shared.channels.listen(["a"])) as messages:
            assert await anext(messages) is None
            redis_server.kill()
            with pytest.raises(OutsideError):
                await asyncio.wait_for(anext(messages), PATIENCE_S)

    InRedis(redis_server.url, [redis_server]).run(check)


@pytest.mark.live
def test_frozen_server_is_told(redis_server: RedisServer):
    """A listener hears within its patience that the server is silent; a quiet one goes on."""

    async def check(shared: Shared) -> None:
        async with aclosing(shared.channels.listen(["a"])) as messages:
            assert await anext(messages) is None
            waiting = asyncio.ensure_future(anext(messages))
            await asyncio.wait([waiting], timeout=0.3)
            assert not waiting.done()  # several questions were answered meanwhile
            await shared.channels.publish("a", b"1")
            assert await waiting == ("a", b"1")
            redis_server.pause()
            with pytest.raises(OutsideError):
                await asyncio.wait_for(anext(messages), PATIENCE_S)
            redis_server.resume()

    InRedis(redis_server.url, [redis_server], quiet_s=0.05).run(check)
