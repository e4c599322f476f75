"""Connections of redis-py whose users can be cancelled at any step."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from redis.asyncio.connection import AbstractConnection


def cancellable(kind: type[AbstractConnection]) -> type[AbstractConnection]:
    """Return `kind` with a deadline for sending that never swallows a cancellation.

    redis-py 8.1 waits for a command to be sent with `asyncio.wait_for`, which up to Python 3.11
    returns as if nothing had happened when its caller is cancelled in the turn in which the command
    was sent (python/cpython#86296). `asyncio.timeout` does not.
    """

    class CancellableConnection(kind):  # type: ignore[misc, valid-type]
        """Sends under `asyncio.timeout`."""

        socket_timeout: float | None

        async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
            limit_s, self.socket_timeout = self.socket_timeout, None
            try:
                async with asyncio.timeout(limit_s):
                    await super().send_packed_command(command, check_health)
            finally:
                self.socket_timeout = limit_s

    return CancellableConnection
