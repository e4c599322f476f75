"""A stream that tells when nobody reads it any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from engine.coordinator.adapters.watched_stream import WatchedStream


async def source(log: list[str], *, breaks: bool = False) -> AsyncGenerator[bytes, None]:
    """Yield two pieces; note the end."""
    try:
        yield b"a"
        if breaks:
            raise ZeroDivisionError
        yield b"b"
    finally:
        log.append("closed")


@pytest.mark.parametrize("pieces", [0, 1, 2])
def test_its_end_is_told_once(pieces: int):
    """Read to its end, left in the middle, or never begun: it is told, and the source closed."""

    async def work() -> None:
        log: list[str] = []
        stream = WatchedStream(source(log), lambda: log.append("done"))
        for _ in range(pieces):
            await anext(stream)
        if pieces == 2:
            assert await anext(stream, None) is None
        else:
            assert "done" not in log
        await stream.aclose()
        await stream.aclose()
        assert log.count("done") == 1
        assert ("closed" in log) == (pieces > 0)

    asyncio.run(work())


def test_a_break_is_an_end():
    """What the source raises comes through, and is told as an end."""

    async def work() -> None:
        log: list[str] = []
        stream = WatchedStream(source(log, breaks=True), lambda: log.append("done"))
        assert await anext(stream) == b"a"
        with pytest.raises(ZeroDivisionError):
            await anext(stream)
        with pytest.raises(KeyError):
            await WatchedStream(source(log), lambda: log.append("done")).athrow(KeyError())
        assert log == ["closed", "done", "done"]

    asyncio.run(work())
