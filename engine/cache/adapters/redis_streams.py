"""Logs that every process reads and none loses a message of."""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.cache.adapters.redis_errors import translated
from engine.cache.adapters.redis_own_connection import open_connection, own_connection

if TYPE_CHECKING:
    from redis.asyncio import Redis, RedisCluster
    from redis.asyncio.connection import AbstractConnection

PREFIX = "uat:1:stream:"
GRACE_S = 2.0
"""What an answer may take beyond the time that the server was to wait."""


class RedisStreams:
    """Streams of Redis. `name` is the server's, for errors.

    Whoever waits holds a connection beside the pool; it is kept for the next one who waits.
    """

    def __init__(self, *, client: Redis | RedisCluster, name: str) -> None:
        self._client = client
        self._name = name
        self._idle: defaultdict[str, list[AbstractConnection]] = defaultdict(list)
        self._is_closed = False

    async def append(self, stream: str, message: bytes, keep: int) -> str:
        """Add `message`, keep about the newest `keep`, return its id. Raises OutsideError."""
        with translated(self._name):
            words = ("XADD", PREFIX + stream, "MAXLEN", "~", keep, "*", "m", message)
            return _text(await self._client.execute_command(*words))

    async def read(self, stream: str, after: str, limit: int) -> Sequence[tuple[str, bytes]]:
        """Return (id, message) after `after`, "" for the very first, oldest first, at once.

        Raises OutsideError.
        """
        with translated(self._name):
            start = f"({after}" if after else "-"
            words = ("XRANGE", PREFIX + stream, start, "+", "COUNT", limit)
            rows = await self._client.execute_command(*words)
        return [(_text(row[0]), _message(row[1])) for row in rows]

    async def wait(self, stream: str, after: str, timeout_s: float) -> bool:
        """Return whether something stands after `after`, as soon as it does.

        Raises OutsideError.
        """
        key = PREFIX + stream
        block_ms = max(1, round(timeout_s * 1000))
        with translated(self._name):
            server, connection = await self._connection(key)
            try:
                await open_connection(connection)
                words = ("XREAD", "COUNT", 1, "BLOCK", block_ms, "STREAMS", key, after or "0")
                await connection.send_command(*words, check_health=False)
                # The patience of read_response() ends in None, which is also a good answer.
                async with asyncio.timeout(timeout_s + GRACE_S):
                    answer = await connection.read_response(timeout=math.inf)
            except BaseException:
                await connection.disconnect(nowait=True)
                await self._forget(server)
                raise
        if self._is_closed:
            await connection.disconnect(nowait=True)
        else:
            self._idle[server].append(connection)
        return bool(answer)

    async def close(self) -> None:
        """Close what waited. Never raises; may be called twice."""
        self._is_closed = True
        for server in list(self._idle):
            await self._forget(server)

    async def _connection(self, key: str) -> tuple[str, AbstractConnection]:
        """Return the name of the server that has `key` and a connection to it that nobody uses."""
        server, connection = await own_connection(self._client, key)
        idle = self._idle.get(server)
        return server, idle.pop() if idle else connection

    async def _forget(self, server: str) -> None:
        """Close what is idle: where one connection was lost, the others are as well."""
        for connection in self._idle.pop(server, []):
            await connection.disconnect(nowait=True)


def _text(stream_id: bytes | str) -> str:
    return stream_id.decode() if isinstance(stream_id, bytes) else stream_id


def _message(fields: dict[bytes, bytes]) -> bytes:
    return fields.get(b"m", b"")  # whoever else writes there: no frame of ours
