"""Which keys there are in both tiers, and what lies under one; for people, not for the hot path."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from engine.cache.codec import HEADER_BYTES, BadFrame, Codec, Content, Kind
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
ELSEWHERE_BYTES = 64 * 1024
"""Larger values are decoded on a worker thread: pretty JSON takes its time."""

Scanned = tuple[bytes, float | None, int]
"""Key, seconds left, size in bytes."""


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
            prefix = await self._generations.find(Key(namespace, b""))
        scanned, is_complete = await self._scan(prefix, SEARCHED if text else limit + 1)
        await self._learn(key for key, _, _ in scanned)
        near = self._first.keys()
        rows = {key: row for key in near if (row := self._near_row(key))}
        for entry in (*self._journal.pending(), *self._journal.kept()):
            key = self._generations.guess(entry.key)
            if key not in rows and (row := self._own_row(key, entry)):
                rows[key] = row
        for key, ttl_s, size_bytes in scanned:
            if row := self._far_row(key, ttl_s, size_bytes, rows.get(key)):
                rows[key] = row
        wanted = [
            row
            for key, row in rows.items()
            if key.startswith(prefix) and text.casefold() in f"{row.tenant}:{row.name}".casefold()
        ]
        wanted.sort(key=lambda row: (row.namespace, row.tenant, row.name))
        return KeyPage(tuple(wanted[:limit]), is_complete and len(wanted) <= limit)

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
        return preview_content(key, entry.value, now_ms, most_chars)

    async def _frame(self, physical: bytes) -> bytes | None:
        """Return the frame that counts: an own write on its way to Redis before what is there."""
        parsed = parse_key(physical)
        own = None if parsed is None else self._journal.get(parsed[0])
        if own is not None and self._generations.guess(own.key) != physical:
            own = None
        if self._second is not None and not (own is not None and own.is_pending):
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

    async def _scan(self, prefix: bytes, limit: int) -> tuple[Sequence[Scanned], bool]:
        """Return keys in Redis without those that were removed, and whether that is all."""
        if self._inspector is None or self._second is None:
            return (), True
        try:
            scanned = await self._inspector.scan(prefix, limit)
            small = [key for key, _, size_bytes in scanned if size_bytes <= HEADER_BYTES]
            frames = await asyncio.gather(*[self._second.read(key) for key in small])
        except OutsideError:
            return (), False
        removed = {key for key, frame in zip(small, frames, strict=True) if self._is_removal(frame)}
        return [each for each in scanned if each[0] not in removed], len(scanned) < limit

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

    def _near_row(self, physical: bytes) -> KeyRow | None:
        entry = self._first.peek(physical)
        if entry is None:
            return None
        ttl_s = self._left_s(entry.value.expires_ms)
        return self._row(physical, ttl_s, entry.size_bytes, near=True, far=False)

    def _own_row(self, physical: bytes, entry: JournalEntry) -> KeyRow | None:
        if entry.write != "put":
            return None
        ttl_s = self._left_s(self._codec.header(entry.frame).expires_ms)
        return self._row(physical, ttl_s, len(entry.frame), near=True, far=False)

    def _far_row(
        self, physical: bytes, ttl_s: float | None, size_bytes: int, near: KeyRow | None
    ) -> KeyRow | None:
        parsed = parse_key(physical)
        own = None if parsed is None else self._journal.get(parsed[0])
        if own is not None and own.is_pending and own.write == "remove":
            return None
        left_s = ttl_s if near is None else near.ttl_s
        return self._row(physical, left_s, size_bytes, near=near is not None, far=True)

    def _row(
        self, physical: bytes, ttl_s: float | None, size_bytes: int, *, near: bool, far: bool
    ) -> KeyRow | None:
        """Return a row; None for a key of a generation that was purged."""
        parsed = parse_key(physical)
        if parsed is None:
            return None
        key, generation = parsed
        if generation != self._generations.known(key.namespace):
            return None
        tenant, _, name = key.tail.decode("utf-8", "backslashreplace").partition(":")
        return KeyRow(
            key=physical.decode("utf-8", "backslashreplace"),
            namespace=key.namespace,
            tenant=tenant,
            name=name.removeprefix("="),
            ttl_s=ttl_s,
            tier=("both" if far else "memory") if near else "redis",
            size_bytes=size_bytes,
        )

    def _left_s(self, unix_ms: int) -> float:
        return max(0, unix_ms - self._time.now_ms()) / 1000
