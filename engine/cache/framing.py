"""Frames made and opened without holding up the loop."""

from __future__ import annotations

import asyncio

from engine.cache.codec import Codec, Content, raw_bytes

ELSEWHERE_BYTES = 256 * 1024
"""Larger values are compressed and opened on a worker thread: they take a millisecond or more."""


class Framing:
    """Uses `near` on the loop's own thread and `far` on a worker, one value at a time."""

    def __init__(self, *, near: Codec, far: Codec) -> None:
        self._near = near
        self._far = far
        self._turn = asyncio.Lock()

    async def encode(self, content: Content) -> bytes:
        """Return the frame of `content`. Raises ValueError where it is larger than allowed."""
        if len(content.payload) < ELSEWHERE_BYTES:
            return self._near.encode(content)
        async with self._turn:
            return await asyncio.to_thread(self._far.encode, content)

    def decode_here(self, frame: bytes) -> Content | None:
        """Return what `frame` holds; None where that takes too long to be done on the loop.

        Raises BadFrame where it cannot be read.
        """
        if len(frame) < ELSEWHERE_BYTES and raw_bytes(frame) < ELSEWHERE_BYTES:
            return self._near.decode(frame)
        return None

    async def decode(self, frame: bytes) -> Content:
        """Return what `frame` holds. Raises BadFrame where it cannot be read."""
        content = self.decode_here(frame)
        if content is not None:
            return content
        async with self._turn:
            return await asyncio.to_thread(self._far.decode, frame)
