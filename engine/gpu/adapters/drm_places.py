"""Where the cards of one vendor lie that a kernel driver shows, and which are there and awake."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from engine.errors import Unreachable
from engine.gpu.adapters import pci
from engine.gpu.adapters.pci import DrmCard
from engine.gpu.cards import Card, CardNow, CardReading, CardState, Vendor


class DrmPlaces:
    """The cards of `vendor` under `root`. card: makes a card's description, given its number."""

    def __init__(self, root: Path, vendor: Vendor, card: Callable[[DrmCard, int], Card]) -> None:
        self._root = root
        self._vendor = vendor
        self._card = card
        self._places: dict[str, DrmCard] = {}
        self._known: dict[str, Card] = {}

    def open(self, no_driver: str) -> None:
        """Look. Raises Unreachable with `no_driver` where a card is here that no driver shows."""
        if not self.cards() and self._vendor in pci.vendors_here(self._root):
            raise Unreachable(no_driver)

    def cards(self) -> tuple[Card, ...]:
        """Return the cards that are there now; one that stayed is described as before."""
        self._places = {each.address: each for each in pci.drm_cards(self._root, self._vendor)}
        before = self._known
        self._known = {
            address: before.get(address) or self._card(place, index)
            for index, (address, place) in enumerate(self._places.items())
        }
        return tuple(self._known.values())

    def awake(self, before: CardNow) -> DrmCard | CardNow:
        """Return where the card is to be read, or else how it is: gone or asleep."""
        place = self._places.get(before.card.id)
        if place is None or not place.device.exists():
            return replace(before, state=CardState.LOST, reason=pci.GONE)
        if place.is_asleep:
            return CardNow(before.card, CardReading(), CardState.SUSPENDED, pci.ASLEEP)
        return place

    def now(self, place: DrmCard, reading: CardReading) -> CardNow:
        """Return the card at `place` as `reading` says."""
        return CardNow(self._known[place.address], reading)

    def close(self) -> None:
        """Forget where they are."""
        self._places = {}
