from __future__ import annotations

import asyncio

import pytest

from engine.byte_stream import ByteStream


class Counted(ByteStream):
    """Yields two pieces and notes how often it was closed."""

    def __init__(self) -> None:
        self.left = [b"b", b"a"]
        self.closed = 0

    async def __anext__(self) -> bytes:
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop()

    async def aclose(self) -> None:
        self.left = []
        self.closed += 1


def test_it_is_read_in_every_way_a_generator_is():
    """`async for`, `anext()` and `asend(None)` take the pieces in turn."""

    async def story() -> None:
        assert [piece async for piece in Counted()] == [b"a", b"b"]
        stream = Counted()
        assert [await stream.asend(None), await anext(stream)] == [b"a", b"b"]

    asyncio.run(story())


@pytest.mark.parametrize("read", [0, 1])
def test_an_error_thrown_into_it_closes_it_first(read: int):
    """Who gives up with an error leaves nothing open, whether or not it had begun."""

    async def story() -> None:
        stream = Counted()
        for _ in range(read):
            await anext(stream)
        with pytest.raises(ZeroDivisionError):
            await stream.athrow(ZeroDivisionError())
        assert stream.closed == 1
        assert await anext(stream, None) is None

    asyncio.run(story())
