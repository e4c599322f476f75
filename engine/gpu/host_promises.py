"""What this host tells the others: what it has promised, and who waits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from engine.clock import Clock
from engine.gpu.allocator import Allocator
from engine.gpu.claims import claim_of
from engine.gpu.hosts import HostPromise, Shared
from engine.gpu.leases import LeaseRequest
from engine.gpu.ports import LeaseShare

MOST_ENDS = 50
"""Leases of one card of which others are told when they end, the soonest first."""


class HostPromises:
    """Puts into words what others are to know, and remembers what they were told.

    promised: what this host has given out of a card. asked: ids of grants that wait for the other
    hosts, which count as waiting.
    """

    def __init__(
        self,
        *,
        allocator: Allocator,
        clock: Clock,
        promised: Callable[[str], Shared],
        asked: Callable[[], Iterable[str]],
    ) -> None:
        self._allocator = allocator
        self._clock = clock
        self._promised = promised
        self._asked = asked
        self._told = 0
        self._shown: dict[str, HostPromise] = {}
        self.grants = 0
        """Leases that were given with the others' consent."""

    def of(self, share: LeaseShare, card_id: str, granting: str | None = None) -> HostPromise:
        """Return what is to be told of a card. granting: a lease that is about to be given."""
        now_s, more = self._clock.now(), self._allocator.granted(granting)
        shared, claim = self._promised(card_id), self._first(granting)
        ends = [(end_s - now_s, mib) for end_s, mib in shared.ends]
        if more is not None:
            ends.append((more.duration_s, more.vram_mib))
        self._told += 1
        return HostPromise(
            host_id=share.host_id,
            host_name=share.host_name,
            promised_mib=shared.promised_mib + (0 if more is None else more.vram_mib),
            seen_mib=shared.seen_mib,
            claim=None if claim is None else claim_of(claim, now_s),
            told=self._told,
            grants=self.grants,
            ends=tuple(sorted(ends)[:MOST_ENDS]),
        )

    def keep(self, card_id: str, promise: HostPromise) -> None:
        """Remember that the others were told this."""
        self._shown[card_id] = promise

    def keep_only(self, card_ids: Collection[str]) -> None:
        """Forget what they were told of other cards than these."""
        for card_id in self._shown.keys() - set(card_ids):
            del self._shown[card_id]

    def has_another_claim(self) -> bool:
        """Tell whether the first that waits is another one than they were told."""
        first = self._first()
        first_id = None if first is None else first.id
        told = (each.claim for each in self._shown.values())
        return any(first_id != (None if claim is None else claim.id) for claim in told)

    def has_less(self) -> bool:
        """Tell whether less of a card is promised than they were told."""
        shown = self._shown.items()
        return any(
            self._promised(card_id).promised_mib < told.promised_mib for card_id, told in shown
        )

    def _first(self, granting: str | None = None) -> LeaseRequest | None:
        return self._allocator.first(each for each in self._asked() if each != granting)
