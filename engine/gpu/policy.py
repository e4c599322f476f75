"""The policy that is used unless another is given: fair by age, priority and length."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from engine.gpu.leases import Lease, LeaseRequest
from engine.gpu.placement import Place, best_place, equal_places
from engine.gpu.preemption import PreemptionRules, Victims, may_leave, victims
from engine.gpu.queueing import Order


@dataclass(frozen=True, slots=True)
class FairPolicy:
    """Short ones go first, as far as age and priority let them.

    Reservations for the first of those that wait keep whoever overtakes from delaying them.
    """

    ordering: Order = field(default_factory=Order)
    preemption: PreemptionRules = field(default_factory=PreemptionRules)
    reservations: int = 1

    def order(self, request: LeaseRequest, total_mib: int) -> float:
        """Return the key of `request`, the lowest goes first; it is asked for once."""
        del total_mib
        return self.ordering.key(request)

    def place(self, request: LeaseRequest, places: Sequence[Place]) -> Sequence[Place] | None:
        """Return the cards for `request` out of those with room; None to let it wait."""
        if len(places) < request.cards:
            return None
        if request.cards > 1:
            return equal_places(places, request.vram_mib, request.cards)
        return (best_place(places, request.vram_mib),)

    def victims(
        self, request: LeaseRequest, leases: Iterable[Lease], missing_mib: int, now_s: float
    ) -> Victims | None:
        """Return who is asked to leave a card so that `request` fits; None for nobody."""
        able = [lease for lease in leases if may_leave(lease, request, self.preemption, now_s)]
        return victims(able, missing_mib, now_s) if able else None

    def make_way(self, leases: Iterable[Lease], missing_mib: int, now_s: float) -> Victims | None:
        """Return who is asked to leave a card that foreign programs fill; None for nobody."""
        return victims((each for each in leases if each.request.is_preemptible), missing_mib, now_s)

    def may_backfill(self, request: LeaseRequest, *, delays: bool) -> bool:
        """Tell whether `request` may overtake; `delays`: one with a reservation starts later."""
        del request
        return not delays
