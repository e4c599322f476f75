"""A value that is being made."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from engine.cache.content import Content
from engine.cache.freshness import Freshness
from engine.cache.keys import Key

Make = Callable[[], Awaitable[object]]
"""Makes a value: bytes, text or anything msgspec can write. Raises Absent where there is none."""


class Flight:
    """One value being made. It goes on when those who wait for it have left.

    seen: what was there when it began, too old or soon to be.
    """

    def __init__(self, key: Key, make: Make, freshness: Freshness, seen: Content | None) -> None:
        self.key = key
        self.make = make
        self.freshness = freshness
        self.seen = seen
        self.waiters = 0
        self.is_stale = False
        """It landed with an old value, as no new one could be made."""
        self.is_overtaken = False
        """Its key was written or removed meanwhile."""
        self._outcome: asyncio.Future[Content] = asyncio.get_running_loop().create_future()

    @property
    def name(self) -> str:
        """What the lease on it is called."""
        return lease_name(self.key)

    @property
    def has_landed(self) -> bool:
        """True once it is certain what those who wait for it get."""
        return self._outcome.done()

    async def outcome(self) -> Content:
        """Return what it landed with. Raises what it failed with."""
        self.waiters += 1
        try:
            # A cancelled `wait` leaves the future as it is, for the others.
            await asyncio.wait({self._outcome})
        finally:
            self.waiters -= 1
        return self._outcome.result()

    def land(self, content: Content) -> None:
        """Give `content` to everybody who waits; the first landing counts."""
        if not self._outcome.done():
            self._outcome.set_result(content)

    def fail(self, error: BaseException) -> None:
        """Give `error` to everybody who waits, unless it has landed."""
        if not self._outcome.done():
            self._outcome.set_exception(error)
            self._outcome.exception()  # asyncio reports what nobody has asked for


def lease_name(key: Key) -> str:
    """Return what the lease on making `key` is called."""
    return f"make:{key.namespace}:{key.tail.decode('ascii', 'replace')}"
