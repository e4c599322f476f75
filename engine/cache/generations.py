"""Which generation each namespace is in, and how it is purged: by counting up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from typing import Protocol

from engine.cache.keys import GENERATIONS, Key, generation_key, namespace_of, prefix_of
from engine.cache.ports import Put, Raise, Write
from engine.errors import OutsideError

NEVER_MS = 10 * 365 * 24 * 3_600_000
"""A generation outlives everything that was stored in it."""
MOST_DIGITS = 18
"""Redis counts no further."""


class Questions(Protocol):
    """The part of the second tier that is needed here."""

    def read(self, key: bytes) -> Awaitable[bytes | None]:
        """Return what lies under `key`. Raises OutsideError."""
        ...

    def write(self, write: Write) -> Awaitable[int]:
        """Do `write` and return its number. Raises OutsideError."""
        ...


class Generations:
    """The generations of the namespaces used here.

    Redis holds the true number. While it is away the last one known is used, or 0, and a purge
    counts on from there; it is made up for when Redis is back.
    """

    def __init__(self, second: Questions | None) -> None:
        self._second = second
        self._heads: dict[str, bytes] = {}
        """What keys begin with, of namespaces whose generation is certain."""
        self._last: dict[str, int] = {}
        self._owed: dict[str, int] = {}
        """Purges that Redis has not counted yet."""
        self._turn = asyncio.Lock()
        """Two that count the same purges would count them twice."""
        self._heard = 0
        """How often others may have purged."""

    def physical(self, key: Key) -> bytes | None:
        """Return what `key` is called in Redis now; None where that must be found out first."""
        head = self._heads.get(key.namespace)
        return None if head is None else head + key.tail

    async def find(self, key: Key) -> bytes | None:
        """Return what `key` is called, asking Redis for the generation; None without an answer."""
        namespace = key.namespace
        if self._second is None:
            self._settle(namespace, self._last.get(namespace, 0))
        elif namespace not in self._owed:
            heard = self._heard
            try:
                found = await self._second.read(generation_key(namespace))
            except OutsideError:
                return None
            await self._adopt(self._second, namespace, found)
            if heard != self._heard:  # it may be the number of before: the next one asks again
                self._heads.pop(namespace, None)
        return self.guess(key)

    def guess(self, key: Key) -> bytes:
        """Return what `key` is called as far as is known, without asking."""
        return prefix_of(key.namespace, self.known(key.namespace)) + key.tail

    def known(self, namespace: str) -> int:
        """Return the last generation known of `namespace`."""
        return self._last.get(namespace, 0)

    def names(self) -> list[str]:
        """Return the namespaces used here, sorted."""
        return sorted(self._last)

    async def purge(self, namespace: str) -> int:
        """Begin the next generation of `namespace`; return the one before."""
        before = self.known(namespace)
        # At once: nobody here may read an old value while Redis counts.
        self._settle(namespace, before + 1)
        if self._second is not None:
            self._owed[namespace] = self._owed.get(namespace, 0) + 1
            await self._count(namespace)
        return before

    def take_debts(self, before: Generations) -> None:
        """Owe Redis the purges that `before`, on another connection, still owed it."""
        for namespace, owed in before._owed.items():
            self._owed[namespace] = owed
            self._last[namespace] = before.known(namespace)

    def owed(self) -> list[str]:
        """Return the namespaces of which Redis has not counted every purge, sorted."""
        return sorted(self._owed)

    async def settle_debts(self) -> None:
        """Let Redis count the purges that it missed."""
        for namespace in list(self._owed):
            await self._count(namespace)

    def invalidated(self, keys: Sequence[bytes] | None) -> None:
        """Note that others have purged: the number is asked for again. None: any may have."""
        if keys is None:
            self._heard += 1
            self._heads.clear()
            return
        for key in keys:
            if key.startswith(GENERATIONS):
                self._heard += 1
                self._heads.pop(namespace_of(key), None)

    async def _adopt(self, second: Questions, namespace: str, found: bytes | None) -> None:
        """Use the number that Redis has; one that it lost with its data is given back to it."""
        if namespace in self._owed:  # purged while Redis answered
            return
        number, known = _number(found), self.known(namespace)
        if number >= known:
            self._settle(namespace, number)
            return
        self._settle(namespace, known)
        if found is None:
            put = Put(generation_key(namespace), b"%d" % known, NEVER_MS, "absent")
            with suppress(OutsideError):
                await second.write(put)
        else:
            self._owed[namespace] = known - number
            await self._count(namespace)

    async def _count(self, namespace: str) -> None:
        assert self._second is not None
        async with self._turn:
            number = self.known(namespace)
            while owed := self._owed.get(namespace):
                try:
                    number = await self._second.write(Raise(generation_key(namespace), owed))
                except OutsideError:
                    # The number here is a guess until Redis has counted.
                    self._heads.pop(namespace, None)
                    return
                # A Redis that lost its data counts up to where everybody was, too.
                behind = self.known(namespace) - number
                self._owed[namespace] = max(self._owed[namespace] - owed, behind)
            if self._owed.pop(namespace, None) is not None:
                self._settle(namespace, number)

    def _settle(self, namespace: str, generation: int) -> None:
        self._last[namespace] = generation
        self._heads[namespace] = prefix_of(namespace, generation)


def _number(stored: bytes | None) -> int:
    """Return the number in `stored`; 0 where somebody put something else there."""
    is_number = stored is not None and stored.isdigit() and len(stored) <= MOST_DIGITS
    return int(stored) if stored is not None and is_number else 0
