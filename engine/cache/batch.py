"""What callers ask of one node within one loop tick, gathered into few questions."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from engine.cache.large_frames import LARGE_BYTES, LargeFrames
from engine.cache.ports import Node, Put, Write
from engine.errors import OutsideError

MOST_QUESTIONS = 512
"""A batch holds no more, so that a burst of thousands is answered bit by bit."""

Outcomes = Sequence[tuple[Write, int | OutsideError]]
"""Writes, and what became of each."""


@dataclass(slots=True)
class Reads:
    """Keys that are read together, and the futures of who asked; these may be cancelled."""

    keys: list[bytes] = field(default_factory=list)
    futures: list[asyncio.Future[bytes | None]] = field(default_factory=list)

    def size_bytes(self, large: LargeFrames) -> int:
        """Return how much will be received, as far as it is known to be much."""
        return large.total_bytes(self.keys)

    def parts(self) -> Iterator[Reads]:
        """Yield this batch, in several where it is large."""
        for part in _parts(len(self.keys)):
            yield Reads(self.keys[part], self.futures[part])

    async def ask(self, node: Node, large: LargeFrames) -> Outcomes:
        """Read from `node`, hand out the answers, note the `large` ones. Raises OutsideError."""
        frames = await node.read(self.keys)
        for future, frame in zip(self.futures, frames, strict=True):
            if not future.done():
                future.set_result(frame)
        large.note_read(self.keys, frames)
        return ()


@dataclass(slots=True)
class Writes:
    """Writes that travel together, in their order, and the futures of who asked."""

    writes: list[Write] = field(default_factory=list)
    futures: list[asyncio.Future[int]] = field(default_factory=list)

    def size_bytes(self, large: LargeFrames) -> int:
        """Return how much is sent; note what is large in `large`."""
        total_bytes = 0
        for write in self.writes:
            if type(write) is Put:
                total_bytes += len(write.frame)
                if len(write.frame) >= LARGE_BYTES:
                    large.note(write.key, len(write.frame))
        return total_bytes

    def parts(self) -> Iterator[Writes]:
        """Yield this batch, in several where it is large."""
        for part in _parts(len(self.writes)):
            yield Writes(self.writes[part], self.futures[part])

    async def ask(self, node: Node, large: LargeFrames) -> Outcomes:
        """Write to `node`, hand out the numbers and refusals, and return them.

        Raises OutsideError where none of it was answered.
        """
        outcomes = await node.write(self.writes)
        for future, outcome in zip(self.futures, outcomes, strict=True):
            if future.done():
                continue
            if isinstance(outcome, OutsideError):
                fail(future, outcome)
            else:
                future.set_result(outcome)
        return tuple(zip(self.writes, outcomes, strict=True))


Batch = Reads | Writes


class Tick:
    """The questions of one loop tick, in an order in which every key sees its own.

    Batches alternate: reads, writes, reads, ... A question goes into the first batch of its kind
    that is not before the last question about the same key. Most ticks thus travel as one batch of
    reads and one of writes, however they were mixed.
    """

    __slots__ = ("_batches", "_first", "_last")

    def __init__(self) -> None:
        self._first = Reads()
        self._batches: list[Batch] = [self._first]
        self._last: dict[bytes, int] = {}
        """In which batch a key was asked about last; not for reads in the first one."""

    def read(self, key: bytes, future: asyncio.Future[bytes | None]) -> None:
        """Add a read."""
        batch = self._first  # of most ticks the only one
        if self._last:
            place = self._last.get(key, 0)
            if place % 2:
                place += 1
                self._last[key] = place
            later = self._at(place)
            assert isinstance(later, Reads)
            batch = later
        batch.keys.append(key)
        batch.futures.append(future)

    def write(self, write: Write, future: asyncio.Future[int]) -> None:
        """Add a write."""
        key = write.key
        self._last[key] = place = self._last.get(key, 0) | 1
        batch = self._at(place)
        assert isinstance(batch, Writes)
        batch.writes.append(write)
        batch.futures.append(future)

    def batches(self) -> list[Batch]:
        """Return what is to be asked, in this order."""
        return [part for batch in self._batches for part in batch.parts()]

    def _at(self, place: int) -> Batch:
        batches = self._batches
        while len(batches) <= place:
            batches.append(Writes() if len(batches) % 2 else Reads())
        return batches[place]


def fail(future: asyncio.Future[bytes | None] | asyncio.Future[int], error: OutsideError) -> None:
    """Give `error` to who waits; that nobody does is no news, for the cache's state tells it."""
    future.set_exception(error)
    future.exception()


def fail_all(batch: Batch, error: OutsideError) -> None:
    """Give `error` to everybody who has no answer yet."""
    for future in batch.futures:
        if not future.done():
            fail(future, error)


def _parts(count: int) -> Iterator[slice]:
    for start in range(0, count, MOST_QUESTIONS):
        yield slice(start, start + MOST_QUESTIONS)
