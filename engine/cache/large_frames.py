"""Which frames are so large that reading them takes time of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

LARGE_BYTES = 256 * 1024
"""On this machine it takes a millisecond; what is smaller fits into any deadline."""

MOST_KEYS = 1000
"""So many are remembered, those that were seen last."""


class LargeFrames:
    """The sizes of large frames that were read or written, by key."""

    def __init__(self) -> None:
        self._sizes: dict[bytes, int] = {}

    def note(self, key: bytes, size_bytes: int) -> None:
        """Remember that a frame of `size_bytes` lies under `key`; a small one is forgotten."""
        self._sizes.pop(key, None)
        if size_bytes < LARGE_BYTES:
            return
        self._sizes[key] = size_bytes
        if len(self._sizes) > MOST_KEYS:
            del self._sizes[next(iter(self._sizes))]

    def note_read(self, keys: Sequence[bytes], frames: Sequence[bytes | None]) -> None:
        """Remember what was found under `keys`."""
        largest_bytes = max(map(len, filter(None, frames)), default=0)
        if self._sizes or largest_bytes >= LARGE_BYTES:
            for key, frame in zip(keys, frames, strict=True):
                if frame is None:
                    self._sizes.pop(key, None)
                elif key in self._sizes or len(frame) >= LARGE_BYTES:
                    self.note(key, len(frame))

    def total_bytes(self, keys: Iterable[bytes]) -> int:
        """Return how much is known to lie under `keys`."""
        return sum([self._sizes.get(key, 0) for key in keys]) if self._sizes else 0
