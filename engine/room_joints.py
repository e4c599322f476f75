"""Where models of this application take leases of graphics memory, as every other program does."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Callable, Iterable, Mapping

from engine.errors import Overloaded, Rejected
from engine.gpu.cards import CardNow
from engine.gpu.estimate import CONTEXT_MIB, SPARE_SHARE, Load, estimate
from engine.gpu.lease_desk import LeaseDesk
from engine.gpu.lease_handle import LeaseHandle
from engine.gpu.lease_orders import MS_PER_S, LeaseOrder, priority_of
from engine.gpu.lease_views import LeasesSnapshot, LeaseView
from engine.gpu.leases import LeaseState
from engine.gpu.model_file import read_model
from engine.gpu.room import Room
from engine.gpu.settings import ResourceSettings
from engine.model_room import FileLoad, OwnStay, RoomCard, RoomWish, Stay, Tenant, UnsharedRoom

LEASE_S = 600.0
"""What others reckon with; it goes on for as long as the model stays."""
RENEW_S = 200.0
LOOK_S = 1.0
"""How often it is looked whether somebody waits for what an idle model holds."""
OF_FORMULAS = ("weights", "context", "working memory")
"""The terms of an estimate that peaks are compared with."""


class LeasedRoom:
    """The `ModelRoom` of whoever shares out the cards of this machine.

    settings: what counts now. Until `open()` room is given without a lease: a command that runs
    one engine alone has nobody who gives leases out. Used on the engines' loop.
    """

    def __init__(
        self,
        desk: LeaseDesk,
        *,
        cards: Callable[[], Iterable[CardNow]],
        settings: Callable[[], ResourceSettings],
    ) -> None:
        self._desk = desk
        self._cards = cards
        self._settings = settings
        self._is_open = False

    def open(self) -> None:
        """Take leases from now on: they are given out."""
        self._is_open = True

    async def hold(self, wish: RoomWish, tenant: Tenant) -> Stay:
        """Return a lease for `wish`; see `ModelRoom.hold`."""
        if not self._is_open:
            return await UnsharedRoom().hold(wish, tenant)
        told_mib = await self._told_mib(wish.needs)
        seen_share = await self._desk.seen_share(wish.model)
        share = 1 + SPARE_SHARE if seen_share is None else seen_share
        order = LeaseOrder(
            vram_mib=math.ceil(told_mib * share) + CONTEXT_MIB,
            priority=priority_of(wish.priority),
            duration_s=LEASE_S,
            name=wish.name,
            model=wish.model,
            pid=wish.pid,
            estimate_mib=told_mib,
        )
        try:
            async with asyncio.timeout(wish.patience_s):
                handle = await self._desk.allocate(order)
        except TimeoutError:
            raise Overloaded(
                f"no graphics card had {order.vram_mib} MiB free within {wish.patience_s:.0f} s: "
                "end a lease or a program on the GPU page"
            ) from None
        except Rejected:
            if self._desk.snapshot().rooms:
                raise
            # What nobody sees cannot be shared out: CUDA may know a card that NVML does not.
            return OwnStay()
        return LeasedStay(
            handle,
            tenant,
            card=self._card(handle),
            needed=self._needed_by,
            give_back=self._desk.release,
        )

    async def _told_mib(self, needs: int | FileLoad) -> int:
        if isinstance(needs, int):
            return needs
        shape = await asyncio.to_thread(read_model, needs.path)
        load = Load(context_tokens=needs.context_tokens, slots=needs.slots)
        return sum(term.mib for term in estimate(shape, load).terms if term.name in OF_FORMULAS)

    def _card(self, handle: LeaseHandle) -> RoomCard:
        known = {now.card.id: now.card for now in self._cards()}
        card = known.get(handle.card_ids[0])
        if card is None:
            return RoomCard(handle.card_ids[0], None, handle.environment)
        return RoomCard(card.name, card.pci_address, handle.environment)

    def _needed_by(self, handle: LeaseHandle, idle_s: float) -> str | None:
        """Return who waits for what the lease holds, where its model rests; else None."""
        settings = self._settings()
        if not settings.unload_idle_models or idle_s < settings.idle_after_s:
            return None
        view = handle.view
        return None if view is None else who_waits_for(view, self._desk.snapshot())


class LeasedStay:
    """A lease that lasts until it is released, or its tenant has left. Made on the engines' loop.

    needed: returns who waits for the room of a model that has been idle so long; None for nobody.
    give_back: ends the lease of an id.
    """

    def __init__(
        self,
        handle: LeaseHandle,
        tenant: Tenant,
        *,
        card: RoomCard,
        needed: Callable[[LeaseHandle, float], str | None],
        give_back: Callable[[str], object],
    ) -> None:
        self.card = card
        self._handle = handle
        self._tenant = tenant
        self._needed = needed
        self._loop = asyncio.get_running_loop()
        self._watch = asyncio.create_task(self._live(), name="room of a model")
        self._watch.add_done_callback(lambda _: give_back(handle.id))

    def release(self) -> None:
        """Give the room back. From any thread; may be called twice."""
        with contextlib.suppress(RuntimeError):  # the loop is closed, and the lease with it
            self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        self._watch.cancel()

    async def _live(self) -> None:
        await self._tenant.leave(await self._reason_to_leave())

    async def _reason_to_leave(self) -> str:
        renew_s = self._loop.time() + RENEW_S
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    return await self._handle.until_asked_to_leave()
            waiting = self._needed(self._handle, self._tenant.idle_s())
            if waiting is not None:
                return f"made room for {waiting}"
            if self._loop.time() >= renew_s:
                renew_s = self._loop.time() + RENEW_S
                with contextlib.suppress(Rejected):  # it was just asked to leave
                    await self._handle.renew(LEASE_S * MS_PER_S)


def who_waits_for(lease: LeaseView, leases: LeasesSnapshot) -> str | None:
    """Return the name of the first in the queue who could be served if `lease` ended; else None."""
    freed = dict.fromkeys(lease.card_ids, lease.vram_mib)
    for view in leases.queue:
        is_waiting = view.state is LeaseState.QUEUED and view.id != lease.id
        if is_waiting and _fits(view, leases.rooms, freed) and not _fits(view, leases.rooms, {}):
            return view.name
    return None


def _fits(view: LeaseView, rooms: Mapping[str, Room], freed: Mapping[str, int]) -> bool:
    """Tell whether enough cards would have room, models of servers that rest having left."""
    places = (
        room.free_mib + room.idle_mib + freed.get(card_id, 0) for card_id, room in rooms.items()
    )
    return sum(mib >= view.vram_mib for mib in places) >= view.cards
