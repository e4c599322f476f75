"""A way to a Redis on which answers come late, drop by drop, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

CHUNK_BYTES = 65_536


class RedisWay:
    """Takes connections at `port` and passes on what is said, as slowly as it is told to."""

    def __init__(self, target: int) -> None:
        self.late_s = 0.0
        """Each answer comes so much later."""
        self.drop_s = 0.0
        """Each byte of an answer comes so long after the one before."""
        self.port = 0
        self._target = target
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """What the setting cache.url must say."""
        return f"redis://127.0.0.1:{self.port}/0"

    def cut(self) -> None:
        """End every connection at once."""
        for writer in self._writers:
            writer.transport.abort()

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on what is said over a new connection, until one side ends it."""
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        ends = {writer, far_writer}
        self._writers |= ends
        asking = self._pass_on(reader, far_writer, is_answer=False)
        answering = self._pass_on(far_reader, writer, is_answer=True)
        await asyncio.gather(asking, answering, return_exceptions=True)
        self._writers -= ends

    async def _pass_on(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, is_answer: bool
    ) -> None:
        try:
            while data := await source.read(CHUNK_BYTES):
                if is_answer and self.drop_s:
                    await self._drip(data, target)
                    continue
                if is_answer and self.late_s:
                    await asyncio.sleep(self.late_s)
                target.write(data)
                await target.drain()
        finally:
            target.transport.abort()

    async def _drip(self, data: bytes, target: asyncio.StreamWriter) -> None:
        for place in range(len(data)):
            if self.drop_s:
                await asyncio.sleep(self.drop_s)
            target.write(data[place : place + 1])
            await target.drain()


@asynccontextmanager
async def way_to(target: int) -> AsyncIterator[RedisWay]:
    """Yield a way to the Redis at port `target` of this machine."""
    way, passing = RedisWay(target), set[asyncio.Task[None]]()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(way.connect(reader, writer))
        passing.add(task)
        task.add_done_callback(passing.discard)

    server = await asyncio.start_server(begin, "127.0.0.1", 0)
    way.port = server.sockets[0].getsockname()[1]
    try:
        yield way
    finally:
        server.close()
        way.cut()
        for task in list(passing):
            task.cancel()
        await asyncio.gather(*passing, return_exceptions=True)
