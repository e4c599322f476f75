"""Sessions of this process alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from engine.cache.ports import SessionRecord


class MemorySessions:
    """The twin of RedisSessions. `now_ms` tells the unix time."""

    def __init__(self, *, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._records: dict[str, SessionRecord] = {}
        self._histories: dict[str, list[bytes]] = {}
        self._swept_at = 0

    async def create(self, record: SessionRecord) -> bool:
        """Store a new session without messages; False where its id is taken."""
        if self._alive(record.id) is not None:
            return False
        if len(self._records) > 2 * self._swept_at + 100:  # amortised: each time it has doubled
            self._sweep()
        self._records[record.id] = record
        self._histories[record.id] = []
        return True

    async def load(self, session_id: str) -> SessionRecord | None:
        """Return a session, or None."""
        record = self._alive(session_id)
        return record and replace(record, messages=len(self._histories[session_id]))

    async def update(
        self, record: SessionRecord, replaces: int | None = None
    ) -> SessionRecord | None:
        """Store `data` and times if the stored version is `replaces`; return what is stored."""
        stored = self._alive(record.id)
        if stored is None:
            return None
        if stored.version == (record.version - 1 if replaces is None else replaces):
            self._records[record.id] = replace(
                record,
                owner=stored.owner,
                created_ms=stored.created_ms,
                base=record.base or stored.base,
            )
        return await self.load(record.id)

    async def touch(self, session_id: str, touched_ms: int, expires_ms: int) -> bool:
        """Let it live until `expires_ms`; False where it is gone."""
        record = self._alive(session_id)
        if record is None:
            return False
        self._records[session_id] = replace(record, touched_ms=touched_ms, expires_ms=expires_ms)
        return True

    async def remove(self, session_id: str) -> bool:
        """End it with its history; False where it is gone."""
        was_there = self._alive(session_id) is not None
        self._drop(session_id)
        return was_there

    async def list(self, owner: str | None, limit: int) -> Sequence[SessionRecord]:
        """Return sessions, last touched first, of `owner` or all."""
        self._sweep()
        records = [each for each in self._records.values() if owner is None or each.owner == owner]
        records.sort(key=lambda each: each.touched_ms, reverse=True)
        return [
            replace(each, messages=len(self._histories[each.id]))
            for each in records[: max(0, limit)]
        ]

    async def append(self, session_id: str, messages: Sequence[bytes]) -> int | None:
        """Add to its history; return the new length, or None where the session is gone."""
        if self._alive(session_id) is None:
            return None
        history = self._histories[session_id]
        history.extend(messages)
        return len(history)

    async def merge(self, session_id: str, messages: Sequence[bytes]) -> int | None:
        """Add those that are not in its history yet; return its length, None where it is gone."""
        there = set(self._histories.get(session_id, ()))
        return await self.append(session_id, [each for each in messages if each not in there])

    async def history(self, session_id: str, start: int, stop: int) -> Sequence[bytes]:
        """Return messages `start` to `stop` (exclusive), as a slice does."""
        return self._histories[session_id][start:stop] if self._alive(session_id) else []

    def _alive(self, session_id: str) -> SessionRecord | None:
        record = self._records.get(session_id)
        return record if record is not None and record.expires_ms > self._now_ms() else None

    def _sweep(self) -> None:
        for session_id in [each for each in self._records if self._alive(each) is None]:
            self._drop(session_id)
        self._swept_at = len(self._records)

    def _drop(self, session_id: str) -> None:
        self._records.pop(session_id, None)
        self._histories.pop(session_id, None)
