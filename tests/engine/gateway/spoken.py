"""Speech without sound: what the gateway's audio endpoints answer in tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from engine.voice.snapshot import Segment, Transcript, Word
from engine.voice.uploads import UploadOrder

HELLO = (Word("Hello", 0.5, 1.0, 0.9), Word("there.", 1.0, 1.75, 0.8))
SEGMENTS = (
    Segment("Hello there.", 0.5, 1.75, 0.9, HELLO),
    Segment("Who is it?", 62.0, 63.5, 0.7, (Word("Who", 62.0, 62.5, 0.9),)),
)
TRANSCRIPT = Transcript(SEGMENTS, "en", 64.2, "base")


@dataclass
class FakeSpeech:
    """A SpeechToText that hears `transcript`, segment by segment, or fails with `error`."""

    transcript: Transcript = TRANSCRIPT
    error: BaseException | None = None
    fails_after: int = 0
    """Segments that are told before the error."""
    hold: asyncio.Event | None = None
    """Waited for after the first segment."""
    orders: list[UploadOrder] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)
    cancelled: int = 0
    is_asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def transcribe(
        self,
        path: Path,
        *,
        name: str,
        order: UploadOrder,
        heard: Callable[[Segment], None] | None = None,
    ) -> Transcript:
        """Return the transcript."""
        self.orders.append(order)
        self.names.append(name)
        self.contents.append(_content(path))
        self.is_asked.set()
        told = len(self.transcript.segments) if self.error is None else self.fails_after
        try:
            for number, segment in enumerate(self.transcript.segments[:told]):
                if number and self.hold is not None:
                    await self.hold.wait()
                if heard is not None:
                    heard(segment)
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.error is not None:
            raise self.error
        return self.transcript


def _content(path: Path) -> bytes:
    return path.read_bytes()
