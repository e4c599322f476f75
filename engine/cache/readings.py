"""Which keys are being read from Redis: once for all who ask, and not kept if overtaken."""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

OutcomeT = TypeVar("OutcomeT")


class Reading(Generic[OutcomeT]):
    """A caller reads a key; others wait for what he gets."""

    __slots__ = ("_waiting", "is_overtaken")

    def __init__(self) -> None:
        self.is_overtaken = False
        """True once the key was written, here or elsewhere: the answer may be the one before."""
        self._waiting: list[asyncio.Future[OutcomeT | None]] = []

    def join(self) -> asyncio.Future[OutcomeT | None]:
        """Return the future of what the reader gets; of None where he leaves without it."""
        future: asyncio.Future[OutcomeT | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        return future

    def hand_out(self, outcome: OutcomeT | None) -> None:
        """Give `outcome` to everybody who waits and has not left."""
        for future in self._waiting:
            if not future.done():
                future.set_result(outcome)


class Readings(Generic[OutcomeT]):
    """The readings on their way, by key."""

    def __init__(self) -> None:
        self._by_key: dict[bytes, Reading[OutcomeT]] = {}

    def __len__(self) -> int:
        return len(self._by_key)

    def under_way(self, key: bytes) -> Reading[OutcomeT] | None:
        """Return the reading of `key` that began since it was last written, if there is one."""
        return self._by_key.get(key)

    def begin(self, key: bytes) -> Reading[OutcomeT]:
        """Note that `key`, of which there is no reading, is being read; `end()` must follow."""
        reading: Reading[OutcomeT] = Reading()
        self._by_key[key] = reading
        return reading

    def end(self, key: bytes, reading: Reading[OutcomeT], outcome: OutcomeT | None) -> None:
        """Hand out the `outcome` of `reading`; None where the reader has left without one."""
        if not reading.is_overtaken:
            del self._by_key[key]
        reading.hand_out(outcome)

    def overtake(self, key: bytes) -> None:
        """Note that `key` was written: who reads it now may get what was there before."""
        reading = self._by_key.pop(key, None)
        if reading is not None:
            reading.is_overtaken = True

    def overtake_all(self) -> None:
        """Note that any key may have been written."""
        for key in list(self._by_key):
            self.overtake(key)
