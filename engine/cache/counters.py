"""Numbers that every process adds to, also while Redis is away."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable

from engine.cache.keys import check_text
from engine.cache.ports import CounterStore
from engine.cache.sharing import Sharing
from engine.cache.unix_time import span_ms
from engine.clock import Clock
from engine.errors import OutsideError

LARGEST = 2**63 - 1
"""Redis counts no further."""
MOST_KNOWN = 10_000
"""Counters whose last sum is remembered for when Redis is away."""


class Counters:
    """Adds in Redis; while it is away, here, and hands the sum over when it is back.

    An addition that Redis did not answer in time is handed over again: it may then count twice,
    but never not at all. What Redis itself loses is not restored: it was the sum of everybody.
    """

    def __init__(self, *, store: CounterStore, is_shared: Callable[[], bool], clock: Clock) -> None:
        self._store = store
        self._sharing = Sharing(is_shared=is_shared, clock=clock)
        self._owed: dict[str, int] = {}
        self._ttl_s: dict[str, float | None] = {}
        self._known: OrderedDict[str, int] = OrderedDict()

    def attach(self, store: CounterStore) -> None:
        """Count in `store` from now on."""
        self._store = store
        self._known.clear()
        self._sharing.resume()

    @property
    def unsaved(self) -> int:
        """Counters of which Redis does not have everything yet."""
        return len(self._owed)

    async def add(self, name: str, amount: int = 1, ttl_s: float | None = None) -> int:
        """Add `amount` and return the sum, as far as it is known; a new one ends after `ttl_s`.

        Raises ValueError for a number that does not fit into 64 bits, and where `ttl_s` is not
        above 0. A counter stays for a year at most, or for good.
        """
        check_text(name)
        if abs(amount) > LARGEST:
            raise ValueError(f"{amount} cannot be added: it must fit into 64 bits")
        if ttl_s is not None:
            ttl_s = span_ms(ttl_s) / 1000
        self._owe(name, amount, ttl_s)
        await self._hand_over(name)
        return self._sum(name)

    async def read(self, name: str) -> int:
        """Return the number, as far as it is known; 0 where there is none."""
        if self._owed.get(name):
            await self._hand_over(name)
        elif self._sharing.is_on:
            try:
                self._know(name, await self._store.read(name))
            except OutsideError as error:
                self._sharing.note(error)
        return self._sum(name)

    async def restore(self) -> None:
        """Hand over what was counted here while Redis was away."""
        self._sharing.resume()
        for name in list(self._owed):
            await self._hand_over(name)

    async def _hand_over(self, name: str) -> None:
        """Give Redis what it is owed; what it did not take stays owed."""
        if not self._sharing.is_on or name not in self._owed:
            return
        amount, ttl_s = self._owed.pop(name), self._ttl_s.pop(name)
        try:
            self._know(name, await self._store.add(name, amount, ttl_s))
        except OutsideError as error:
            self._sharing.note(error)
            self._owe(name, amount, ttl_s)
        except asyncio.CancelledError:  # nobody knows what Redis did
            self._owe(name, amount, ttl_s)
            raise

    def _owe(self, name: str, amount: int, ttl_s: float | None) -> None:
        self._owed[name] = self._owed.get(name, 0) + amount
        self._ttl_s.setdefault(name, ttl_s)

    def _know(self, name: str, total: int) -> None:
        self._known[name] = total
        self._known.move_to_end(name)
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)

    def _sum(self, name: str) -> int:
        return self._known.get(name, 0) + self._owed.get(name, 0)
