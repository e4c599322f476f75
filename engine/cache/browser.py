"""Which keys there are in both tiers, and what lies under one; for people, not for the hot path."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from heapq import nsmallest
from itertools import chain, islice
from typing import NamedTuple

from engine.cache.codec import HEADER_BYTES, BadFrame, Codec
from engine.cache.content import Content, Kind
from engine.cache.first_tier import FirstTier
from engine.cache.generations import Generations, Questions
from engine.cache.journal import Journal, JournalEntry
from engine.cache.keys import VALUES, Key, parse_key
from engine.cache.ports import Inspector
from engine.cache.preview import preview_content, preview_frame, preview_missing
from engine.cache.snapshot import KeyPage, KeyRow, ValuePreview
from engine.cache.unix_time import UnixTime
from engine.errors import OutsideError

SEARCHED = 5000
"""Keys of Redis that are searched for a text: it has no index, and each key costs a question."""
SPARE_KEYS = 500
"""So many more are looked at than are shown: some have ended, or were purged."""
ELSEWHERE_BYTES = 64 * 1024
"""Larger values are decoded on a worker thread: pretty JSON takes its time."""


class _Left(NamedTuple):
    """How long something stays, and its size."""

    ttl_s: float | None
    size_bytes: int


class Browser:
    """Looks into both tiers. Nothing that Redis does or holds makes a call fail.

    codec: used by nobody else, because large values are decoded on another thread.
    """

    def __init__(
        self,
        *,
        first: FirstTier[Content],
        second: Questions | None,
        inspector: Inspector | None,
        generations: Generations,
        journal: Journal,
        codec: Codec,
        time: UnixTime,
    ) -> None:
        self._first = first
        self._second = second
        self._inspector = inspector
        self._generations = generations
        self._journal = journal
        self._codec = codec
        self._time = time
        self._decoding = asyncio.Lock()

    async def keys(self, namespace: str | None = None, text: str = "", limit: int = 200) -> KeyPage:
        """Return up to `limit` keys of `namespace`, or of all, by name.

        text: what tenant or name must contain, in any case of letters. A page is incomplete also
        where Redis could not be asked.
        """
        prefix = VALUES
        if namespace is not None:
            head = Key(namespace, b"")
            found_prefix = self._generations.physical(head) or await self._generations.find(head)
            prefix = found_prefix or self._generations.guess(head)
        scanned, is_complete = await self._scan(prefix, SEARCHED if text else limit + 1)
        await self._learn(scanned)
        wanted = text.encode("utf-8", "replace").lower()
        is_blind = not scanned and not is_complete
        # Lists, which nobody changes: the loop goes on while they are searched.
        own = [*self._journal.pending(), *(self._journal.kept() if is_blind else ())]
        keys = chain(list(scanned), self._first.keys(), self._keys_of(own, namespace))
        most = limit + 1 + SPARE_KEYS
        found = await asyncio.to_thread(first_matching, keys, prefix, wanted, most)
        rows = (self._row(key, scanned.get(key)) for key in found)
        page = tuple(islice((row for row in rows if row is not None), limit + 1))
        is_whole = is_complete and len(found) < most and len(page) <= limit
        return KeyPage(page[:limit], is_whole)

    async def preview(self, key: str, most_chars: int = 4000) -> ValuePreview:
        """Return what lies under `key`, a `KeyRow.key`, cut after `most_chars`."""
        physical = key.encode("utf-8", "replace")
        now_ms = self._time.now_ms()
        frame = await self._frame(physical)
        if frame is not None:
            return await self._previewed(key, frame, now_ms, most_chars)
        entry = self._first.peek(physical)
        if entry is None:
            return preview_missing(key)
        content = entry.value
        if len(content.payload) < ELSEWHERE_BYTES:
            return preview_content(key, content, now_ms, most_chars)
        return await asyncio.to_thread(preview_content, key, content, now_ms, most_chars)

    async def _frame(self, physical: bytes) -> bytes | None:
        """Return the frame that counts: an own write on its way to Redis before what is there."""
        parsed = parse_key(physical)
        own = None if parsed is None else self._journal.get(parsed[0])
        if own is not None and self._generations.guess(own.key) != physical:
            own = None
        is_ahead = own is not None and own.is_pending
        if self._second is not None and not is_ahead:
            try:
                return await self._second.read(physical)
            except OutsideError:
                pass
        return own.frame if own is not None and own.write == "put" else None

    async def _previewed(
        self, key: str, frame: bytes, now_ms: int, most_chars: int
    ) -> ValuePreview:
        async with self._decoding:
            work = (key, frame, self._codec, now_ms, most_chars)
            if len(frame) < ELSEWHERE_BYTES:
                return preview_frame(*work)
            return await asyncio.to_thread(preview_frame, *work)

    async def _scan(self, prefix: bytes, limit: int) -> tuple[dict[bytes, _Left], bool]:
        """Return keys in Redis without those that were removed, and whether that is all."""
        if self._inspector is None or self._second is None:
            return {}, True
        try:
            scanned = await self._inspector.scan(prefix, limit)
            small = [key for key, _, size_bytes in scanned if size_bytes <= HEADER_BYTES]
            frames = await asyncio.gather(*[self._second.read(key) for key in small])
        except OutsideError:
            return {}, False
        found = {key: _Left(ttl_s, size_bytes) for key, ttl_s, size_bytes in scanned}
        for key, frame in zip(small, frames, strict=True):
            if self._is_removal(frame):
                del found[key]
        return found, len(scanned) < limit

    def _is_removal(self, frame: bytes | None) -> bool:
        if frame is None:
            return True
        try:
            return self._codec.header(frame).kind is Kind.REMOVED
        except BadFrame:
            return False

    async def _learn(self, keys: Iterable[bytes]) -> None:
        """Find out the generations of namespaces that this process has not used yet."""
        names = {parsed[0].namespace for key in keys if (parsed := parse_key(key))}
        for name in sorted(names):
            if self._generations.physical(Key(name, b"")) is None:
                await self._generations.find(Key(name, b""))

    def _keys_of(self, own: Sequence[JournalEntry], namespace: str | None) -> Iterator[bytes]:
        """Yield what own writes of values are called in Redis; on any thread."""
        for entry in own:
            if entry.write == "put" and namespace in (None, entry.key.namespace):
                yield self._generations.guess(entry.key)

    def _row(self, physical: bytes, far: _Left | None) -> KeyRow | None:
        """Return a row; None for what has ended, was removed, or is of a purged generation."""
        parsed = parse_key(physical)
        if parsed is None or parsed[1] != self._generations.known(parsed[0].namespace):
            return None
        own = self._journal.get(parsed[0])
        near = self._near(physical, own if far is None or (own and own.is_pending) else None)
        is_removed = own is not None and own.is_pending and own.write == "remove"
        left = near or far
        if left is None or is_removed:
            return None
        tenant, _, name = parsed[0].tail.decode("utf-8", "backslashreplace").partition(":")
        return KeyRow(
            key=physical.decode("utf-8", "backslashreplace"),
            namespace=parsed[0].namespace,
            tenant=tenant,
            name=name.removeprefix("="),
            ttl_s=left.ttl_s,
            tier="redis" if near is None else "memory" if far is None else "both",
            size_bytes=left.size_bytes if far is None else far.size_bytes,
        )

    def _near(self, physical: bytes, own: JournalEntry | None) -> _Left | None:
        """Return what this process has: in the first tier, or on its way to Redis."""
        entry = self._first.peek(physical)
        if entry is not None:
            return _Left(self._left_s(entry.value.expires_ms), entry.size_bytes)
        if own is None or own.write != "put" or own.ends_ms <= self._time.now_ms():
            return None
        return _Left(self._left_s(self._codec.header(own.frame).expires_ms), len(own.frame))

    def _left_s(self, unix_ms: int) -> float:
        return max(0, unix_ms - self._time.now_ms()) / 1000


def first_matching(keys: Iterable[bytes], prefix: bytes, wanted: bytes, most: int) -> list[bytes]:
    """Return the first `most` of `keys`, in order, that have `wanted` in their tenant or name.

    wanted: in small letters. The keys are those of Redis and must begin with `prefix`.
    """
    return nsmallest(most, {key for key in keys if _is_match(key, prefix, wanted)})


def _is_match(physical: bytes, prefix: bytes, wanted: bytes) -> bool:
    """Tell whether `wanted`, in small letters, is in the tenant or name of a key."""
    if not physical.startswith(prefix):
        return False
    if not wanted:
        return True
    tail = physical[physical.find(b":", len(VALUES)) + 1 :]
    return wanted in tail.replace(b":=", b":", 1).lower()
