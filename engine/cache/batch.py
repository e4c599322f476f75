"""What callers ask of one node within one loop tick, gathered into few questions."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from engine.cache.ports import Node, Put, Write
from engine.errors import OutsideError

MOST_QUESTIONS = 512
"""A batch holds no more, so that a burst of thousands is answered bit by bit."""


Outcomes = Sequence[tuple[Write, int | OutsideError]]
"""Writes, and what became of each."""


class Batch:
    """Questions that travel together, and the futures of who asked. Futures may be cancelled."""

    __slots__ = ("due_s", "futures", "has_grace", "size_bytes", "task", "timer")

    def __init__(self) -> None:
        self.futures: list[asyncio.Future[bytes | None]] | list[asyncio.Future[int]] = []
        self.size_bytes = 0
        """What is sent, where that is much."""
        self.task: asyncio.Task[None] | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.due_s = 0.0
        """Loop time of the deadline."""
        self.has_grace = False

    async def ask(self, node: Node) -> Outcomes:
        """Ask `node`, hand out what it answers; return the writes with their outcomes."""
        raise NotImplementedError

    def fail(self, error: OutsideError) -> None:
        """Give `error` to everybody who has no answer yet."""
        for future in self.futures:
            if not future.done():
                fail(future, error)


class Reads(Batch):
    """Keys that are read together."""

    __slots__ = ("answers", "keys")

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[bytes] = []
        self.answers: list[asyncio.Future[bytes | None]] = []
        self.futures = self.answers

    async def ask(self, node: Node) -> Outcomes:
        """Read from `node`; there are no writes. Raises OutsideError."""
        frames = await node.read(self.keys)
        for future, frame in zip(self.answers, frames, strict=True):
            if not future.done():
                future.set_result(frame)
        return ()


class Writes(Batch):
    """Writes that travel together, in their order."""

    __slots__ = ("answers", "keys", "writes")

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[Write] = []
        self.keys: set[bytes] = set()
        self.answers: list[asyncio.Future[int]] = []
        self.futures = self.answers

    async def ask(self, node: Node) -> Outcomes:
        """Write to `node`. Raises OutsideError where none of it was answered."""
        outcomes = await node.write(self.writes)
        for future, outcome in zip(self.answers, outcomes, strict=True):
            if future.done():
                continue
            if isinstance(outcome, OutsideError):
                fail(future, outcome)
            else:
                future.set_result(outcome)
        return tuple(zip(self.writes, outcomes, strict=True))


class Tick:
    """The questions of one loop tick, in an order in which every key sees its own.

    Reads go before writes, which lets most ticks travel as two batches however they were mixed;
    a read of a key that was written before it opens another pair.
    """

    __slots__ = ("_pairs", "_reads", "_writes")

    def __init__(self) -> None:
        self._pairs: list[tuple[Reads, Writes]] = []
        self._begin_pair()

    def read(self, key: bytes, future: asyncio.Future[bytes | None]) -> None:
        """Add a read."""
        if key in self._writes.keys or len(self._reads.keys) >= MOST_QUESTIONS:
            self._begin_pair()
        self._reads.keys.append(key)
        self._reads.answers.append(future)

    def write(self, write: Write, future: asyncio.Future[int]) -> None:
        """Add a write."""
        if len(self._writes.writes) >= MOST_QUESTIONS:
            self._begin_pair()
        writes = self._writes
        writes.writes.append(write)
        writes.keys.add(write.key)
        writes.answers.append(future)
        if type(write) is Put:
            writes.size_bytes += len(write.frame)

    def batches(self) -> list[Batch]:
        """Return what is to be asked, in this order."""
        return [batch for pair in self._pairs for batch in pair if batch.futures]

    def _begin_pair(self) -> None:
        self._reads, self._writes = Reads(), Writes()
        self._pairs.append((self._reads, self._writes))


def fail(future: asyncio.Future[bytes | None] | asyncio.Future[int], error: OutsideError) -> None:
    """Give `error` to who waits; that nobody does is no news, for the cache's state tells it."""
    future.set_exception(error)
    future.exception()
