"""A transcription under way, and the events it makes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

from engine.errors import EngineError
from engine.gateway.sse import nameless_event
from engine.voice.snapshot import Segment, Transcript

Work = Callable[[Callable[[Segment], None]], Awaitable[Transcript]]
"""Transcribes; tells each segment as it is known."""


class SpokenText:
    """A transcription that runs beside whoever waits for its words.

    work: begins at once. write_error: returns the event that says why it broke off.
    """

    def __init__(self, work: Work, *, write_error: Callable[[EngineError], bytes]) -> None:
        self._segments: asyncio.Queue[Segment | None] = asyncio.Queue()
        self._write_error = write_error
        self._task = asyncio.ensure_future(work(self._segments.put_nowait))
        self._task.add_done_callback(lambda _: self._segments.put_nowait(None))
        self._first: Segment | None = None

    async def begin(self) -> None:
        """Return once there is a first word, or none will come.

        Raises what the work raises before its first word.
        """
        self._first = await self._segments.get()
        if self._first is None:
            await self._task

    async def events(self) -> AsyncGenerator[bytes, None]:
        """Yield a delta for each segment, and the whole text at the end."""
        segment, gap = self._first, ""
        while segment is not None:
            yield nameless_event({"type": "transcript.text.delta", "delta": gap + segment.text})
            segment, gap = await self._segments.get(), " "
        try:
            transcript = await self._task
        except EngineError as error:
            yield self._write_error(error)
            return
        yield nameless_event({"type": "transcript.text.done", "text": transcript.text})

    async def aclose(self) -> None:
        """End the work. May be called twice."""
        self._task.cancel()
        await asyncio.wait([self._task])
