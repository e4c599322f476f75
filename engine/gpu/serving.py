"""One round: who waits is served as far as there is room, and room is made for the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.gpu.asking import impossible
from engine.gpu.guests import Guest, Guests
from engine.gpu.holders import Holders
from engine.gpu.leases import (
    Decision,
    End,
    Ending,
    Grant,
    IdleModel,
    Lease,
    LeaseRequest,
    LeaseState,
    Preempt,
    Unload,
)
from engine.gpu.ledger import Ledger, Pending
from engine.gpu.placement import Place, to_unload
from engine.gpu.ports import Policy
from engine.gpu.queueing import WaitingLine
from engine.gpu.timeline import Timeline, timeline_of

MAKING_ROOM_LIMIT_S = 8.0
"""An unload takes up to 5 s to be seen; a place that is not free by then goes to the line again."""

LEAVING_LIMIT_S = 60.0
"""The same where holders were asked to leave: the grace they have, and then some. Who has not
left by then is not reckoned with any more."""

LEAST_SAVED_S = 10.0
"""Nobody is asked to leave for somebody whose turn comes as soon anyway."""


class Serving:
    """Serves the line; keeps the places that are being made free."""

    def __init__(
        self, *, policy: Policy, ledger: Ledger, holders: Holders, line: WaitingLine
    ) -> None:
        self._policy = policy
        self._ledger = ledger
        self._holders = holders
        self._line = line
        self.pending: dict[str, Pending] = {}
        self.guests = Guests(policy=policy, ledger=ledger)
        self._decisions: list[Decision] = []

    def serve(self, now_s: float) -> list[Decision]:
        """Return what must be done now, in this order."""
        self._decisions = []
        guests: Sequence[tuple[float, Guest]] = ()
        if self.guests:
            guests = self.guests.begin(now_s, somebody_waits=len(self._line) > 0)
        if self.pending:
            self._finish_pending(now_s)
        self._give_way_to_foreign(now_s)
        if self._line or guests:
            self._serve_line(self._line.beside(guests), now_s)
        if guests:
            self.guests.end()
        return self._decisions

    def places(self) -> list[Lease]:
        """Return the places that are kept, for those that wait here and for guests."""
        return [*(each.lease for each in self.pending.values()), *self.guests.leases()]

    def drop_pending(self, request_id: str) -> Pending | None:
        """Take a place back from a request; None where it has none."""
        pending = self.pending.pop(request_id, None)
        if pending is not None:
            self._ledger.let_go(pending)
        return pending

    def requeue_from(self, card_ids: set[str]) -> None:
        """Let those wait again who had a place on cards that are gone."""
        for pending in list(self.pending.values()):
            if not card_ids.isdisjoint(pending.lease.card_ids):
                self._requeue(pending)

    # --- places that are being made free ---

    def _finish_pending(self, now_s: float) -> None:
        for pending in list(self.pending.values()):
            request, card_ids = pending.lease.request, pending.lease.card_ids
            self.drop_pending(request.id)
            if self._ledger.has_room_now(request, card_ids, now_s):
                self._grant(request, card_ids, now_s)
                continue
            if pending.leaving and not any(map(self._holders.get, pending.leaving)):
                # All have left: what is still in use is on its way back, or another program's.
                pending = replace(pending, since_s=now_s, leaving=())
            limit_s = LEAVING_LIMIT_S if pending.leaving else MAKING_ROOM_LIMIT_S
            if now_s - pending.since_s < limit_s:
                self._ledger.hold(pending)
                self.pending[request.id] = pending
                continue
            for lease in filter(None, map(self._holders.get, pending.leaving)):
                self._ledger.stay(lease)
            self._line.add(request, self._policy.order(request, self._ledger.total_mib))

    def _requeue(self, pending: Pending) -> None:
        request = pending.lease.request
        self.drop_pending(request.id)
        self._line.add(request, self._policy.order(request, self._ledger.total_mib))

    # --- foreign programs ---

    def _give_way_to_foreign(self, now_s: float) -> None:
        """Idle models leave first; where the card itself runs full, holders are asked to."""
        for room in self._ledger.rooms.values():
            if room.idle:
                missing_mib = room.foreign.reserve_mib(now_s) - room.available_mib + room.idle_mib
                for model in to_unload(room.idle, missing_mib, now_s):
                    self._unload(model, None, now_s)
            if room.overfull_mib > 0:
                active = self._active_on(room.card_id)
                who = self._policy.make_way(active, room.overfull_mib, now_s)
                for lease in who.leases if who else ():
                    self._ask_to_leave(lease, None)

    # --- the line ---

    def _serve_line(self, line: Sequence[tuple[LeaseRequest, Guest | None]], now_s: float) -> None:
        timeline: Timeline | None = None
        reserved = 0
        for request, guest in line:
            if self._is_hopeless(request, guest):
                continue
            chosen = self._chosen(request, guest, timeline, now_s)
            if chosen:
                self._promise(request, chosen, now_s, guest=guest)
                if timeline is not None:
                    ids = [place.card_id for place in chosen]
                    timeline.reserve(request, ids, now_s, now_s + request.duration_s)
                continue
            if reserved >= self._policy.reservations:
                continue
            if reserved == 0:
                timeline = timeline_of(self._ledger, [*self._holders, *self.places()], now_s)
            assert timeline is not None
            cards = timeline if guest is None else timeline.only(guest.card_ids)
            turn = cards.earliest(request)
            if reserved == 0 and guest is None and self._has_preempted(request, turn, now_s):
                timeline = None
                continue
            reserved += 1
            if turn is not None:
                start_s, card_ids = turn
                timeline.reserve(request, card_ids, start_s, start_s + request.duration_s)

    def _is_hopeless(self, request: LeaseRequest, guest: Guest | None) -> bool:
        """Tell whether it can never be met; who asks here is then told."""
        largest_mib = self._ledger.largest_mib
        if guest is not None:  # on other cards its host has to see to it alone
            largest_mib = {each: largest_mib.get(each, 0) for each in guest.card_ids}
        reason = impossible(request, largest_mib)
        if reason is None:
            return False
        if guest is None:
            self._line.remove(request.id)
            self._decisions.append(End(request.id, Ending.REJECTED, reason))
        return True

    def _chosen(
        self, request: LeaseRequest, guest: Guest | None, timeline: Timeline | None, now_s: float
    ) -> Sequence[Place] | None:
        """Return where `request` may begin now. A guest that would overtake sees to it itself."""
        if guest is not None and timeline is not None:
            return None
        places = self._ledger.places(request, now_s)
        if guest is not None:
            places = [place for place in places if place.card_id in guest.card_ids]
        elif timeline is not None:
            places = self._without_delay(request, places, timeline, now_s)
        return self._policy.place(request, places)

    def _without_delay(
        self, request: LeaseRequest, places: Sequence[Place], timeline: Timeline, now_s: float
    ) -> list[Place]:
        until_s = now_s + request.duration_s
        return [
            place
            for place in places
            if self._policy.may_backfill(
                request, delays=not timeline.may_start(request, place.card_id, until_s)
            )
        ]

    def _promise(
        self,
        request: LeaseRequest,
        places: Sequence[Place],
        now_s: float,
        *,
        leaving: Sequence[str] = (),
        guest: Guest | None = None,
    ) -> None:
        """Give the places now if they are empty; else let idle models unload, and keep them."""
        self._line.remove(request.id)
        card_ids = tuple(place.card_id for place in places)
        if guest is not None:
            self._make_room(request, card_ids, now_s)
            self.guests.keep(guest, card_ids, now_s)
            return
        if not leaving and self._ledger.has_room_now(request, card_ids, now_s):
            self._grant(request, card_ids, now_s)
            return
        warm = self._make_room(request, card_ids, now_s)
        lease = Lease(request=request, state=LeaseState.PENDING, card_ids=card_ids)
        pending = Pending(lease, now_s, tuple(warm), tuple(leaving))
        self._ledger.hold(pending)
        self.pending[request.id] = pending

    def _make_room(
        self, request: LeaseRequest, card_ids: Sequence[str], now_s: float
    ) -> list[IdleModel]:
        """Let idle models unload; return those that are to be taken over."""
        warm = []
        for room in (self._ledger.rooms[card_id] for card_id in card_ids):
            kept = room.warm(request.model)
            free_mib = room.available_mib - room.idle_mib - room.kept_mib
            kept_mib = kept.used_mib if kept else 0
            for model in to_unload(room.idle, request.vram_mib - free_mib - kept_mib, now_s, kept):
                self._unload(model, request.id, now_s)
            if kept is not None:
                warm.append(kept)
        return warm

    def _grant(self, request: LeaseRequest, card_ids: tuple[str, ...], now_s: float) -> None:
        lease = Lease(
            request=request,
            state=LeaseState.ACTIVE,
            card_ids=card_ids,
            granted_s=now_s,
            expires_s=now_s + request.duration_s,
            heard_s=now_s,
        )
        self._ledger.grant(lease, now_s)
        self._holders.put(lease, now_s)
        self._decisions.append(Grant(request.id, card_ids))

    def _unload(self, model: IdleModel, for_id: str | None, now_s: float) -> None:
        self._ledger.unload(model, now_s)
        self._decisions.append(Unload(model, for_id))

    # --- preemption ---

    def _has_preempted(
        self, request: LeaseRequest, turn: tuple[float, list[str]] | None, now_s: float
    ) -> bool:
        if turn is not None and turn[0] - now_s < LEAST_SAVED_S:
            return False
        found: list[tuple[float, Place, tuple[Lease, ...]]] = []
        for room in self._ledger.rooms.values():
            if room.is_shut:
                continue
            available_mib = room.available_to(request.vram_mib, now_s)
            warm = room.warm(request.model)
            place = Place(room.card_id, available_mib, room.idle_mib, warm.used_mib if warm else 0)
            missing_mib = request.vram_mib - available_mib
            if missing_mib <= 0:
                found.append((0.0, place, ()))
                continue
            active = self._active_on(room.card_id)
            who = self._policy.victims(request, active, missing_mib, now_s)
            if who is not None:
                found.append((who.cost, place, who.leases))
        if len(found) < request.cards:
            return False
        found.sort(key=lambda each: (each[0], each[1].card_id))
        chosen = found[: request.cards]
        leaving = {lease.request.id: lease for _, _, leases in chosen for lease in leases}
        for lease in leaving.values():
            self._ask_to_leave(lease, request)
        places = [place for _, place, _ in chosen]
        self._promise(request, places, now_s, leaving=tuple(leaving))
        return True

    def _active_on(self, card_id: str) -> list[Lease]:
        held = self._holders.on(card_id)
        return [lease for lease in held if lease.state is LeaseState.ACTIVE]

    def _ask_to_leave(self, lease: Lease, request: LeaseRequest | None) -> None:
        self._ledger.ask_to_leave(lease)
        for_whom = "a program that holds no lease" if request is None else request.name
        self._holders.ask_to_leave(lease.request.id, f"asked to leave for {for_whom}")
        for_id = None if request is None else request.id
        self._decisions.append(Preempt(lease.request.id, for_id))
