"""A stream with several readers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from engine.coordinator.shared_stream import MOST_AHEAD, Reader, SharedStream
from engine.errors import Refused
from engine.exchange import Reply
from tests.leaping import LeapingLoop, leap


class Source:
    """A server whose pieces come a second apart, or at once."""

    def __init__(self, pieces: list[bytes], *, pause_s: float = 1.0) -> None:
        self.pieces = pieces
        self.pause_s = pause_s
        self.sent = 0
        self.has_ended = False
        self.breaks: Exception | None = None
        self.kept: list[bytes] | None = None
        self.keeping_s = 0.0
        self.overs = 0

    async def make(self) -> Reply:
        """Begin the stream."""
        await asyncio.sleep(self.pause_s)
        return Reply("m", "e", stream=self._stream())

    async def keep(self, reply: Reply, pieces: list[bytes]) -> None:
        """Take what came in the end."""
        if self.keeping_s:
            await asyncio.sleep(self.keeping_s)
        self.kept = list(pieces)

    def shared(self, largest_bytes: int = 1 << 20) -> SharedStream:
        """Return the stream for several readers."""

        def over(stream: SharedStream) -> None:
            self.overs += 1

        return SharedStream(make=self.make, largest_bytes=largest_bytes, done=self.keep, over=over)

    async def _stream(self) -> AsyncGenerator[bytes, None]:
        try:
            for piece in self.pieces:
                self.sent += 1
                yield piece
                await asyncio.sleep(self.pause_s)
            if self.breaks is not None:
                raise self.breaks
        finally:
            self.has_ended = True


async def joined(stream: SharedStream) -> Reader:
    """Return a reader of `stream`, once it has begun."""
    await stream.head()
    reader = stream.reader(lambda: None)
    stream.leave()
    return reader


async def all_of(reader: Reader) -> bytes:
    """Return everything that is left to read."""
    return b"".join([piece async for piece in reader])


async def told(reader: Reader) -> tuple[bytes, Exception | None]:
    """Return everything that is left to read, and the error after it."""
    text = b""
    try:
        async for piece in reader:
            text += piece
    except Refused as error:
        return text, error
    return text, None


def run(work: Callable[[LeapingLoop], Awaitable[None]]) -> None:
    """Run `work` in virtual time; fail where a task stays."""
    leap(work)


@given(
    st.lists(st.binary(min_size=1, max_size=4), max_size=8),
    st.lists(st.integers(0, 10), min_size=1, max_size=4),
    st.integers(0, 30),
    st.randoms(use_true_random=False),
)
def test_everybody_reads_everything(
    pieces: list[bytes], arrivals: list[int], largest_bytes: int, random: Random
):
    """Whenever they come and however slowly they read, all who got in read the same bytes."""

    async def work(loop: LeapingLoop) -> None:
        source = Source(pieces)
        stream = source.shared(largest_bytes)

        async def one(arrival_s: int) -> bytes | None:
            await asyncio.sleep(arrival_s)
            if not stream.is_open or (arrival_s and stream.has_ended):
                return None
            reader, text = await joined(stream), b""
            async for piece in reader:
                text += piece
                await asyncio.sleep(random.choice((0, 0.5, 3)))
            return text

        found = await asyncio.gather(one(0), *map(one, arrivals))
        assert {each for each in found if each is not None} == {b"".join(pieces)}
        await stream.task
        is_small = sum(map(len, pieces)) <= largest_bytes
        assert source.kept == (pieces if is_small else None)

    run(work)


def test_a_reader_without_haste_is_not_waited_for():
    """The server is read on for the fastest; the slow one finds everything later."""

    async def work(loop: LeapingLoop) -> None:
        source = Source([b"%d" % number for number in range(9)])
        stream = source.shared()
        fast, slow = await joined(stream), await joined(stream)
        assert await all_of(fast) == b"012345678"
        assert slow.at == 0
        assert await anext(slow) == b"012345678"
        assert await all_of(slow) == b""

    run(work)


def test_the_server_is_not_read_far_ahead():
    """Where nobody reads, little is taken from the server; when somebody does, it goes on."""

    async def work(loop: LeapingLoop) -> None:
        source = Source([b"x"] * 500, pause_s=0.0)
        stream = source.shared()
        reader = await joined(stream)
        await asyncio.sleep(10)
        assert source.sent == MOST_AHEAD
        assert len(await all_of(reader)) == 500

    run(work)


def test_a_server_that_waits_for_readers_is_left_too():
    """Where the last reader goes while nothing is taken from the server, it is left at once."""

    async def work(loop: LeapingLoop) -> None:
        source = Source([b"x"] * 500, pause_s=0.0)
        stream = source.shared()
        reader = await joined(stream)
        await asyncio.sleep(10)
        await reader.aclose()
        await asyncio.wait({stream.task})
        assert source.has_ended

    run(work)


def test_it_is_kept_also_when_nobody_reads_any_more():
    """Keeping may take longer than reading the last piece: it is not cut short."""

    async def work(loop: LeapingLoop) -> None:
        source = Source([b"a", b"b"])
        source.keeping_s = 5.0
        stream = source.shared()
        assert await all_of(await joined(stream)) == b"ab"
        assert source.kept is None
        await stream.task
        assert source.kept == [b"a", b"b"]
        assert source.overs == 1

    run(work)


def test_a_large_stream_does_not_stay_in_memory():
    """Past the limit nobody can join, what all have read is dropped, and nothing is kept."""

    async def work(loop: LeapingLoop) -> None:
        source = Source([b"x" * 100] * 50)
        stream = source.shared(1000)
        reader = await joined(stream)
        size = 0
        async for piece in reader:
            size += len(piece)
            assert stream.is_open is (size <= 1000)
            assert len(stream._pieces) <= 12
        assert (size, source.kept) == (5000, None)

    run(work)


def test_the_end_of_the_last_reader_is_the_end():
    """The server is left at once, and nobody may join any more."""

    async def work(loop: LeapingLoop) -> None:
        source = Source([b"x"] * 5)
        stream = source.shared()
        one, two = await joined(stream), await joined(stream)
        await anext(one)
        await one.aclose()
        await one.aclose()
        await asyncio.sleep(2)
        assert not source.has_ended
        await two.aclose()
        assert source.overs == 1
        await asyncio.wait({stream.task})
        assert source.has_ended
        assert source.kept is None
        assert [piece async for piece in one] == []

    run(work)


def test_who_waits_for_the_beginning_may_leave():
    """Where everybody has left before it began, the server is not asked on."""

    async def work(loop: LeapingLoop) -> None:
        source = Source([b"x"])
        stream = source.shared()

        async def wait() -> None:
            try:
                await stream.head()
            finally:
                stream.leave()

        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0.5)
        waiting.cancel()
        await asyncio.wait({waiting, stream.task})
        assert stream.task.cancelled()

    run(work)


def test_a_break_reaches_every_reader_after_what_came():
    """Each reads what had come, then gets the error; nothing is kept."""

    async def work(loop: LeapingLoop) -> None:
        source = Source([b"a", b"b"])
        source.breaks = Refused("broken")
        stream = source.shared()
        readers = [await joined(stream) for _ in range(2)]
        assert [await told(reader) for reader in readers] == [(b"ab", source.breaks)] * 2
        assert source.kept is None
        assert not stream.is_open

    run(work)


def test_a_cancelled_reader_leaves():
    """Whoever is cancelled while waiting for a piece reads no more, and is told apart."""

    async def work(loop: LeapingLoop) -> None:
        source = Source([b"a", b"b"])
        stream = source.shared()
        ended: list[str] = []
        await stream.head()
        reader = stream.reader(lambda: ended.append("one"))
        stream.leave()
        await anext(reader)
        waiting = asyncio.create_task(anext(reader))
        await asyncio.sleep(0.1)
        waiting.cancel()
        await asyncio.wait({waiting, stream.task})
        assert ended == ["one"]
        assert source.has_ended

    run(work)
