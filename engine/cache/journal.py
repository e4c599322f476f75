"""Own writes, remembered for a Redis that was away or lost its data."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Literal

from engine.cache.keys import Key
from engine.cache.snapshot import JournalStatus

Written = Literal["put", "remove"]
ENTRY_BYTES = 400
"""What an entry costs beside its key and its frame: the entry, its numbers and its place."""
NEVER_MS = 0
"""The `ends_ms` of a removal: it must reach Redis however late."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """The latest own write of a key."""

    key: Key
    write: Written
    frame: bytes
    """Of a put; of a removal the tombstone, where one was given; else empty."""
    ends_ms: int
    """When what was written ends, unix time."""
    is_pending: bool
    """Redis has not confirmed it."""
    ticket: int
    """Grows with every write."""

    @property
    def weight_bytes(self) -> int:
        """What it counts against the limit."""
        return len(self.frame) + len(self.key.namespace) + len(self.key.tail) + ENTRY_BYTES


class Journal:
    """The latest own write per key, in at most `limit_bytes`.

    A pending write has not reached Redis. A kept one has, and is written again if Redis comes back
    empty. Where room is short the oldest kept ones leave first, then the oldest pending ones, which
    are counted in `forgotten`.
    """

    def __init__(self, *, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._used_bytes = 0
        self._last_ticket = 0
        self._pending: OrderedDict[Key, JournalEntry] = OrderedDict()
        self._kept: OrderedDict[Key, JournalEntry] = OrderedDict()
        self.forgotten = 0
        """Writes that left for want of room before Redis had them."""

    def put(self, key: Key, frame: bytes, ends_ms: int) -> int:
        """Remember that `frame` was stored until `ends_ms`; return the ticket.

        One that is larger than the whole journal is forgotten at once, and a removal is remembered
        in its place: Redis must not go on serving what it had before.
        """
        entry = self._new(key, "put", frame, ends_ms)
        if entry.weight_bytes > self._limit_bytes:
            self.forgotten += 1
            return self.remove(key)
        return self._remember(entry)

    def remove(self, key: Key, tombstone: bytes = b"") -> int:
        """Remember that `key` was removed; return the ticket."""
        return self._remember(self._new(key, "remove", tombstone, NEVER_MS))

    def confirm(self, key: Key, ticket: int) -> None:
        """Note that Redis has the write of `ticket`; nothing, if there was a later one."""
        entry = self._pending.get(key)
        if entry is None or entry.ticket != ticket:
            return
        del self._pending[key]
        if entry.write == "put":
            self._kept[key] = JournalEntry(
                key, "put", entry.frame, entry.ends_ms, is_pending=False, ticket=ticket
            )
        else:
            self._used_bytes -= entry.weight_bytes

    def doubt(self, key: Key) -> None:
        """Note that Redis may lack what was kept under `key`: it is pending again."""
        entry = self._kept.pop(key, None)
        if entry is not None:
            self._pending[key] = replace(entry, is_pending=True)

    def forget(self, key: Key) -> None:
        """Note that somebody else wrote `key`: what was kept leaves, what is pending stays."""
        entry = self._kept.pop(key, None)
        if entry is not None:
            self._used_bytes -= entry.weight_bytes

    def drop_namespace(self, namespace: str) -> None:
        """Forget every write in `namespace`: it was purged."""
        for key in [key for key in chain(self._pending, self._kept) if key.namespace == namespace]:
            self._discard(key)

    def end(self, now_ms: int) -> None:
        """Drop what has ended at `now_ms`, unix time. Looks at every entry.

        A pending put that has ended becomes a removal: Redis may still have what was
        there before, and must not serve it again.
        """
        for key in [entry.key for entry in self._kept.values() if entry.ends_ms <= now_ms]:
            self._discard(key)
        ended = [each for each in self._pending.values() if NEVER_MS < each.ends_ms <= now_ms]
        for entry in ended:
            self.remove(entry.key)

    def get(self, key: Key) -> JournalEntry | None:
        """Return the latest own write of `key`, or None where it is not remembered."""
        return self._pending.get(key) or self._kept.get(key)

    def ticket(self, key: Key) -> int:
        """Return the ticket of the latest own write of `key`; 0 where it is not remembered."""
        entry = self.get(key)
        return 0 if entry is None else entry.ticket

    def is_pending(self, key: Key) -> bool:
        """Tell whether Redis has not confirmed the latest own write of `key`."""
        return key in self._pending

    def pending(self) -> list[JournalEntry]:
        """Return what Redis has not confirmed: removals first, then the oldest first."""
        return sorted(self._pending.values(), key=lambda entry: entry.write != "remove")

    def some_pending(self, start: int, most: int) -> list[Key]:
        """Return up to `most` keys that Redis has not confirmed, from the `start`-th oldest on."""
        return list(islice(self._pending, start, start + most))

    def kept(self) -> list[JournalEntry]:
        """Return what Redis has confirmed, oldest confirmation first."""
        return list(self._kept.values())

    def resize(self, limit_bytes: int) -> None:
        """Remember at most `limit_bytes` from now on."""
        self._limit_bytes = limit_bytes
        for oldest in self._leaving():
            self._discard(oldest)

    def status(self) -> JournalStatus:
        """Return how full it is."""
        return JournalStatus(
            pending=len(self._pending),
            kept=len(self._kept),
            used_bytes=self._used_bytes,
            limit_bytes=self._limit_bytes,
        )

    def _new(self, key: Key, write: Written, frame: bytes, ends_ms: int) -> JournalEntry:
        self._last_ticket += 1
        return JournalEntry(key, write, frame, ends_ms, is_pending=True, ticket=self._last_ticket)

    def _remember(self, entry: JournalEntry) -> int:
        self._discard(entry.key)
        self._pending[entry.key] = entry
        self._used_bytes += entry.weight_bytes
        for oldest in self._leaving():
            self._discard(oldest)
        return entry.ticket

    def _leaving(self) -> Iterator[Key]:
        """Yield what leaves next, as long as there is too much."""
        while self._used_bytes > self._limit_bytes and self._kept:
            yield next(iter(self._kept))
        while self._used_bytes > self._limit_bytes:
            self.forgotten += 1
            yield next(iter(self._pending))

    def _discard(self, key: Key) -> None:
        entry = self._pending.pop(key, None) or self._kept.pop(key, None)
        if entry is not None:
            self._used_bytes -= entry.weight_bytes
