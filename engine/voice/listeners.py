"""Who hears what is said: events cross from the decode thread to the engines' loop here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from engine.voice.snapshot import VoiceEvent


class Listeners:
    """Hands every event to `keep` and to each subscriber, on the loop it was bound to."""

    def __init__(self, keep: Callable[[VoiceEvent], None]) -> None:
        self._keep = keep
        self._loop: asyncio.AbstractEventLoop | None = None
        self._queues: set[asyncio.Queue[VoiceEvent | None]] = set()
        self._is_closed = False

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Deliver on `loop` from now on."""
        self._loop = loop

    def tell(self, event: VoiceEvent) -> None:
        """Deliver `event`; from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._deliver, event)

    def subscribe(self) -> AsyncIterator[VoiceEvent]:
        """Return the events from now on, until `close`; none after it."""
        queue: asyncio.Queue[VoiceEvent | None] = asyncio.Queue()
        if self._is_closed:
            queue.put_nowait(None)
        self._queues.add(queue)
        return self._read(queue)

    def close(self) -> None:
        """End every subscription after what was told."""
        self._is_closed = True
        for queue in self._queues:
            queue.put_nowait(None)
        self._queues.clear()

    def _deliver(self, event: VoiceEvent) -> None:
        self._keep(event)
        for queue in self._queues:
            queue.put_nowait(event)

    async def _read(self, queue: asyncio.Queue[VoiceEvent | None]) -> AsyncIterator[VoiceEvent]:
        try:
            while (event := await queue.get()) is not None:
                yield event
        finally:
            self._queues.discard(queue)
