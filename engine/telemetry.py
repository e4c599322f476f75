"""Live numbers: written by one thread, read by any other without a lock."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

EntryT = TypeVar("EntryT")


@dataclass(frozen=True, slots=True)
class Reading:
    """Rows copied out of a Ring."""

    rows: NDArray[Any]
    """Shape (n, *row_shape), oldest first."""
    cursor: int
    """Where the next `since()` begins: rows ever written up to here."""
    missed: int
    """Rows overwritten before this reader came."""


class Ring:
    """A fixed number of rows, allocated once; the newest win.

    One thread writes, any thread reads. The writer announces what it is about to overwrite
    before it does and what it has written after, so a reader can tell which of its copied
    rows may be torn, and leaves them out.
    """

    def __init__(
        self, capacity: int, *, dtype: DTypeLike = np.float32, row_shape: tuple[int, ...] = ()
    ) -> None:
        if capacity <= 0:
            raise ValueError(f"capacity is {capacity}: it must be at least 1")
        self._rows = np.zeros((capacity, *row_shape), dtype)
        self._announced = 0
        self._written = 0

    @property
    def capacity(self) -> int:
        """Rows the ring holds."""
        return len(self._rows)

    @property
    def written(self) -> int:
        """Rows ever written; moves when there is something new to draw."""
        return self._written

    def extend(self, rows: NDArray[Any]) -> None:
        """Write `rows`, shape (n, *row_shape). For the one writing thread."""
        count, capacity = len(rows), len(self._rows)
        start = self._written
        self._announced = start + count
        if count > capacity:
            rows = rows[count - capacity :]
        at = (start + count - len(rows)) % capacity
        head = min(len(rows), capacity - at)
        self._rows[at : at + head] = rows[:head]
        self._rows[: len(rows) - head] = rows[head:]
        self._written = start + count

    def append(self, row: Any) -> None:
        """Write one row. For the one writing thread."""
        self._announced = self._written + 1
        self._rows[self._written % len(self._rows)] = row
        self._written += 1

    def since(self, cursor: int) -> Reading:
        """Return the rows written after `cursor` that are still there, oldest first."""
        end, capacity = self._written, len(self._rows)
        start = min(max(cursor, end - capacity), end)
        at = start % capacity
        head = self._rows[at : at + end - start]
        tail = self._rows[: end - start - len(head)]
        rows = np.concatenate((head, tail))  # copies
        safe = min(max(start, self._announced - capacity), end)
        return Reading(rows[safe - start :], end, max(0, safe - cursor))

    def latest(self, count: int) -> NDArray[Any]:
        """Return the newest `count` rows or as many as there are, oldest first."""
        rows = self.since(max(0, self._written - count)).rows
        return rows[max(0, len(rows) - count) :]  # the writer may have added some meanwhile


class Series:
    """A named quantity over time: rows of (seconds on the engine's clock, value)."""

    def __init__(self, name: str, unit: str, *, capacity: int = 600) -> None:
        self.name = name
        self.unit = unit
        self._ring = Ring(capacity, dtype=np.float64, row_shape=(2,))

    def append(self, at_s: float, value: float) -> None:
        """Add one reading. For the one writing thread."""
        self._ring.append((at_s, value))

    @property
    def written(self) -> int:
        """Readings ever added; moves when there is something new to draw."""
        return self._ring.written

    def latest(self, count: int | None = None) -> NDArray[np.float64]:
        """Return the newest readings, shape (n, 2): seconds, value; oldest first."""
        return self._ring.latest(self._ring.capacity if count is None else count)


@dataclass(frozen=True, slots=True)
class Page(Generic[EntryT]):
    """Entries read from a Journal."""

    entries: tuple[EntryT, ...]
    cursor: int
    dropped: int
    """Entries that had gone before this reader came."""


class Journal(Generic[EntryT]):
    """The last entries of an event log; any thread may add and read."""

    def __init__(self, capacity: int) -> None:
        self._entries: deque[EntryT] = deque(maxlen=capacity)
        self._added = 0
        self._lock = threading.Lock()

    def add(self, entry: EntryT) -> None:
        """Add `entry`; the oldest leaves when the journal is full."""
        with self._lock:
            self._entries.append(entry)
            self._added += 1

    def since(self, cursor: int = 0) -> Page[EntryT]:
        """Return what was added after `cursor`, oldest first."""
        with self._lock:
            first = self._added - len(self._entries)
            start = min(max(cursor, first), self._added)
            entries = tuple(islice(self._entries, start - first, None))
            return Page(entries, self._added, max(0, first - cursor))
