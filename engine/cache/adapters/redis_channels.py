"""Messages between processes, to whoever listens now."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING, Any

from engine.cache.adapters.redis_errors import translated
from engine.cache.adapters.redis_own_connection import open_connection, own_connection
from engine.errors import TimedOut

if TYPE_CHECKING:
    from redis.asyncio import Redis, RedisCluster
    from redis.asyncio.connection import AbstractConnection

PREFIX = "uat:1:channel:"
QUIET_S = 5.0
"""After this long without a message the server is asked whether it is still there."""


class RedisChannels:
    """Pub/sub of Redis. `name` is the server's, for errors.

    redis-py's own PubSub subscribes again after a lost connection without telling its reader that
    messages were lost (measured: 8 of them at one restart), so each listener has a plain connection
    here, and hears of its end.
    """

    def __init__(
        self, *, client: Redis | RedisCluster, name: str, quiet_s: float = QUIET_S
    ) -> None:
        self._client = client
        self._name = name
        self._quiet_s = quiet_s

    async def publish(self, channel: str, message: bytes) -> None:
        """Send `message` to whoever listens now. Raises OutsideError."""
        with translated(self._name):
            await self._client.execute_command("PUBLISH", PREFIX + channel, message)

    async def listen(
        self, channels: Sequence[str]
    ) -> AsyncGenerator[tuple[str, bytes] | None, None]:
        """Yield None once listening has begun, then (channel, message).

        Raises OutsideError when the connection is lost or the server is silent.
        """
        names = {(PREFIX + each).encode(): each for each in channels}
        with translated(self._name):
            _, connection = await own_connection(self._client)
        try:
            with translated(self._name):
                early = await self._subscribe(connection, list(names))
            yield None
            for reply in early:
                yield names[reply[1]], reply[2]
            while True:
                with translated(self._name):
                    reply = await self._next(connection)
                yield names[reply[1]], reply[2]
        finally:
            await connection.disconnect(nowait=True)

    async def _subscribe(self, connection: AbstractConnection, names: list[bytes]) -> list[Any]:
        """Return the messages that came before all channels were confirmed."""
        await open_connection(connection)
        await connection.send_command("SUBSCRIBE", *names, check_health=False)
        early, confirmed = [], 0
        while confirmed < len(names):
            reply = await connection.read_response(push_request=True)
            if reply[0] == b"message":
                early.append(reply)
            else:
                confirmed += 1
        return early

    async def _next(self, connection: AbstractConnection) -> Any:
        """Return the next message; what answers a question in between is no message."""
        is_asked = False
        while True:
            reply = await connection.read_response(timeout=self._quiet_s, push_request=True)
            if isinstance(reply, list) and reply[0] == b"message":
                return reply
            if reply is not None:
                is_asked = False  # the answer to PING
            elif is_asked:
                raise TimedOut(f"Redis at {self._name} is silent; see that it runs")
            else:
                await connection.send_command("PING", check_health=False)
                is_asked = True
