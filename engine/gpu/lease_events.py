"""Tells whoever listens what becomes of leases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from engine.gpu.lease_views import LeaseEvent

MOST_UNHEARD = 1000
"""Whoever is so far behind has stopped to listen: the stream ends, and a new one begins anew."""


class LeaseEvents:
    """Hands every event to every listener; used on the engines' loop."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[LeaseEvent | None]] = set()

    @property
    def has_listeners(self) -> bool:
        """Whether anybody would hear."""
        return bool(self._listeners)

    def tell(self, event: LeaseEvent) -> None:
        """Hand `event` to all that listen now."""
        for listener in list(self._listeners):
            if listener.qsize() < MOST_UNHEARD:
                listener.put_nowait(event)
            else:
                self._end(listener)

    def listen(self) -> AsyncGenerator[LeaseEvent, None]:
        """Return all events from now on; it ends when leases are not given out any more."""
        heard: asyncio.Queue[LeaseEvent | None] = asyncio.Queue()
        self._listeners.add(heard)
        return self._hear(heard)

    def close(self) -> None:
        """End every stream, after what is already under way."""
        for listener in list(self._listeners):
            self._end(listener)

    async def _hear(
        self, heard: asyncio.Queue[LeaseEvent | None]
    ) -> AsyncGenerator[LeaseEvent, None]:
        try:
            while (event := await heard.get()) is not None:
                yield event
        finally:
            self._listeners.discard(heard)

    def _end(self, listener: asyncio.Queue[LeaseEvent | None]) -> None:
        self._listeners.discard(listener)
        listener.put_nowait(None)
