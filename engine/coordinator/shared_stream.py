"""A stream with several readers: who asks the same while it runs reads along from its start."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from math import inf

from engine.byte_stream import ByteStream
from engine.errors import Refused
from engine.exchange import Reply

MOST_AHEAD = 64
"""Pieces that are read from the server before the fastest reader has asked for them."""


class SharedStream:
    """An answer that is being streamed to everybody who asked for it.

    The server is asked by a task of its own, which ends when the last reader has left. Up to
    `largest_bytes` all of it stays here for those who come later; `done` is called with it once
    it has ended by itself, before the last reader leaves. ends_s: clock time of the deadline of
    whoever asked first.
    """

    def __init__(
        self,
        *,
        make: Callable[[], Awaitable[Reply]],
        largest_bytes: int,
        done: Callable[[Reply, list[bytes]], Awaitable[None]],
        over: Callable[[SharedStream], None],
        ends_s: float = inf,
    ) -> None:
        self._make = make
        self._largest_bytes = largest_bytes
        self._done = done
        self._over = over
        self.reply: Reply | None = None
        self.ends_s = ends_s
        self.is_orphan = False
        """Whoever asked first has left without it."""
        self.has_ended = False
        self.error: Exception | None = None
        self._pieces: list[bytes] = []
        self._first = 0
        self._size_bytes = 0
        self._guests = 0
        self._readers: set[Reader] = set()
        self._waiting: list[asyncio.Future[None]] = []
        self._room = asyncio.Event()
        self.task = asyncio.create_task(self._run(), name="shared stream")

    @property
    def is_open(self) -> bool:
        """Whether who comes now can still have it from its start."""
        return self.error is None and self._size_bytes <= self._largest_bytes

    async def head(self) -> Reply:
        """Return the answer once it has begun, to be read through `reader()`; raise its failure.

        Who calls it must then call `leave()`; while nobody is here the stream ends.
        """
        self._guests += 1
        while self.reply is None and self.error is None:
            await self.more()
        if self.reply is None:
            assert self.error is not None
            raise self.error
        return self.reply

    def leave(self) -> None:
        """Say that who called `head()` is no longer interested, or reads by now."""
        self._guests -= 1
        self._end_if_alone()

    def reader(self, finished: Callable[[], None]) -> Reader:
        """Return a reader at the start; `finished` is called once when it reads no more."""
        reader = Reader(self, finished)
        self._readers.add(reader)
        return reader

    def leave_reader(self, reader: Reader) -> None:
        """Let `reader` go; called once for each."""
        self._readers.discard(reader)
        self._end_if_alone()

    def take(self, at: int) -> bytes:
        """Return everything from piece `at` on, joined; b"" where it has not come yet."""
        self._room.set()
        pieces = self._pieces[at - self._first :]
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    @property
    def length(self) -> int:
        """Pieces that have come so far."""
        return self._first + len(self._pieces)

    async def more(self) -> None:
        """Return once something has happened."""
        news: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(news)
        await news

    async def _run(self) -> None:
        try:
            await self._relay()
        except asyncio.CancelledError:
            self.error = Refused("the answer was given up: ask again")
            raise
        except Exception as error:  # noqa: BLE001 - handed to everybody who reads
            self.error = error
        finally:
            self.has_ended = True
            self._tell()
            self._over(self)

    async def _relay(self) -> None:
        self.reply = reply = await self._make()
        self._tell()
        source = reply.stream
        if source is None:
            await self._done(reply, [reply.body])
            return
        try:
            async for piece in source:
                self._append(piece)
                while self._is_ahead():
                    self._room.clear()
                    await self._room.wait()
        finally:
            await source.aclose()
        self.has_ended = True
        self._tell()
        if self.is_open:
            await self._done(reply, self._pieces)

    def _append(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._size_bytes += len(piece)
        if self._size_bytes > self._largest_bytes:
            # Nobody can join any more: what all have read is of no use.
            slowest = min((reader.at for reader in self._readers), default=self._first)
            del self._pieces[: slowest - self._first]
            self._first = max(self._first, slowest)
        self._tell()

    def _is_ahead(self) -> bool:
        fastest = max((reader.at for reader in self._readers), default=self.length)
        return self.length - fastest >= MOST_AHEAD

    def _end_if_alone(self) -> None:
        if not self._guests and not self._readers and not self.has_ended:
            self._over(self)
            self.task.cancel()

    def _tell(self) -> None:
        waiting, self._waiting = self._waiting, []
        for news in waiting:
            if not news.done():
                news.set_result(None)


class Reader(ByteStream):
    """One reader's view of a shared stream: an asynchronous generator that notices its end even
    where it was never begun.
    """

    def __init__(self, stream: SharedStream, finished: Callable[[], None]) -> None:
        self._stream: SharedStream | None = stream
        self._finished = finished
        self.at = 0
        """Pieces that were read."""

    async def __anext__(self) -> bytes:
        """Return what has come since the last call; wait where that is nothing."""
        stream = self._stream
        if stream is None:
            raise StopAsyncIteration
        try:
            while stream.length == self.at:
                if stream.error is not None:
                    raise stream.error
                if stream.has_ended:
                    raise StopAsyncIteration
                await stream.more()
        except BaseException:
            self._leave()
            raise
        piece = stream.take(self.at)
        self.at = stream.length
        return piece

    async def aclose(self) -> None:
        """Read no more; may be called twice."""
        self._leave()

    def _leave(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            self._finished()
            stream.leave_reader(self)
