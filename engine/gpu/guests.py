"""Requests of other hosts that share cards: their turn in the line, kept for a bounded time.

A guest cannot be granted anything here. Where its turn comes, its place is kept free until its own
host takes it. A host that does not is passed over for a while, each time for longer: whatever is
wrong with it, it does not block a card.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.gpu.leases import Lease, LeaseRequest, LeaseState
from engine.gpu.ledger import Ledger, Pending
from engine.gpu.ports import Policy

OFFER_S = 5.0
"""How long a place is kept: a host that missed the call looks every 2 s by itself."""
PASSED_OVER_S = 20.0
"""How long a host is passed over that did not take its place; then twice as long, and so on."""
MOST_DOUBLINGS = 5
MOST_REMEMBERED = 100
"""Hosts, those included that are away."""


@dataclass(frozen=True, slots=True)
class Guest:
    """The first in another host's line."""

    host_id: str
    request: LeaseRequest
    """By this host's clock; it has waited for so long at least."""
    card_ids: frozenset[str]
    """Cards that its host can give it."""
    grants: int = 0
    """Of its host, as a number that rises."""


@dataclass(slots=True)
class _Turn:
    """How a host takes its turns."""

    request_id: str
    grants: int
    offered_s: float | None = None
    missed: int = 0
    passed_until_s: float = 0.0


class Guests:
    """The guests that are known, and the places that are kept for them."""

    def __init__(self, *, policy: Policy, ledger: Ledger) -> None:
        self._policy = policy
        self._ledger = ledger
        self._known: dict[str, Guest] = {}
        self._turns: dict[str, _Turn] = {}
        self._kept: dict[str, Pending] = {}
        self._looked_at: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self._known)

    def know(self, guests: Iterable[Guest]) -> bool:
        """Know these guests, and no others; tell whether that changes anything."""
        found = {each.host_id: each for each in guests}
        if found == self._known:
            return False
        self._known = found
        for host_id, pending in list(self._kept.items()):
            if host_id not in found or found[host_id].request.id != pending.lease.request.id:
                self._ledger.let_go(self._kept.pop(host_id))
        for guest in found.values():
            self._note(guest)
        # Of those that went the oldest is forgotten first: who comes and goes is still known.
        gone = [host_id for host_id in self._turns if host_id not in found]
        for host_id in gone[: max(0, len(self._turns) - MOST_REMEMBERED)]:
            del self._turns[host_id]
        return True

    def drop(self) -> None:
        """Keep no place until the next round."""
        for pending in self._kept.values():
            self._ledger.let_go(pending)
        self._kept.clear()

    def begin(self, now_s: float, *, somebody_waits: bool) -> list[tuple[float, Guest]]:
        """Begin a round without any place kept; return who has a turn, with keys, in order.

        somebody_waits: here, to whom a place that is not taken means waiting.
        """
        self.drop()
        self._looked_at = frozenset(each.request.id for each in self._known.values())
        for host_id in self._known:
            turn = self._turns[host_id]
            if not somebody_waits:
                turn.offered_s = None
            elif turn.offered_s is not None and now_s - turn.offered_s >= OFFER_S:
                turn.passed_until_s = now_s + PASSED_OVER_S * 2**turn.missed
                turn.missed, turn.offered_s = min(turn.missed + 1, MOST_DOUBLINGS), None
        return self.waiting(now_s)

    def waiting(self, now_s: float) -> list[tuple[float, Guest]]:
        """Return those that are not passed over, with their keys, in order."""
        waiting = [
            (self._policy.order(each.request, self._ledger.total_mib), each)
            for each in self._known.values()
            if now_s >= self._turns[each.host_id].passed_until_s
        ]
        return sorted(waiting, key=lambda each: (each[0], each[1].host_id))

    def keep(self, guest: Guest, card_ids: Sequence[str], now_s: float) -> None:
        """Keep a place for a guest until the next round."""
        lease = Lease(request=guest.request, state=LeaseState.PENDING, card_ids=tuple(card_ids))
        pending = self._kept[guest.host_id] = Pending(lease, now_s)
        turn = self._turns[guest.host_id]
        # Until idle models are seen to be gone nobody could take it.
        if turn.offered_s is None and self._ledger.has_room_now(guest.request, card_ids, now_s):
            turn.offered_s = now_s
        self._ledger.hold(pending)

    def end(self) -> None:
        """End a round: who has no place kept is not waited for."""
        for host_id in self._known.keys() - self._kept.keys():
            self._turns[host_id].offered_s = None

    def leases(self) -> list[Lease]:
        """Return the places that are kept."""
        return [each.lease for each in self._kept.values()]

    def needs_room_of(self, lease: Lease, now_s: float) -> bool:
        """Tell whether a guest that was not known when `lease` was decided must have its room."""
        key = self._policy.order(lease.request, self._ledger.total_mib)
        return any(
            guest.request.id not in self._looked_at
            and guest_key < key
            and self._stands_in_the_way(lease, guest, now_s)
            for guest_key, guest in self.waiting(now_s)
        )

    # --- inside ---

    def _note(self, guest: Guest) -> None:
        turn = self._turns.setdefault(guest.host_id, _Turn(guest.request.id, guest.grants))
        if guest.request.id == turn.request_id:
            return
        if guest.grants > turn.grants:  # one that merely gave up does not show that it can
            turn.offered_s, turn.missed, turn.passed_until_s = None, 0, 0.0
        turn.request_id, turn.grants = guest.request.id, guest.grants

    def _stands_in_the_way(self, lease: Lease, guest: Guest, now_s: float) -> bool:
        places = self._ledger.places(guest.request, now_s)
        beside = {place.card_id for place in places} & guest.card_ids
        if len(beside) >= guest.request.cards:
            return False
        vram_mib = guest.request.vram_mib
        instead = {
            card_id
            for card_id in guest.card_ids.intersection(lease.card_ids)
            if self._ledger.rooms[card_id].available_to(vram_mib, now_s) + lease.request.vram_mib
            >= vram_mib
        }
        return len(beside | instead) >= guest.request.cards
