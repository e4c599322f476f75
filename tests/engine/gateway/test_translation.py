"""A reply is translated piece by piece, and closed with the stream that was made of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import msgspec
import pytest

from engine.errors import Unreachable
from engine.exchange import DONE, Reply
from engine.gateway.translation import ENDED_EARLY, UNREADABLE, translated

WORD = b'data: "a"\n\n'


class Upper:
    """A Translator that writes in capitals; "." is the end of an answer."""

    is_whole = False

    def begin(self) -> bytes:
        return b"<"

    def take(self, chunk: Any) -> bytes:
        self.is_whole = chunk == "."
        return str(chunk).upper().encode()

    def end(self, problem: str = "") -> bytes:
        return b"!" + problem.encode() if problem else b">"


class Source:
    """A stream of `pieces`, then `error`."""

    def __init__(self, pieces: Sequence[bytes], error: Exception | None = None) -> None:
        self.is_closed = False
        self._pieces = pieces
        self._error = error

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Yield the pieces."""
        try:
            for piece in self._pieces:
                yield piece
            if self._error is not None:
                raise self._error
        finally:
            self.is_closed = True


def told(source: Source, **fields: Any) -> list[bytes]:
    """Return what is made of `source`."""

    async def scene() -> list[bytes]:
        reply = Reply("m", "e", stream=source.stream(), **fields)
        return [piece async for piece in translated(reply, Upper())]

    return asyncio.run(scene())


def test_each_piece_is_told_as_it_comes():
    """What came in one piece goes out in one piece, wherever events are cut."""
    assert told(Source([WORD + WORD, b'data: "', b'b"\n\n', DONE])) == [b"<", b"AA", b"B", b">"]


@pytest.mark.parametrize(
    ("source", "end"),
    [
        (Source([WORD, DONE]), b">"),
        (Source([b'data: "."\n\n']), b">"),
        (Source([WORD]), b"!" + ENDED_EARLY.encode()),
        (Source([WORD], Unreachable("gone")), b"!gone"),
        (Source([b"data: <html>\n\n"]), b"!" + UNREADABLE.encode()),
        (Source([b'data: "\xff"\n\n']), b"!" + UNREADABLE.encode()),
    ],
    ids=["done", "whole", "cut", "broken", "html", "no text"],
)
def test_only_a_whole_answer_ends_well(source: Source, end: bytes):
    """A stream that ends early, breaks or turns into something else is told as broken."""
    assert told(source)[-1] == end


def test_a_problem_of_the_reply_is_told():
    """A reply that says why it broke off has that told."""
    assert told(Source([WORD, DONE]), problem="slow")[-1] == b"!slow"


def test_a_whole_answer_can_be_told_as_a_stream():
    """A server that answered whole where a stream was asked for is streamed all the same."""

    async def scene() -> bytes:
        reply = Reply("m", "e", body=msgspec.json.encode("ab"))
        return b"".join([piece async for piece in translated(reply, Upper())])

    assert asyncio.run(scene()) == b"<AB>"


@pytest.mark.parametrize("read", [0, 1, 2])
def test_closing_closes_the_source(read: int):
    """A client that leaves at any moment, before the first piece too, ends the source."""
    closed = []

    class Remembering(Reply):
        async def aclose(self) -> None:
            closed.append(True)
            await super().aclose()

    async def scene() -> None:
        source = Source([WORD, WORD, DONE])
        stream = translated(Remembering("m", "e", stream=source.stream()), Upper())
        for _ in range(read):
            await anext(stream)
        await stream.aclose()
        await stream.aclose()
        assert source.is_closed is (read > 1)
        with pytest.raises(StopAsyncIteration):
            await anext(stream)

    asyncio.run(scene())
    assert closed


def test_an_error_can_be_thrown_in():
    """What is raised into the stream ends the source as well."""

    async def scene() -> None:
        source = Source([WORD, WORD, DONE])
        stream = translated(Reply("m", "e", stream=source.stream()), Upper())
        await anext(stream)
        await anext(stream)
        with pytest.raises(KeyError):
            await stream.athrow(KeyError("x"))
        await stream.aclose()
        assert source.is_closed

    asyncio.run(scene())
