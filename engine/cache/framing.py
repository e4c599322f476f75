"""Frames made and opened without holding up the loop."""

from __future__ import annotations

import asyncio

from engine.cache.codec import MOST_RATIO, Codec, raw_bytes
from engine.cache.content import Content

ELSEWHERE_BYTES = 256 * 1024
"""Larger values are compressed and opened on a worker thread: they take a millisecond or more."""

SURELY_QUICK_BYTES = ELSEWHERE_BYTES // MOST_RATIO
"""What is smaller cannot hold a value that is larger than `ELSEWHERE_BYTES`."""


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

    @staticmethod
    def is_quick(frame: bytes) -> bool:
        """Tell whether `frame` can be opened on the loop."""
        size = len(frame)
        return size < SURELY_QUICK_BYTES or (
            size < ELSEWHERE_BYTES and raw_bytes(frame) < ELSEWHERE_BYTES
        )

    def decode_here(self, frame: bytes) -> Content:
        """Return what `frame`, a quick one, holds. Raises BadFrame where it cannot be read."""
        return self._near.decode(frame)

    async def decode(self, frame: bytes) -> Content:
        """Return what `frame` holds. Raises BadFrame where it cannot be read."""
        if self.is_quick(frame):
            return self._near.decode(frame)
        async with self._turn:
            return await asyncio.to_thread(self._far.decode, frame)
