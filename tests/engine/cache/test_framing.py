"""Frames of small values on the loop, of large ones elsewhere."""

from __future__ import annotations

import asyncio
import threading

import pytest

from engine.cache.codec import BadFrame, Codec
from engine.cache.content import Content, Kind
from engine.cache.framing import ELSEWHERE_BYTES, Framing
from tests.engine.cache.world import CODEC


class WatchedCodec(Codec):
    """Notes on which threads it works."""

    def __init__(self) -> None:
        super().__init__(dictionary=b"word " * 100, largest_bytes=10 * ELSEWHERE_BYTES)
        self.threads: set[int] = set()

    def encode(self, content: Content) -> bytes:
        """Note the thread."""
        self.threads.add(threading.get_ident())
        return super().encode(content)

    def decode(self, frame: bytes) -> Content:
        """Note the thread."""
        self.threads.add(threading.get_ident())
        return super().decode(frame)


@pytest.mark.parametrize("size_bytes", [10, ELSEWHERE_BYTES - 1, ELSEWHERE_BYTES])
def test_there_and_back(size_bytes: int):
    """Any value comes back as it was, large ones by way of another thread."""
    near, far = WatchedCodec(), WatchedCodec()
    content = Content(b"x" * size_bytes, Kind.BYTES, 1, 2, 3, 4)

    async def work() -> None:
        framing = Framing(near=near, far=far)
        assert await framing.decode(await framing.encode(content)) == content

    asyncio.run(work())
    here = {threading.get_ident()}
    assert bool(far.threads - here) == (size_bytes >= ELSEWHERE_BYTES)
    assert near.threads <= here
    assert not far.threads & here


@pytest.mark.parametrize("frame", [b"", b"x" * 100, b"x" * ELSEWHERE_BYTES])
def test_damaged_frames(frame: bytes):
    """A damaged frame is told as such, whatever its size."""

    async def work() -> None:
        with pytest.raises(BadFrame):
            await Framing(near=CODEC, far=CODEC).decode(frame)

    asyncio.run(work())
