"""The right to do something alone, across processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count

from engine.cache.notes import Notes
from engine.cache.ports import LeaseStore
from engine.cache.unix_time import span_ms
from engine.clock import Clock
from engine.errors import OutsideError

Pause = Callable[[float], Awaitable[None]]
"""Waits for seconds."""
RENEWALS = 3
"""A lease is renewed this often within its time, so that one lost answer does no harm."""


class Lease:
    """One right, as long as `is_held`. Hand `token` to what you change: the larger one is right."""

    def __init__(self, *, name: str, token: int, holder: str, ends_s: float, clock: Clock) -> None:
        self.name = name
        self.token = token
        self.holder = holder
        self.ends_s = ends_s
        """Clock time; counted from before the question, so never later than in Redis."""
        self._clock = clock

    @property
    def is_held(self) -> bool:
        """True until it ended without being renewed, was lost or given back."""
        return self._clock.now() < self.ends_s

    def end(self) -> None:
        """It is not held any more."""
        self.ends_s = self._clock.now()


class Leases:
    """Gives leases, and fails closed: where Redis does not answer, nobody gets one.

    holder: a random word of this process. Every lease has a holder of its own made of it, so two
    tasks of one process exclude each other as two processes do.
    """

    def __init__(
        self, *, store: LeaseStore, holder: str, clock: Clock, pause: Pause = asyncio.sleep
    ) -> None:
        self._store = store
        self._holder = holder
        self._clock = clock
        self._pause = pause
        self._numbers = count(1)
        self.is_shared = False
        """Whether other processes are asked; else leases are of this one alone."""

    def attach(self, store: LeaseStore, *, is_shared: bool = False) -> None:
        """Ask `store` from now on; a lease that is held is lost at its next renewal."""
        self._store, self.is_shared = store, is_shared

    async def acquire(self, name: str, ttl_s: float) -> Lease | None:
        """Return a lease for `ttl_s`, or None: somebody has it, or nobody can tell.

        A year at most. Raises ValueError where `ttl_s` is not above 0.
        """
        ttl_s = span_ms(ttl_s) / 1000
        holder = f"{self._holder}:{next(self._numbers)}"
        asked_s = self._clock.now()
        try:
            token = await self._store.acquire(name, holder, ttl_s)
        except OutsideError:
            return None
        if token is None:
            return None
        ends_s = asked_s + ttl_s
        return Lease(name=name, token=token, holder=holder, ends_s=ends_s, clock=self._clock)

    async def renew(self, lease: Lease, ttl_s: float) -> bool:
        """Let it last `ttl_s` from now and return whether it is still held.

        Where Redis does not answer, it is held until the end that was known before.
        """
        ttl_s = span_ms(ttl_s) / 1000
        asked_s = self._clock.now()
        if not lease.is_held:
            return False
        try:
            is_ours = await self._store.renew(lease.name, lease.holder, ttl_s)
        except OutsideError:
            return lease.is_held
        if is_ours:
            lease.ends_s = asked_s + ttl_s
        else:
            lease.end()
        return lease.is_held

    async def release(self, lease: Lease) -> bool:
        """Give it back and return whether it was still there; otherwise it ends by itself."""
        lease.end()
        try:
            return await self._store.release(lease.name, lease.holder)
        except OutsideError:
            return False

    async def note(self, lease: Lease, field: str, value: bytes, ttl_s: float) -> bool:
        """Write `value` under `field` for `ttl_s`, b"" for nothing, where later holders read it.

        False, and nothing is written, where the lease is not held any more. Raises OutsideError
        where Redis does not answer: nobody knows then whether it was written.
        """
        ttl_s = span_ms(ttl_s) / 1000
        return await self._store.note(lease.name, lease.holder, field, value, ttl_s)

    async def repeat(self, name: str, field: str, value: bytes, ttl_s: float) -> None:
        """Write a note again that was written under a lease, or a smaller claim; raises as that."""
        await self._store.note(name, "", field, value, span_ms(ttl_s) / 1000)

    async def notes(self, name: str) -> Notes:
        """Return what holders of a lease wrote down. Raises OutsideError."""
        return await self._store.notes(name)

    @asynccontextmanager
    async def hold(self, name: str, ttl_s: float) -> AsyncIterator[Lease | None]:
        """Hold a lease, renewed as long as the block runs; None as in `acquire()`.

        Ask `is_held` before each step that nobody else may do: Redis can go away meanwhile.
        """
        lease = await self.acquire(name, ttl_s)
        if lease is None:
            yield None
            return
        renewing = asyncio.create_task(self._keep(lease, ttl_s), name=f"lease {name}")
        try:
            yield lease
        finally:
            renewing.cancel()
            await asyncio.wait([renewing])
            await self.release(lease)

    async def _keep(self, lease: Lease, ttl_s: float) -> None:
        while lease.is_held:
            await self._pause(ttl_s / RENEWALS)
            await self.renew(lease, ttl_s)
