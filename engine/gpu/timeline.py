"""How much of each card will be free when, if everybody stays as long as was said.

Reservations are made in it for those who wait, so that whoever overtakes delays none of them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Container, Iterable, Sequence

from engine.gpu.leases import Lease, LeaseRequest, LeaseState
from engine.gpu.ledger import Ledger
from engine.gpu.room import CardRoom

FOREVER_S = float("inf")


class CardTimeline:
    """What is free on one card, as steps: from a moment on, until the next one."""

    def __init__(self, *, room: CardRoom, now_s: float) -> None:
        self.card_id = room.card_id
        self._room = room
        self.starts_s = [now_s]
        self._free_mib = [room.available_mib]
        self._reserve_mib = room.foreign.reserve_mib(now_s)

    def comes_free(self, releases: Iterable[tuple[float, int]]) -> None:
        """Add what is given back: moments, and MiB. Moments that are over count as now."""
        now_s = self.starts_s[0]
        for at_s, mib in sorted(releases):
            if at_s <= now_s:
                self._free_mib[0] += mib
            elif at_s == self.starts_s[-1]:
                self._free_mib[-1] += mib
            else:
                self.starts_s.append(at_s)
                self._free_mib.append(self._free_mib[-1] + mib)

    def needed_mib(self, request: LeaseRequest) -> int:
        """Return what must be free for `request`: with the reserve, where it fits beside that."""
        return request.vram_mib + self._room.reserve_for(request.vram_mib, self._reserve_mib)

    def least_mib(self, start_s: float, end_s: float) -> int:
        """Return the least that is free at any moment of [start, end)."""
        first = max(0, bisect_right(self.starts_s, start_s) - 1)
        least = self._free_mib[first]
        for at in range(first + 1, len(self.starts_s)):
            if self.starts_s[at] >= end_s:
                break
            least = min(least, self._free_mib[at])
        return least

    def earliest_s(self, mib: int, stay_s: float) -> float | None:
        """Return the first moment from which so much is free for so long; None if never."""
        start_s: float | None = None
        for at_s, free_mib in zip(self.starts_s, self._free_mib, strict=True):
            if start_s is not None and at_s >= start_s + stay_s:
                return start_s
            if free_mib < mib:
                start_s = None
            elif start_s is None:
                start_s = at_s
        return start_s

    def reserve(self, mib: int, start_s: float, end_s: float) -> None:
        """Take so much away from [start, end)."""
        first = self._cut(start_s)
        last = len(self.starts_s) if end_s == FOREVER_S else self._cut(end_s)
        for at in range(first, last):
            self._free_mib[at] -= mib

    def _cut(self, at_s: float) -> int:
        """Return the step that begins at this moment, which is made if there is none."""
        at = bisect_right(self.starts_s, at_s) - 1
        if at < 0:
            return 0
        if self.starts_s[at] == at_s:
            return at
        self.starts_s.insert(at + 1, at_s)
        self._free_mib.insert(at + 1, self._free_mib[at])
        return at + 1


class Timeline:
    """All cards' timelines."""

    def __init__(self, *, cards: Sequence[CardTimeline], now_s: float) -> None:
        self.cards = cards
        self._now_s = now_s

    def may_start(self, request: LeaseRequest, card_id: str, until_s: float) -> bool:
        """Tell whether `request` could hold the card from now until then and delay nobody."""
        card = next(card for card in self.cards if card.card_id == card_id)
        return card.least_mib(self._now_s, until_s) >= request.vram_mib

    def only(self, card_ids: Container[str]) -> Timeline:
        """Return the same of some of the cards: what is reserved there is reserved here."""
        cards = [card for card in self.cards if card.card_id in card_ids]
        return Timeline(cards=cards, now_s=self._now_s)

    def earliest(self, request: LeaseRequest) -> tuple[float, list[str]] | None:
        """Return when `request` finds room for all its stay, and on which cards; None if never."""
        if request.cards > 1:
            return self._earliest_together(request)
        turns = []
        for card in self.cards:
            start_s = card.earliest_s(card.needed_mib(request), request.duration_s)
            if start_s is not None:
                turns.append((start_s, card))
        if not turns:
            return None
        first_s = min(start_s for start_s, _ in turns)
        end_s = first_s + request.duration_s
        fit = [
            (card.least_mib(first_s, end_s), card.card_id)
            for at_s, card in turns
            if at_s == first_s
        ]
        return first_s, [min(fit)[1]]

    def _earliest_together(self, request: LeaseRequest) -> tuple[float, list[str]] | None:
        for start_s in sorted({at_s for card in self.cards for at_s in card.starts_s}):
            end_s = start_s + request.duration_s
            fit = []
            for card in self.cards:
                least_mib = card.least_mib(start_s, end_s)
                if least_mib >= card.needed_mib(request):
                    fit.append((least_mib, card.card_id))
            if len(fit) >= request.cards:
                return start_s, closest(sorted(fit), request.cards)
        return None

    def reserve(
        self, request: LeaseRequest, card_ids: Sequence[str], start_s: float, end_s: float
    ) -> None:
        """Keep room for `request` on these cards."""
        for card in self.cards:
            if card.card_id in card_ids:
                card.reserve(request.vram_mib, start_s, end_s)


def closest(fit: Sequence[tuple[int, str]], count: int) -> list[str]:
    """Return `count` cards out of `fit`, sorted by free room, whose rooms are most equal.

    Among equals the tightest: one card alone is a best fit.
    """
    windows = range(len(fit) - count + 1)
    first = min(windows, key=lambda at: (fit[at + count - 1][0] - fit[at][0], at))
    return [card_id for _, card_id in fit[first : first + count]]


def timeline_of(ledger: Ledger, leases: Iterable[Lease], now_s: float) -> Timeline:
    """Return what comes free when, of those who hold a lease or have a place.

    Who was asked to leave is left out: that room is promised already.
    """
    ends = {card_id: list(room.elsewhere_ends) for card_id, room in ledger.rooms.items()}
    for lease in leases:
        if lease.state is LeaseState.DRAINING:
            continue
        ends_s = lease.expires_s
        if lease.state is LeaseState.PENDING:
            ends_s = now_s + lease.request.duration_s
        if ends_s is not None:
            for card_id in lease.card_ids:
                ends[card_id].append((ends_s, lease.request.vram_mib))
    cards = [CardTimeline(room=room, now_s=now_s) for room in ledger.rooms.values()]
    for card in cards:
        card.comes_free(ends[card.card_id])
    return Timeline(cards=cards, now_s=now_s)
