"""What was removed by hand a moment ago, to be brought back."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from engine.cache.content import Content
from engine.cache.keys import Key

KEPT = 5
"""Removals that can be undone; the oldest leaves."""
MOST_BYTES = 16 * 2**20
"""Of the values in them together; the last removal stays, however large it is."""


class Undo:
    """The last removals, each under a token."""

    def __init__(self) -> None:
        self._removed: OrderedDict[str, tuple[tuple[Key, Content], ...]] = OrderedDict()
        self._count = 0

    def remember(self, removed: Sequence[tuple[Key, Content]]) -> str:
        """Return the token under which `removed` can be taken back; "" for nothing."""
        if not removed:
            return ""
        self._count += 1
        token = f"removal-{self._count}"
        self._removed[token] = tuple(removed)
        while len(self._removed) > 1 and self._is_full():
            self._removed.popitem(last=False)
        return token

    def take(self, token: str) -> tuple[tuple[Key, Content], ...]:
        """Return what was removed under `token`, once; nothing where that is too long ago."""
        return self._removed.pop(token, ())

    def _is_full(self) -> bool:
        sizes = (
            sum(len(content.payload) for _, content in each) for each in self._removed.values()
        )
        return len(self._removed) > KEPT or sum(sizes) > MOST_BYTES
