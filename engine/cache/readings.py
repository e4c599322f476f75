"""Which keys are being read from Redis, so that an answer that was overtaken is not kept."""

from __future__ import annotations


class Reading:
    """One or more callers reading the same key since it was last written."""

    __slots__ = ("is_overtaken", "readers")

    def __init__(self) -> None:
        self.readers = 0
        self.is_overtaken = False
        """True once the key was written, here or elsewhere: the answer may be the one before."""


class Readings:
    """The readings on their way, by key."""

    def __init__(self) -> None:
        self._by_key: dict[bytes, Reading] = {}

    def __len__(self) -> int:
        return len(self._by_key)

    def begin(self, key: bytes) -> Reading:
        """Note that `key` is being read; `end()` must follow."""
        reading = self._by_key.get(key)
        if reading is None:
            reading = self._by_key[key] = Reading()
        reading.readers += 1
        return reading

    def end(self, key: bytes, reading: Reading) -> None:
        """Note that this reader has its answer."""
        reading.readers -= 1
        if not reading.readers and not reading.is_overtaken:
            del self._by_key[key]

    def overtake(self, key: bytes) -> None:
        """Note that `key` was written: who reads it now may get what was there before."""
        reading = self._by_key.pop(key, None)
        if reading is not None:
            reading.is_overtaken = True

    def overtake_all(self) -> None:
        """Note that any key may have been written."""
        for key in list(self._by_key):
            self.overtake(key)
