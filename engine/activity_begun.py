"""Requests that are not over yet."""

from __future__ import annotations

import threading
from collections.abc import Callable

from engine.activity import UnderWay

MOST = 2_000
"""Whoever begins and never ends does not fill the memory: the oldest leave."""


class RequestsBegun:
    """Those under way, by id. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tell: dict[str, Callable[[], UnderWay]] = {}

    def begin(self, id: str, tell: Callable[[], UnderWay]) -> None:
        """List the request `id`; `tell` is asked only when somebody looks."""
        with self._lock:
            self._tell[id] = tell
            if len(self._tell) > MOST:
                del self._tell[next(iter(self._tell))]

    def end(self, id: str) -> None:
        """Take the request `id` off the list, where it is on it."""
        with self._lock:
            self._tell.pop(id, None)

    def latest(self) -> tuple[UnderWay, ...]:
        """Return those under way now, the oldest first."""
        with self._lock:
            told = tuple(self._tell.values())
        return tuple(tell() for tell in told)
