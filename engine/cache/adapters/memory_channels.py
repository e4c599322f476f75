"""Messages within this process."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence

MOST_WAITING = 10_000
"""Messages that wait for a listener which does not keep up; newer ones are dropped."""


class MemoryChannels:
    """The twin of RedisChannels."""

    def __init__(self) -> None:
        self._listeners: defaultdict[str, list[asyncio.Queue[tuple[str, bytes]]]]
        self._listeners = defaultdict(list)

    async def publish(self, channel: str, message: bytes) -> None:
        """Send `message` to whoever listens now."""
        for waiting in self._listeners.get(channel, ()):
            if not waiting.full():
                waiting.put_nowait((channel, message))

    async def listen(
        self, channels: Sequence[str]
    ) -> AsyncGenerator[tuple[str, bytes] | None, None]:
        """Yield None once listening has begun, then (channel, message)."""
        waiting: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(MOST_WAITING)
        names = set(channels)
        for name in names:
            self._listeners[name].append(waiting)
        try:
            yield None
            while True:
                yield await waiting.get()
        finally:
            for name in names:
                self._listeners[name].remove(waiting)
                if not self._listeners[name]:
                    del self._listeners[name]
