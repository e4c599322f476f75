"""The first tier: values in this process, bounded in bytes.

S3-FIFO (Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023): new entries
wait in a small queue; those asked for there move to the main queue, the others leave and are
remembered as ghosts, which go to the main queue at once if they come back.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

ValueT = TypeVar("ValueT")

SMALL_SHARE = 0.1
"""Of the limit, for entries that are new (the paper's value)."""
MOST_USES = 3
"""Uses beyond this are not counted: what was popular once must be able to leave."""
ENTRY_BYTES = 480
"""What an entry costs beside its key's and its value's bytes: the entry, its numbers, its places
in the table and a queue, and one ghost. tracemalloc finds 260 before the first eviction and 450 to
580 once there are as many ghosts, depending on how full the tables are."""
LEAST_DEAD = 1024
"""Removed entries that may stay in a queue before it is rebuilt without them."""

_GONE, _SMALL, _MAIN = range(3)


# A Struct is made in a third of the time of a class with `__init__`, and without `gc` the collector
# need not walk through the cache; nothing that is kept refers to its entry.
class Entry(msgspec.Struct, Generic[ValueT], gc=False):
    """A value as it is kept. The caller compares `fresh_until_s` with its clock itself."""

    key: bytes
    value: ValueT
    fresh_until_s: float
    ends_s: float
    """It is never returned from this moment on."""
    _weight: int
    _uses: int
    _queue: int

    @property
    def size_bytes(self) -> int:
        """Of the value alone, as its owner counted it."""
        return self._weight - len(self.key) - ENTRY_BYTES


class FirstTier(Generic[ValueT]):
    """Keeps what is asked for most, in at most `limit_bytes`.

    now: seconds that never go back. Every call is O(1), averaged over many; nothing runs in the
    background. Entries that have ended leave when they are met, or by `sweep()`.
    """

    def __init__(self, *, limit_bytes: int, now: Callable[[], float]) -> None:
        self._now = now
        self._limit_bytes = limit_bytes
        self._small_limit_bytes = int(limit_bytes * SMALL_SHARE)
        self._used_bytes = 0
        self._small_bytes = 0
        self._entries: dict[bytes, Entry[ValueT]] = {}
        self._small: deque[Entry[ValueT]] = deque()
        self._main: deque[Entry[ValueT]] = deque()
        self._dead = 0
        # By the hash of the key: half the memory, and a collision only promotes one entry early.
        self._ghosts: OrderedDict[int, None] = OrderedDict()
        self._to_sweep: list[bytes] = []
        self._evicted = 0

    @property
    def entries(self) -> int:
        """How many are kept, with those that have ended and were not met yet."""
        return len(self._entries)

    @property
    def used_bytes(self) -> int:
        """Keys, values and what keeping them costs."""
        return self._used_bytes

    @property
    def limit_bytes(self) -> int:
        """`used_bytes` never exceeds this."""
        return self._limit_bytes

    @property
    def evicted(self) -> int:
        """How many have left for want of room."""
        return self._evicted

    def get(self, key: bytes) -> Entry[ValueT] | None:
        """Return the entry of `key`, or None where there is none or it has ended."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.ends_s <= self._now():
            self._drop(entry)
            return None
        if entry._uses < MOST_USES:
            entry._uses += 1
        return entry

    def peek(self, key: bytes) -> Entry[ValueT] | None:
        """Return the entry of `key` as `get()` does, without counting it as used."""
        entry = self._entries.get(key)
        return None if entry is None or entry.ends_s <= self._now() else entry

    def put(
        self, key: bytes, value: ValueT, size_bytes: int, fresh_until_s: float, ends_s: float
    ) -> None:
        """Keep `value`, of `size_bytes`, under `key`; one that is larger than the limit is not."""
        weight = size_bytes + len(key) + ENTRY_BYTES
        old = self._entries.get(key)
        if weight > self._limit_bytes:
            self.remove(key)
        elif old is not None:
            self._replace(old, value, weight, (fresh_until_s, ends_s))
        else:
            if self._used_bytes + weight > self._limit_bytes:
                self._make_room(weight)
            if self._ghosts and self._was_ghost(key):
                entry = Entry(key, value, fresh_until_s, ends_s, weight, 0, _MAIN)
                self._main.append(entry)
            else:
                entry = Entry(key, value, fresh_until_s, ends_s, weight, 0, _SMALL)
                self._small.append(entry)
                self._small_bytes += weight
            self._entries[key] = entry
            self._used_bytes += weight

    def remove(self, key: bytes) -> bool:
        """Remove `key`; tell whether it was there."""
        entry = self._entries.get(key)
        if entry is None:
            return False
        self._drop(entry)
        return True

    def clear(self) -> int:
        """Remove everything, ghosts too; return how many entries there were."""
        count = len(self._entries)
        for entry in self._entries.values():
            entry._queue = _GONE
        for kept in (self._entries, self._small, self._main, self._ghosts, self._to_sweep):
            kept.clear()
        self._used_bytes = self._small_bytes = self._dead = 0
        return count

    def resize(self, limit_bytes: int) -> None:
        """Keep at most `limit_bytes` from now on."""
        self._limit_bytes = limit_bytes
        self._small_limit_bytes = int(limit_bytes * SMALL_SHARE)
        self._make_room(0)

    def keys(self) -> list[bytes]:
        """Return every key, with those that have ended and were not met yet."""
        return list(self._entries)

    def sweep(self, most: int) -> int:
        """Look at the next `most` entries and remove those that have ended; return how many.

        Every call goes on where the last one stopped, and begins again after the last entry.
        """
        if not self._to_sweep:
            self._to_sweep = list(self._entries)
        now_s, removed = self._now(), 0
        for key in self._to_sweep[-most:]:
            entry = self._entries.get(key)
            if entry is not None and entry.ends_s <= now_s:
                self._drop(entry)
                removed += 1
        del self._to_sweep[-most:]
        return removed

    def _replace(
        self, entry: Entry[ValueT], value: ValueT, weight: int, ends: tuple[float, float]
    ) -> None:
        growth = weight - entry._weight
        entry.value = value
        entry.fresh_until_s, entry.ends_s = ends
        if entry._uses < MOST_USES:
            entry._uses += 1
        if growth:
            entry._weight = weight
            self._used_bytes += growth
            if entry._queue == _SMALL:
                self._small_bytes += growth
            if self._used_bytes > self._limit_bytes:
                self._make_room(0)

    def _was_ghost(self, key: bytes) -> bool:
        number = hash(key)
        if number not in self._ghosts:
            return False
        del self._ghosts[number]
        return True

    def _make_room(self, weight: int) -> None:
        most_bytes = self._limit_bytes - weight
        while self._used_bytes > most_bytes:
            if self._small and (self._small_bytes >= self._small_limit_bytes or not self._main):
                self._evict_new()
            else:
                self._evict_old()

    def _evict_new(self) -> None:
        """Move the oldest of the small queue to the main queue, or let it go."""
        entry = self._small.popleft()
        if entry._queue == _GONE:
            self._dead -= 1
            return
        self._small_bytes -= entry._weight
        if entry._uses and entry.ends_s > self._now():
            entry._uses, entry._queue = 0, _MAIN
            self._main.append(entry)
            return
        ghosts = self._ghosts
        ghosts[hash(entry.key)] = None
        while len(ghosts) > len(self._entries):
            ghosts.popitem(last=False)
        self._let_go(entry)

    def _evict_old(self) -> None:
        """Give the oldest of the main queue another round, or let it go."""
        entry = self._main.popleft()
        if entry._queue == _GONE:
            self._dead -= 1
        elif entry._uses and entry.ends_s > self._now():
            entry._uses -= 1
            self._main.append(entry)
        else:
            self._let_go(entry)

    def _let_go(self, entry: Entry[ValueT]) -> None:
        """Forget an entry that has left its queue."""
        entry._queue = _GONE
        del self._entries[entry.key]
        self._used_bytes -= entry._weight
        self._evicted += 1

    def _drop(self, entry: Entry[ValueT]) -> None:
        """Forget an entry that is still in its queue."""
        if entry._queue == _SMALL:
            self._small_bytes -= entry._weight
        entry._queue = _GONE
        del self._entries[entry.key]
        self._used_bytes -= entry._weight
        self._dead += 1
        if self._dead > max(len(self._entries), LEAST_DEAD):
            self._small = deque(one for one in self._small if one._queue != _GONE)
            self._main = deque(one for one in self._main if one._queue != _GONE)
            self._dead = 0
