"""The accounts of all cards, and what a lease's life changes in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.gpu.leases import IdleModel, Lease, LeaseRequest, LeaseState
from engine.gpu.placement import Place
from engine.gpu.room import CardRoom, Returning


@dataclass(frozen=True, slots=True)
class Pending:
    """A place that is being made free."""

    lease: Lease
    since_s: float
    warm: tuple[IdleModel, ...] = ()
    """Loaded instances of its model, which wait to be taken over."""
    leaving: tuple[str, ...] = ()
    """Ids of the leases that were asked to leave for it."""


class Ledger:
    """Every change goes through here, so that no memory is counted twice or not at all."""

    def __init__(self) -> None:
        self.rooms: dict[str, CardRoom] = {}
        self.total_mib = 0
        self.largest_mib: dict[str, int] = {}
        """The largest lease that could ever fit on each card."""
        self.silent: frozenset[str] = frozenset()
        """Cards whose driver does not answer: nothing is granted there meanwhile."""
        self._staying: set[str] = set()

    def gone(self, capacities: Mapping[str, int]) -> set[str]:
        """Return the ids of cards that are not among these any more.

        A card whose capacity changed is another card.
        """
        return {
            card_id
            for card_id, room in self.rooms.items()
            if capacities.get(card_id) != room.capacity_mib
        }

    def set_cards(self, capacities: Mapping[str, int], margin_share: float) -> None:
        """Know these cards and no others. Nothing may be promised of those that are gone."""
        for card_id in self.gone(capacities):
            del self.rooms[card_id]
        for card_id, capacity_mib in capacities.items():
            if card_id not in self.rooms:
                self.rooms[card_id] = CardRoom(
                    card_id=card_id, capacity_mib=capacity_mib, margin_share=margin_share
                )
        self.total_mib = sum(capacities.values())
        self.largest_mib = {card_id: room.largest_mib for card_id, room in self.rooms.items()}

    def places(self, request: LeaseRequest, now_s: float) -> list[Place]:
        """Return the cards that have room for `request`, if idle models unload."""
        places = []
        for room in self.rooms.values():
            if room.card_id in self.silent:
                continue
            available_mib = room.available_to(request.vram_mib, now_s)
            if available_mib >= request.vram_mib and not room.is_shut:
                warm = room.warm(request.model)
                warm_mib = warm.used_mib if warm else 0
                places.append(Place(room.card_id, available_mib, room.idle_mib, warm_mib))
        return places

    def grant(self, lease: Lease, now_s: float) -> None:
        """Count a lease; an idle instance of its model is taken over."""
        for card_id in lease.card_ids:
            room = self.rooms[card_id]
            warm = room.warm(lease.request.model)
            if warm is not None:
                room.take_idle(warm)
            room.grant(lease.request.vram_mib, now_s)

    def has_room_now(self, request: LeaseRequest, card_ids: Sequence[str], now_s: float) -> bool:
        """Tell whether so much is empty on each card, or held by an instance to take over."""
        if not self.silent.isdisjoint(card_ids):
            return False
        for card_id in card_ids:
            room = self.rooms[card_id]
            warm = room.warm(request.model)
            if room.is_shut or room.is_unsure(now_s):
                return False
            if room.empty_mib + (warm.used_mib if warm else 0) < request.vram_mib:
                return False
        return True

    def hold(self, pending: Pending) -> None:
        """Promise room to a request that has to wait until it is empty."""
        for model in pending.warm:
            self.rooms[model.card_id].keep(model)
        for card_id in pending.lease.card_ids:
            self.rooms[card_id].pending_mib += pending.lease.request.vram_mib

    def let_go(self, pending: Pending) -> None:
        """Take such a promise back, because it is kept or cannot be."""
        for model in pending.warm:
            if model.card_id in self.rooms:
                self.rooms[model.card_id].stop_keeping(model)
        for card_id in pending.lease.card_ids:
            if card_id in self.rooms:
                self.rooms[card_id].pending_mib -= pending.lease.request.vram_mib

    def unload(self, model: IdleModel, now_s: float) -> None:
        """Count an idle model as on its way out."""
        room = self.rooms[model.card_id]
        room.take_idle(model)
        room.give_back(Returning(model.used_mib, now_s, model))

    def ask_to_leave(self, lease: Lease) -> None:
        """Count a lease as leaving: its memory is used, and may be promised to others."""
        for card_id in lease.card_ids:
            self.rooms[card_id].leased_mib -= lease.request.vram_mib
            self.rooms[card_id].leaving_mib += lease.request.vram_mib

    def stay(self, lease: Lease) -> None:
        """Count a lease that was asked to leave, and does not, as held: nobody can have it."""
        if lease.request.id in self._staying:
            return
        self._staying.add(lease.request.id)
        for card_id in lease.card_ids:
            self.rooms[card_id].leased_mib += lease.request.vram_mib
            self.rooms[card_id].leaving_mib -= lease.request.vram_mib

    def give_back(self, lease: Lease, now_s: float, keeps: Sequence[IdleModel] = ()) -> None:
        """End a lease; its memory counts until it is seen free, or becomes an idle model's."""
        kept = {model.card_id: model for model in keeps if model.card_id in lease.card_ids}
        draining = replace(lease, state=LeaseState.DRAINING)
        self.end(lease)
        for card_id in lease.card_ids:
            room = self.rooms.get(card_id)
            if room is None:
                continue
            if card_id in kept:
                room.add_idle(kept[card_id])
                continue
            if lease.state is not LeaseState.DRAINING:
                room.doubt()
            room.give_back(Returning(lease.request.vram_mib, now_s, draining))

    def end(self, lease: Lease) -> None:
        """Count a lease no more: its memory is free."""
        is_leaving = lease.state is LeaseState.DRAINING and lease.request.id not in self._staying
        self._staying.discard(lease.request.id)
        for card_id in lease.card_ids:
            room = self.rooms.get(card_id)
            if room is None:
                continue
            if is_leaving:
                room.leaving_mib -= lease.request.vram_mib
            else:
                room.leased_mib -= lease.request.vram_mib

    def settle(self, now_s: float) -> bool:
        """Stop to wait for memory that does not come back; tell whether anything changed."""
        changed = False
        for room in self.rooms.values():
            if room.returning:
                changed = room.settle(now_s) or changed
        return changed

    def see(self, card_id: str, used_mib: int, now_s: float, beyond_promise: Sequence[int]) -> bool:
        """Take a reading; tell whether there is another room than before."""
        room = self.rooms.get(card_id)
        if room is None:
            return False
        before = room.available_mib, room.empty_mib, room.is_unsure(now_s)
        room.see(used_mib, now_s, beyond_promise)
        return before != (room.available_mib, room.empty_mib, False)

    def set_idle(self, models: Iterable[IdleModel]) -> None:
        """Know these idle models and no others."""
        on_card: dict[str, list[IdleModel]] = {card_id: [] for card_id in self.rooms}
        for model in models:
            if model.card_id in on_card:
                on_card[model.card_id].append(model)
        for card_id, room in self.rooms.items():
            room.set_idle(on_card[card_id])

    def draining(self) -> list[Lease]:
        """Return the leases that are over and whose memory is not seen free yet."""
        found = {
            returning.source.request.id: returning.source
            for room in self.rooms.values()
            for returning in room.returning
            if isinstance(returning.source, Lease)
        }
        return list(found.values())
