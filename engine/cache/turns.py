"""One process at a time makes a value: whoever has the lease on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from enum import Enum, auto

from engine.cache.ports import LeaseStore
from engine.errors import OutsideError

LEASE_TTL_S = 3.0
"""A process that dies while it makes a value holds the others up for this long at most."""
RENEWAL_S = LEASE_TTL_S / 3
"""Two renewals may be lost before the lease is."""


class Turn(Enum):
    """Whose turn it is to make a value."""

    OURS = auto()
    """The lease is to be held with `Turns.held()`."""
    THEIRS = auto()
    UNKNOWN = auto()
    """Nobody can tell: there is no Redis, or it does not answer. Waiting would be worse."""


class Turns:
    """Turns among the processes that share `leases`.

    holder: a word that no other process has. is_shared: whether Redis answers at present.
    """

    def __init__(
        self,
        *,
        leases: LeaseStore | None,
        is_shared: Callable[[], bool],
        holder: str,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self.leases = leases
        """May be changed at any time; turns given by others are not given back then, but end."""
        self.is_shared = is_shared
        self._holder = holder
        self._sleep = sleep

    async def ask(self, name: str) -> Turn:
        """Return whose turn it is to make `name`; never raises for what Redis does."""
        if self.leases is None or not self.is_shared():
            return Turn.UNKNOWN
        try:
            token = await self.leases.acquire(name, self._holder, LEASE_TTL_S)
        except OutsideError:
            return Turn.UNKNOWN
        return Turn.THEIRS if token is None else Turn.OURS

    @asynccontextmanager
    async def held(self, name: str) -> AsyncIterator[None]:
        """Keep the turn that `ask()` gave for as long as the block runs, then give it back."""
        renewal = asyncio.create_task(self._renew(name))
        try:
            yield
        finally:
            renewal.cancel()
            await asyncio.wait({renewal})
            if self.leases is not None:
                with suppress(OutsideError):  # it ends by itself
                    await self.leases.release(name, self._holder)
            if not renewal.cancelled():
                renewal.result()

    async def _renew(self, name: str) -> None:
        is_held = True
        while is_held:
            await self._sleep(RENEWAL_S)
            if self.leases is None:
                return
            with suppress(OutsideError):
                is_held = await self.leases.renew(name, self._holder, LEASE_TTL_S)
