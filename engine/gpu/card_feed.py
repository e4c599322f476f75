"""Brings what the cards report to the allocator: their size, what is used, and by whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from engine.gpu.allocator import Allocator
from engine.gpu.cards import Card, CardNow, CardState
from engine.gpu.lease_book import LeaseBook
from engine.gpu.lease_holding import Holding
from engine.gpu.lease_processes import Kinship
from engine.gpu.own_use import ListedUse, Promise, listed_use, use_now
from engine.gpu.visible_cards import environment_of

FRESH_S = 5.0
"""Readings that are older say nothing of now; cards that nobody looks at are read every 2.5 s."""


class CardFeed:
    """Knows the cards as they were last read."""

    def __init__(self, *, allocator: Allocator, book: LeaseBook) -> None:
        self._allocator = allocator
        self._book = book
        self._cards: dict[str, CardNow] = {}
        self._sizes: dict[str, tuple[int, int]] = {}
        """Total and usable MiB: what the driver keeps for itself is settled at first sight."""
        self._usable: dict[str, int] = {}
        self._listed: dict[str, ListedUse] = {}
        self._kin = Kinship(frozenset(), {})

    @property
    def cards(self) -> tuple[CardNow, ...]:
        """Every card as last read."""
        return tuple(self._cards.values())

    @property
    def usable_mib(self) -> Mapping[str, int]:
        """What can be given out of each card that is there, its margin included."""
        return self._usable

    @property
    def kin(self) -> Kinship:
        """Which processes belong to leases."""
        return self._kin

    def know(self, kin: Kinship) -> None:
        """Know which processes belong to leases."""
        if kin.root_of_pid != self._kin.root_of_pid:
            self._listed.clear()
        self._kin = kin

    def pids(self) -> set[int]:
        """Return every process that uses a card."""
        readings = (each.reading for each in self._cards.values())
        return {process.pid for reading in readings for process in reading.processes or ()}

    def environment(self, card_ids: Iterable[str]) -> dict[str, str]:
        """Return the variables with which a program sees these cards alone."""
        return environment_of(self._found(card_ids))

    def see(self, cards: Sequence[CardNow], now_s: float) -> None:
        """Take readings of some of the cards."""
        for card in cards:
            self._cards[card.card.id] = card
        self._note_sizes(now_s)
        for card in cards:
            self._observe(card, now_s)

    def see_again(self, now_s: float) -> None:
        """Reckon anew with the last readings, after the idle models have changed."""
        for card in self._cards.values():
            self._observe(card, now_s)

    def _found(self, card_ids: Iterable[str]) -> list[Card]:
        return [self._cards[card_id].card for card_id in card_ids if card_id in self._cards]

    def _note_sizes(self, now_s: float) -> None:
        usable = {}
        for card_id, now in self._cards.items():
            total_mib = now.card.memory_total_mib
            if now.state is CardState.LOST or total_mib is None:
                continue
            if self._sizes.get(card_id, (0, 0))[0] != total_mib:
                reserved_mib = now.reading.memory_reserved_mib or 0
                self._sizes[card_id] = total_mib, total_mib - reserved_mib
            usable[card_id] = self._sizes[card_id][1]
        if usable != self._usable:
            self._usable = usable
            self._allocator.set_cards(usable, now_s)

    def _observe(self, card: CardNow, now_s: float) -> None:
        used_mib, card_id = card.reading.memory_used_mib, card.card.id
        is_fresh = card.age_s is not None and card.age_s <= FRESH_S
        if used_mib is None or not is_fresh or card.state is not CardState.READY:
            return
        own = self._own_use(card, used_mib)
        self._allocator.observe(card_id, used_mib, now_s, own)

    def _own_use(self, card: CardNow, used_mib: int) -> Mapping[str, int] | None:
        card_id, before = card.card.id, self._listed.get(card.card.id)
        is_listed_now = before is None or before.processes is not card.reading.processes
        if before is None or is_listed_now:
            found = listed_use(card.reading, self._kin.root_of_pid)
            if found is None:
                self._listed.pop(card_id, None)
                return None
            before = self._listed[card_id] = found
        holders = self._holders(card_id)
        promises = [
            Promise(each.request.id, each.root.pid, each.request.vram_mib)
            for each in holders
            if each.root is not None
        ]
        own = use_now(before, used_mib, promises)
        for holding in holders:
            if holding.request.id in own:
                # Between two lists it is a guess, which says nothing about a model's peak.
                holding.use(card_id, own[holding.request.id], is_seen=is_listed_now)
        return own

    def _holders(self, card_id: str) -> list[Holding]:
        return [each for each in self._book if each.is_held and card_id in each.card_ids]
