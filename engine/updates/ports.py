"""What looking for new versions needs from outside."""

from __future__ import annotations

from typing import Protocol


class Feed(Protocol):
    """Somebody who tells which version is out."""

    async def read(self, url: str) -> bytes:
        """Return what lies at `url`, at most `release.LARGEST_BYTES`.

        url: one with which nothing is wrong. Raises Unreachable, TimedOut, Refused, Damaged.
        """
        ...
