"""A server that signs everybody in and then says what a test tells it to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from engine.cache.adapters.redis_connections import RedisConnections
from engine.cache.adapters.redis_link import RedisLink
from engine.cache.settings import CacheSettings

HELLO = b"%1\r\n$5\r\nproto\r\n:3\r\n"


class ScriptedRedis:
    """One connection of a client, seen from the other side."""

    def __init__(self) -> None:
        self.port = 0
        self._writer: asyncio.StreamWriter | None = None

    async def say(self, *pieces: bytes) -> None:
        """Send `pieces`, each on its own as far as the system allows."""
        assert self._writer is not None
        for piece in pieces:
            self._writer.write(piece)
            await self._writer.drain()
            await asyncio.sleep(0)

    def hang_up(self) -> None:
        """End the connection."""
        assert self._writer is not None
        self._writer.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Sign the client in, and take whatever it says."""
        self._writer = writer
        await reader.read(1000)
        writer.write(HELLO)
        while await reader.read(1 << 16):
            pass
        writer.close()


class Heard:
    """What a link told besides answers."""

    def __init__(self) -> None:
        self.pushes: list[Sequence[Any]] = []
        self.lost: list[str] = []


@asynccontextmanager
async def linked() -> AsyncIterator[tuple[RedisLink, ScriptedRedis, Heard]]:
    """Give a link that is connected, its server, and what it tells."""
    scripted, heard = ScriptedRedis(), Heard()
    server = await asyncio.start_server(scripted.serve, "127.0.0.1", 0)
    scripted.port = server.sockets[0].getsockname()[1]
    url = f"redis://127.0.0.1:{scripted.port}"
    link = RedisLink(
        connection=RedisConnections(CacheSettings(url=url), None).link(
            ("127.0.0.1", scripted.port)
        ),
        name="it",
        pushed=heard.pushes.append,
        lost=heard.lost.append,
    )
    try:
        async with asyncio.timeout(10):
            await link.connect()
            yield link, scripted, heard
    finally:
        await link.close()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.wait_for(asyncio.gather(*others, return_exceptions=True), 10)
