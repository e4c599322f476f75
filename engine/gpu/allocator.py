"""Shares the memory of the graphics cards out: who gets a lease, when, and who must leave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from engine.errors import Rejected
from engine.gpu.asking import check, check_duration
from engine.gpu.guests import Guest
from engine.gpu.holders import SILENCE_LIMIT_S, Holders
from engine.gpu.hosts import Shared
from engine.gpu.leases import (
    Decision,
    End,
    Ending,
    IdleModel,
    Lease,
    LeaseRequest,
    LeaseState,
    Waiting,
)
from engine.gpu.ledger import Ledger
from engine.gpu.ports import Policy
from engine.gpu.queueing import WaitingLine
from engine.gpu.room import Room
from engine.gpu.serving import Serving
from engine.gpu.waits import waits

LOOK_AGAIN_S = 1.0
"""While somebody waits: time itself makes room, as reserves fade and runs grow long enough."""


class Allocator:
    """One ledger of who holds what. Deterministic: no thread, and no clock but `now_s`.

    Tell it what happens (`ask`, `release`, `heartbeat`, `observe`), then call `decide` and carry
    out what it returns, in that order. What it decided counts at once: it is not to be told.
    """

    def __init__(
        self,
        *,
        policy: Policy,
        margin_share: float = 0.03,
        silence_limit_s: float = SILENCE_LIMIT_S,
    ) -> None:
        self._policy = policy
        self._margin_share = margin_share
        self._ledger = Ledger()
        self._holders = Holders(silence_limit_s=silence_limit_s)
        self._line = WaitingLine()
        self._serving = Serving(
            policy=policy, ledger=self._ledger, holders=self._holders, line=self._line
        )
        self._ended: list[Decision] = []
        self._has_news = False
        self._served_s: float | None = None

    # --- what happens ---

    def set_cards(self, capacities: Mapping[str, int], now_s: float) -> None:
        """Know these cards, in MiB, and no others; leases on one that is gone end."""
        self._serving.guests.drop()
        gone = self._ledger.gone(capacities)
        for lease in list(self._holders):
            if not gone.isdisjoint(lease.card_ids):
                self._drop(lease, now_s)
                reason = f"{lease.request.name}: its graphics card is gone"
                self._ended.append(End(lease.request.id, Ending.CARD_GONE, reason))
        self._serving.requeue_from(gone)
        self._ledger.set_cards(capacities, self._margin_share)
        self._sort_again()
        self._has_news = True

    def hold_back(self, card_ids: frozenset[str]) -> None:
        """Grant nothing on these cards, whose driver does not answer, and on all others again."""
        if card_ids != self._ledger.silent:
            self._ledger.silent = card_ids
            self._has_news = True

    def ask(self, request: LeaseRequest) -> None:
        """Let `request` wait; `decide` answers it.

        Raises Rejected, naming the field, where it makes no sense or its id is in use.
        """
        check(request)
        if self._knows(request.id):
            raise Rejected(
                f"id is {request.id!r}: a lease or request has it already.", param="id", status=409
            )
        self._line.add(request, self._policy.order(request, self._ledger.total_mib))
        self._has_news = True

    def cancel(self, request_id: str, now_s: float) -> bool:
        """Forget who waits, or has a place that is being made free; tell whether there was one."""
        was_waiting = self._line.remove(request_id) is not None
        was_pending = self._serving.drop_pending(request_id) is not None
        self._has_news = self._has_news or was_waiting or was_pending
        return was_waiting or was_pending

    def release(self, request_id: str, now_s: float, keeps: Sequence[IdleModel] = ()) -> bool:
        """End a lease; tell whether there was one. keeps: what stays loaded, idle."""
        lease = self._holders.get(request_id)
        if lease is None:
            return False
        self._drop(lease, now_s, keeps)
        self._has_news = True
        return True

    def freed(self, request_id: str, now_s: float) -> bool:
        """End a lease whose memory is free already, as its process has ended; False if none."""
        lease = self._holders.remove(request_id)
        if lease is None:
            return False
        self._ledger.end(lease)
        self._has_news = True
        return True

    def take_back(self, request_id: str) -> bool:
        """Let a request wait again whose lease nobody knows of yet; False where there is none."""
        lease = self._holders.remove(request_id)
        if lease is None:
            return False
        self._ledger.end(lease)
        self._line.add(lease.request, self._policy.order(lease.request, self._ledger.total_mib))
        self._has_news = True
        return True

    def share(self, card_id: str, shared: Shared, *, is_shut: bool) -> None:
        """Know what other hosts have promised of a card. is_shut: promise no more of it now."""
        room = self._ledger.rooms.get(card_id)
        if room is not None and room.share(shared, is_shut=is_shut):
            self._has_news = True

    def guests(self, guests: Iterable[Guest]) -> None:
        """Know the first in the lines of other hosts, and no others: they have turns too."""
        if self._serving.guests.know(guests):
            self._has_news = True

    def gives_way(self, request_id: str, now_s: float) -> bool:
        """Tell whether a guest that is new, and comes first, must have the room of a lease."""
        lease = self._holders.get(request_id)
        return lease is not None and self._serving.guests.needs_room_of(lease, now_s)

    def first(self, granted_ids: Iterable[str] = ()) -> LeaseRequest | None:
        """Return the first of those that wait, or have a place that is being made free.

        granted_ids: leases that count as waiting too, as nobody knows of them yet.
        """
        granted = filter(None, map(self._holders.get, granted_ids))
        pending = [each.lease for each in self._serving.pending.values()]
        found = [*(each.request for each in (*granted, *pending)), *islice(self._line, 1)]
        total_mib = self._ledger.total_mib
        return min(found, key=lambda each: self._policy.order(each, total_mib), default=None)

    def granted(self, request_id: str | None) -> LeaseRequest | None:
        """Return what was asked for by who holds a lease; None where there is none."""
        lease = None if request_id is None else self._holders.get(request_id)
        return None if lease is None else lease.request

    def spare_mib(self, card_id: str) -> int:
        """Return what is left of a card beside all that is promised or in use.

        Below 0 where that is too much; never above 0 where the card is not there.
        """
        room = self._ledger.rooms.get(card_id)
        return -1 if room is None else min(room.available_mib, room.empty_mib)

    def may_stay(self, request_id: str) -> bool:
        """Tell a holder that is done whether its model should stay loaded, idle.

        It should not where somebody waits, here or at another host, and the next wants another
        model: that it must first be unloaded would cost seconds.
        """
        lease = self._holders.get(request_id)
        if lease is None or lease.request.model is None or self._serving.guests:
            return False
        following = next(iter(self._line), None)
        return following is None or following.model == lease.request.model

    def heartbeat(self, request_id: str, now_s: float) -> bool:
        """Take a holder's sign of life; False where it holds no lease (any more)."""
        return self._holders.hear(request_id, now_s)

    def renew(self, request_id: str, duration_s: float, now_s: float) -> bool:
        """Let an active lease last so long from now; False where it is none.

        Raises Rejected where the duration makes no sense.
        """
        check_duration(duration_s)
        return self._holders.renew(request_id, now_s + duration_s)

    def observe(
        self, card_id: str, used_mib: int, now_s: float, own: Mapping[str, int] | None = None
    ) -> None:
        """Take a reading of all memory in use on a card.

        own: what processes of leases use on it, by lease id, as far as known; the use of others
        is taken to be what they were promised.
        """
        beyond = self._holders.beyond_promise(own) if own else ()
        if self._ledger.see(card_id, used_mib, now_s, beyond):
            self._has_news = True

    def idle_models(self, models: Iterable[IdleModel]) -> None:
        """Know these idle models, and no others; without those that were asked to unload."""
        self._ledger.set_idle(models)
        self._has_news = True

    def restore(self, leases: Iterable[Lease], now_s: float) -> None:
        """Know leases that were held before a restart, as if just heard of."""
        for lease in leases:
            if all(card_id in self._ledger.rooms for card_id in lease.card_ids):
                self._ledger.grant(lease, now_s)
                self._holders.put(replace(lease, state=LeaseState.ACTIVE), now_s)
            else:
                reason = f"{lease.request.name}: its graphics card is gone"
                self._ended.append(End(lease.request.id, Ending.CARD_GONE, reason))

    # --- what follows ---

    def decide(self, now_s: float) -> list[Decision]:
        """Return what must be done now, in this order; [] where nothing is."""
        decisions, self._ended = self._ended, []
        for lease, ending, reason in self._holders.over(now_s):
            self._drop(lease, now_s)
            decisions.append(End(lease.request.id, ending, reason))
        changed = self._ledger.settle(now_s) or self._has_news or bool(decisions)
        if changed or self._is_due(now_s):
            self._has_news, self._served_s = False, now_s
            decisions += self._serving.serve(now_s)
        return decisions

    def next_look_s(self, now_s: float) -> float | None:
        """Return when to call `decide` even if nothing happens; None where that is never."""
        moments = [self._holders.next_look_s(now_s)]
        if self._line or self._serving.pending or self._serving.guests:
            moments.append(now_s + LOOK_AGAIN_S)
            moments += [room.next_return_s() for room in self._ledger.rooms.values()]
        soonest_s = min(moments)
        return soonest_s if soonest_s < float("inf") else None

    # --- what there is ---

    def leases(self) -> tuple[Lease, ...]:
        """Return who holds memory, or has a place that is being made free."""
        held = [self._holders.seen(lease) for lease in self._holders]
        pending = [pending.lease for pending in self._serving.pending.values()]
        return (*held, *pending, *self._ledger.draining())

    def queue(self, now_s: float) -> tuple[Waiting, ...]:
        """Return who waits, in order, with what is known of how long."""
        places = [*self._holders, *self._serving.places()]
        line = self._line.beside(self._serving.guests.waiting(now_s))
        return waits(line, self._ledger, places, now_s)

    def room(self, card_id: str, now_s: float) -> Room:
        """Return a card's memory now. Raises KeyError for a card that is not known."""
        return self._ledger.rooms[card_id].snapshot(now_s)

    def _is_due(self, now_s: float) -> bool:
        if not (self._line or self._serving.pending or self._serving.guests):
            return False
        return self._served_s is None or now_s - self._served_s >= LOOK_AGAIN_S

    def _knows(self, request_id: str) -> bool:
        pending = self._serving.pending
        return request_id in self._line or request_id in self._holders or request_id in pending

    def _drop(self, lease: Lease, now_s: float, keeps: Sequence[IdleModel] = ()) -> None:
        self._holders.remove(lease.request.id)
        self._ledger.give_back(lease, now_s, keeps)

    def _sort_again(self) -> None:
        for request in list(self._line):
            self._line.remove(request.id)
            self._line.add(request, self._policy.order(request, self._ledger.total_mib))
