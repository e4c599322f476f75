"""Where graphics memory is asked for, held and given back."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from uuid import uuid4
from weakref import WeakValueDictionary

from engine.errors import Overloaded, Refused, Rejected
from engine.gpu.asking import check
from engine.gpu.cards import CardNow
from engine.gpu.estimate import Load
from engine.gpu.lease_handle import LeaseHandle
from engine.gpu.lease_holding import Holding
from engine.gpu.lease_orders import LeaseOrder
from engine.gpu.lease_processes import Root, root_of
from engine.gpu.lease_rounds import LeaseRounds
from engine.gpu.lease_upkeep import LeaseUpkeep
from engine.gpu.lease_views import LeaseEvent, LeasesSnapshot, LeaseView
from engine.gpu.leases import Ending, LeaseRequest
from engine.gpu.model_file import read_model
from engine.gpu.outside import LeaseOutside
from engine.gpu.planning import Plan, plan
from engine.gpu.settings import ResourceSettings

MOST_OPEN = 1000
"""Leases and waiting requests at once: more are a program that asks in a loop."""
LARGEST_PID = 2**31 - 1
CLOSING = "this application is closing: ask again when it runs"


class LeaseDesk:
    """Leases for this process, by handles, and for others, by id. Used on the engines' loop.

    settings: what counts now; the margin, and when models rest, count from the start.
    """

    def __init__(self, *, settings: Callable[[], ResourceSettings], outside: LeaseOutside) -> None:
        self._outside = outside
        self._clock = outside.clock
        self._rounds = LeaseRounds(settings=settings, outside=outside)
        self._allocator, self._book = self._rounds.allocator, self._rounds.book
        self._feed, self._notes = self._rounds.feed, self._rounds.notes
        self._handles: WeakValueDictionary[str, LeaseHandle] = WeakValueDictionary()
        self._upkeep = LeaseUpkeep(
            rounds=self._rounds, processes=outside.processes, handles=self._handles.__contains__
        )
        self._thread: int | None = None
        self._me: Root | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closing = False

    async def open(self) -> None:
        """Begin to give out memory. Never raises: what goes wrong is told by the snapshot."""
        self._thread = threading.get_ident()
        self._me = await self._notes.open()
        for work in (self._rounds.run(), self._upkeep.run(), *self._rounds.neighbours.works()):
            self._tasks.add(asyncio.ensure_future(work))

    def stop_asking(self) -> None:
        """Take no more requests: who waits is refused, and streams of events end."""
        self._is_closing = True
        for holding in self._book:
            if not holding.is_held:
                self._rounds.end(holding, Ending.CANCELLED, CLOSING)
        self._book.events.close()

    async def aclose(self) -> None:
        """End what is held in this process, and who waits; others hold on. May be called twice."""
        self.stop_asking()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._rounds.aclose()
        for holding in self._book:
            if holding.is_ours and holding.is_held:
                self._rounds.end(holding, Ending.RELEASED, CLOSING)
        await self._rounds.neighbours.sharing.aclose()
        servers = self._outside.lending.servers
        if servers is not None:
            await servers.aclose()
        await self._notes.aclose()

    def see(self, cards: Sequence[CardNow]) -> None:
        """Take readings of some of the cards."""
        if not self._is_closing:
            self._feed.see(cards, self._clock.now())
            self._rounds.wake()

    # --- asking ---

    async def allocate(self, order: LeaseOrder) -> LeaseHandle:
        """Return a lease as soon as it is granted; whoever stops to wait gives up the request.

        Raises Rejected where it can never be, Overloaded where too many ask, Refused where it
        ended while it waited.
        """
        holding = await self._ask(order, is_ours=True)
        handle = self._handles[holding.request.id] = LeaseHandle(desk=self, holding=holding)
        try:
            await holding.settled.wait()
            await self._notes.written()
        except BaseException:
            self.release(holding.request.id)
            raise
        if holding.ending is Ending.REJECTED:
            raise Rejected(holding.reason or "", status=409, code="never_fits", param="vram_mib")
        if holding.ending is not None:
            raise Refused(holding.reason or "")
        return handle

    async def ask(self, order: LeaseOrder) -> LeaseView:
        """Let somebody outside wait for a lease, and return it as it stands after the first look.

        Raises as above; what can never be is an end that it tells of.
        """
        holding = await self._ask(order)
        try:
            await self._rounds.next_round()
            await self._notes.written()
        except asyncio.CancelledError:
            self.release(holding.request.id)  # nobody ever learns its id
            raise
        self._rounds.refresh()
        return self._shown(holding)

    async def wait(self, lease_id: str, wait_s: float) -> LeaseView | None:
        """Return the lease when it is granted or over, at the latest after `wait_s`.

        None where nothing is known of it.
        """
        holding = self._book.get(lease_id)
        if holding is not None and not holding.settled.is_set():
            holding.waiters += 1
            try:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        await holding.settled.wait()
                await self._notes.written()
            finally:
                holding.waiters -= 1
                holding.heard_s = self._clock.now()
        return self.view(lease_id)

    # --- what there is ---

    def view(self, lease_id: str) -> LeaseView | None:
        """Return a lease, also one that ended lately; None where nothing is known of it."""
        return self._book.view(lease_id)

    def snapshot(self) -> LeasesSnapshot:
        """Return all leases: on the engines' loop as they are, else as of the last 0.05 s."""
        if threading.get_ident() == self._thread:
            self._rounds.refresh()
        return self._book.shown

    def events(self) -> AsyncGenerator[LeaseEvent, None]:
        """Return all that becomes of leases from now on."""
        return self._book.events.listen()

    async def planned(self, path: Path, load: Load) -> Plan:
        """Return where the model in the file would fit now, by its header and what was seen of it.

        Raises Unreachable where there is no such file, Damaged where it is no whole one.
        """
        shape = await asyncio.to_thread(read_model, path)
        seen_share = await self.seen_share(shape.name)
        return plan(shape, load, self._feed.cards, self._rounds.rooms(), seen_share)

    async def seen_share(self, model: str) -> float | None:
        """Return the largest peak of a model over what the formulas said; None before it ran."""
        return await self._notes.seen_share(model)

    # --- holding ---

    def heartbeat(self, lease_id: str) -> LeaseView:
        """Take a sign of life of who holds a lease or waits for one.

        Raises Rejected: 404 where nothing is known of it, 409 where it is over.
        """
        holding = self._open_one(lease_id)
        holding.heard_s = self._clock.now()
        self._allocator.heartbeat(lease_id, holding.heard_s)
        return self._shown(holding)

    async def watch(self, lease_id: str, wait_s: float) -> LeaseView:
        """Return a lease when it was asked to leave or is over, at the latest after `wait_s`.

        Waiting for that is a sign of life. Raises as `heartbeat`.
        """
        view = self.heartbeat(lease_id)
        holding = self._book.get(lease_id)
        if holding is None or holding.leaving.is_set():
            return view
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await holding.leaving.wait()
        return self._shown(holding)

    def renew(self, lease_id: str, duration_s: float) -> LeaseView:
        """Let a lease last so long from now.

        Raises Rejected: 404 and 409 as `heartbeat`, 409 too where it waits or was asked to leave.
        """
        holding, now_s = self._open_one(lease_id), self._clock.now()
        check(replace(holding.request, duration_s=duration_s))
        if holding.leave_by_s is not None or not self._allocator.renew(lease_id, duration_s, now_s):
            raise Rejected(
                f"{holding.request.name} holds nothing that can be renewed: {holding.reason}"
                if holding.reason
                else f"{holding.request.name} still waits: there is nothing to renew",
                status=409,
                code="lease_not_renewable",
            )
        holding.expires_s, holding.heard_s = now_s + duration_s, now_s
        self._allocator.heartbeat(lease_id, now_s)
        self._notes.keep(holding)
        self._rounds.wake()
        return self._shown(holding)

    def release(self, lease_id: str) -> LeaseView | None:
        """End a lease, or the wait for one; None where nothing is known of it."""
        holding = self._book.get(lease_id)
        if holding is not None:
            ending = Ending.RELEASED if holding.is_held else Ending.CANCELLED
            words = "given back" if holding.is_held else "given up while it waited"
            self._rounds.end(holding, ending, f"{holding.request.name}: {words}")
        return self.view(lease_id)

    def ask_to_leave(self, lease_id: str, reason: str) -> LeaseView | None:
        """Ask a holder to free the memory within the grace; None where nothing is known of it."""
        holding = self._book.get(lease_id)
        if holding is not None and not holding.is_held:
            return self.release(lease_id)
        if holding is not None:
            self._rounds.ask_to_leave(holding, reason)
        return self.view(lease_id)

    # --- inside ---

    async def _ask(self, order: LeaseOrder, *, is_ours: bool = False) -> Holding:
        if self._is_closing:
            raise Refused(CLOSING)
        if len(self._book) >= MOST_OPEN:
            raise Overloaded(f"{MOST_OPEN} leases are held or waited for: release some")
        root = await self._root(order.pid, is_ours=is_ours)
        request = LeaseRequest(
            id=uuid4().hex,
            name=order.name,
            vram_mib=order.vram_mib,
            priority=order.priority,
            duration_s=order.duration_s,
            asked_s=self._clock.now(),
            cards=order.cards,
            model=order.model,
            is_preemptible=order.is_preemptible,
            pid=None if root is None else root.pid,
        )
        self._allocator.ask(request)
        holding = Holding(request, root, order.estimate_mib, is_ours, heard_s=request.asked_s)
        self._book.add(holding)
        self._rounds.wake()
        return holding

    async def _root(self, pid: int | None, *, is_ours: bool) -> Root | None:
        if pid is None:
            return self._me if is_ours else None
        is_one = not isinstance(pid, bool) and 0 < pid <= LARGEST_PID
        root = await asyncio.to_thread(root_of, self._outside.processes, pid) if is_one else None
        if root is None:
            raise Rejected(
                f"pid is {pid}: there is no such process on this machine; leave it out where the "
                "process runs elsewhere, or in a container",
                param="pid",
                code="no_such_process",
            )
        return root

    def _open_one(self, lease_id: str) -> Holding:
        holding = self._book.get(lease_id)
        if holding is not None:
            return holding
        view = self._book.view(lease_id)
        if view is None:
            raise Rejected(
                "there is no such lease: it ended long ago, or never was",
                status=404,
                code="no_such_lease",
            )
        raise Rejected(f"the lease is over: {view.reason}", status=409, code="lease_over")

    def _shown(self, holding: Holding) -> LeaseView:
        return self._book.view(holding.request.id) or holding.view(None)
