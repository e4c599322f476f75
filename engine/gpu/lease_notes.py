"""Writes leases, and what models took, to the disk; rounds never wait for it, who asked does."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

from engine.clock import Clock
from engine.errors import OutsideError
from engine.gpu.estimate import CONTEXT_MIB
from engine.gpu.lease_holding import Holding
from engine.gpu.lease_journal import SCHEMA, KeptLease, LeaseJournal
from engine.gpu.lease_processes import Root, is_alive, root_of
from engine.gpu.leases import Lease, LeaseState
from engine.gpu.peaks import SCHEMA as PEAKS_SCHEMA
from engine.gpu.peaks import Peak, Peaks
from engine.gpu.ports import ProcessBook
from engine.storage import Database

_log = logging.getLogger(__name__)

GPU_FILE = "gpu.sqlite"
LONGEST_WRITE_S = 2.0
"""A disk that takes longer hangs, and nobody waits for it."""
MIGRATIONS = (PEAKS_SCHEMA, SCHEMA)
"""Of the file with leases and peaks."""

SOMEBODY_ELSES = (
    "Another process of this application ({pid}) gives out the graphics memory: leases that are "
    "held here are not known there. Close one of the two."
)


class LeaseNotes:
    """The disk side of leases. Without a database nothing outlives the application."""

    def __init__(self, *, database: Database | None, book: ProcessBook, clock: Clock) -> None:
        self._database = database
        self._book = book
        self._clock = clock
        self._journal: LeaseJournal | None = None
        self._peaks = None if database is None else Peaks(database)
        self._me: Root | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.problem: str | None = None
        """Why leases are not written down, and what helps."""

    async def open(self) -> Root | None:
        """Open the file and become its keeper; return this process, None where it hides."""
        self._me = await asyncio.to_thread(root_of, self._book, os.getpid())
        if self._database is None:
            return self._me
        try:
            await self._database.open()
            await self._claim(self._database)
        except OutsideError as error:
            self.problem = str(error)
        return self._me

    async def aclose(self) -> None:
        """Finish what is being written, and close the file. May be called twice."""
        while self._tasks:
            await asyncio.wait(self._tasks)
        if self._journal is not None and self._me is not None:
            journal, self._journal = self._journal, None
            await self._attempt(journal.give_up(self._me))
        if self._database is not None:
            await self._database.aclose()

    async def load(self) -> tuple[KeptLease, ...]:
        """Return the leases that were held when the application ended."""
        if self._journal is None:
            return ()
        try:
            return await self._journal.load()
        except OutsideError as error:
            self.problem = str(error)
            return ()

    async def still_alive(self, roots: frozenset[Root]) -> frozenset[Root]:
        """Return those of `roots` whose process lives."""
        return await asyncio.to_thread(
            lambda: frozenset(root for root in roots if is_alive(self._book, root))
        )

    async def seen_share(self, model: str) -> float | None:
        """Return what was seen of `model`, see `Peaks.share`; None where nothing is known."""
        if self._peaks is None:
            return None
        try:
            return await self._peaks.share(model)
        except OutsideError:
            return None

    def keep(self, holding: Holding) -> None:
        """Write down, soon, that the lease is held."""
        if self._journal is not None:
            self._spawn(self._journal.keep(self._kept(holding)))

    async def written(self) -> None:
        """Return when all that was noted is on the disk: what was promised outlives a crash."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=LONGEST_WRITE_S)

    def forget(self, holding: Holding) -> None:
        """Write down, soon, that the lease is over, and what its model took at most."""
        if self._journal is not None and holding.granted_s is not None:
            self._spawn(self._journal.forget(holding.request.id))
        model, told_mib = holding.request.model, holding.estimate_mib
        peak_mib = (holding.peak_mib or 0) - CONTEXT_MIB
        if self._peaks is not None and model and told_mib and peak_mib > 0:
            peak = Peak(model, told_mib, peak_mib, self._clock.wall())
            self._spawn(self._peaks.note(peak))

    def restored(self, kept: KeptLease, now_s: float) -> Lease:
        """Return what was written down as a lease that goes on now."""
        wall = self._clock.wall()
        return Lease(
            request=kept.request,
            state=LeaseState.ACTIVE,
            card_ids=kept.card_ids,
            granted_s=now_s - (wall - kept.granted_at).total_seconds(),
            expires_s=now_s + (kept.expires_at - wall).total_seconds(),
            heard_s=now_s,
        )

    def _kept(self, holding: Holding) -> KeptLease:
        now_s, wall = self._clock.now(), self._clock.wall()

        def at(moment_s: float | None) -> timedelta:
            return timedelta(seconds=0 if moment_s is None else moment_s - now_s)

        return KeptLease(
            request=holding.request,
            root=holding.root,
            estimate_mib=holding.estimate_mib,
            card_ids=holding.card_ids,
            granted_at=wall + at(holding.granted_s),
            expires_at=wall + at(holding.expires_s),
        )

    async def _claim(self, database: Database) -> None:
        if self._me is None:
            return
        journal = LeaseJournal(database)
        other = await journal.claim(self._me, lambda root: is_alive(self._book, root))
        if other is None:
            self._journal = journal
        else:
            self.problem = SOMEBODY_ELSES.format(pid=other.pid)

    def _spawn(self, work: Coroutine[Any, Any, object]) -> None:
        # Tasks begin in the order in which they are made, and the database has one thread.
        task = asyncio.ensure_future(self._attempt(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _attempt(self, work: Coroutine[Any, Any, object]) -> None:
        try:
            await work
        except OutsideError as error:
            _log.warning("a lease could not be written down: %s", error)
            self.problem = f"Leases are not written down: {error}"
