"""Leases of this process alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from engine.cache.notes import NOTES_GAP_S, Notes


class _Held(NamedTuple):
    holder: str
    token: int
    ends_ms: int


class _Board:
    """What the holders of one lease wrote down."""

    def __init__(self) -> None:
        self.since_ms = self.last_ms = 0
        self.values: dict[str, tuple[bytes, int]] = {}
        """By field: the value, and when it ends."""

    def is_steady(self, now_ms: int) -> bool:
        """Whether nobody has been silent for too long."""
        return abs(now_ms - self.last_ms) <= NOTES_GAP_S * 1000


class MemoryLeases:
    """The twin of RedisLeases. `now_ms` tells the unix time."""

    def __init__(self, *, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._held: dict[str, _Held] = {}
        self._last_token = 0
        self._boards: dict[str, _Board] = {}

    async def acquire(self, name: str, holder: str, ttl_s: float) -> int | None:
        """Return a fencing token, or None while another holder has it."""
        now_ms = self._now_ms()
        held = self._alive(name)
        if held is not None and held.holder != holder:
            return None
        if held is None:
            self._sweep(now_ms)
            self._last_token = max(self._last_token + 1, now_ms * 1000)
            held = _Held(holder, self._last_token, 0)
        self._held[name] = held._replace(ends_ms=now_ms + _milliseconds(ttl_s))
        return held.token

    async def renew(self, name: str, holder: str, ttl_s: float) -> bool:
        """Let it last `ttl_s` from now; False where `holder` does not have it any more."""
        held = self._alive(name)
        if held is None or held.holder != holder:
            return False
        self._held[name] = held._replace(ends_ms=self._now_ms() + _milliseconds(ttl_s))
        return True

    async def release(self, name: str, holder: str) -> bool:
        """Give it back; False where `holder` did not have it any more."""
        held = self._alive(name)
        if held is None or held.holder != holder:
            return False
        del self._held[name]
        return True

    async def note(self, name: str, holder: str, field: str, value: bytes, ttl_s: float) -> bool:
        """Write `value` down; False where `holder` did not have the lease any more."""
        held, now_ms = self._alive(name), self._now_ms()
        if holder and (held is None or held.holder != holder):
            return False
        board = self._boards.setdefault(name, _Board())
        if not board.is_steady(now_ms):
            board.since_ms = now_ms
        board.last_ms = now_ms
        kept = {key: each for key, each in board.values.items() if each[1] > now_ms}
        kept.pop(field, None)
        board.values = kept | ({field: (value, now_ms + _milliseconds(ttl_s))} if value else {})
        return True

    async def notes(self, name: str) -> Notes:
        """Return what holders of the lease wrote down."""
        board, now_ms = self._boards.get(name) or _Board(), self._now_ms()
        steady_ms = max(0, now_ms - board.since_ms) if board.is_steady(now_ms) else 0
        alive = {key: value for key, (value, ends) in board.values.items() if ends > now_ms}
        return Notes(steady_ms / 1000, alive)

    def _alive(self, name: str) -> _Held | None:
        held = self._held.get(name)
        return held if held is not None and held.ends_ms > self._now_ms() else None

    def _sweep(self, now_ms: int) -> None:
        """Forget what has ended; leases are few."""
        if len(self._held) > 1000:
            alive = {name: held for name, held in self._held.items() if held.ends_ms > now_ms}
            self._held = alive


def _milliseconds(ttl_s: float) -> int:
    return max(1, round(ttl_s * 1000))
