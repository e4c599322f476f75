"""Logs of this process alone."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Sequence

_Id = tuple[int, int]


class _Stream:
    """One log."""

    def __init__(self) -> None:
        self.rows: list[tuple[_Id, bytes]] = []
        self.last: _Id = (0, 0)
        self.waiters: set[asyncio.Future[None]] = set()

    def after(self, after: _Id) -> int:
        """Return the position of the first row after `after`."""
        return bisect_right(self.rows, after, key=lambda row: row[0])


class MemoryStreams:
    """The twin of RedisStreams. `now_ms` tells the unix time, of which ids are made."""

    def __init__(self, *, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._streams: dict[str, _Stream] = {}

    async def append(self, stream: str, message: bytes, keep: int) -> str:
        """Add `message`, keep about the newest `keep`, return its id."""
        log = self._streams.setdefault(stream, _Stream())
        log.last = max((self._now_ms(), 0), (log.last[0], log.last[1] + 1))
        log.rows.append((log.last, message))
        if len(log.rows) > keep + 100:  # "about": Redis likewise cuts whole blocks only
            del log.rows[: len(log.rows) - keep]
        for waiter in log.waiters:
            if not waiter.done():
                waiter.set_result(None)
        return _text(log.last)

    async def read(self, stream: str, after: str, limit: int) -> Sequence[tuple[str, bytes]]:
        """Return (id, message) after `after`, "" for the very first, oldest first, at once."""
        log = self._streams.get(stream)
        if log is None:
            return []
        start = log.after(_parsed(after))
        return [(_text(at), message) for at, message in log.rows[start : start + limit]]

    async def wait(self, stream: str, after: str, timeout_s: float) -> bool:
        """Return whether something stands after `after`, as soon as it does."""
        log = self._streams.setdefault(stream, _Stream())
        position = _parsed(after)
        if log.last > position:
            return True
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        log.waiters.add(waiter)
        try:
            await asyncio.wait([waiter], timeout=timeout_s)
        finally:
            log.waiters.discard(waiter)
        return log.last > position


def _parsed(stream_id: str) -> _Id:
    milliseconds, _, number = stream_id.partition("-")
    return (int(milliseconds or 0), int(number or 0))


def _text(stream_id: _Id) -> str:
    return f"{stream_id[0]}-{stream_id[1]}"
