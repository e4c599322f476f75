"""What the cards report, as it counts."""

from __future__ import annotations

from dataclasses import replace

from engine.gpu.allocator import Allocator
from engine.gpu.card_feed import FRESH_S, CardFeed
from engine.gpu.cards import Card, CardNow, CardReading, CardState, Vendor
from engine.gpu.lease_book import LeaseBook
from engine.gpu.policy import FairPolicy

CARD = CardNow(
    Card("card-0", "Fake", Vendor.NVIDIA, 0, memory_total_mib=10_000),
    CardReading(memory_used_mib=1_000, memory_reserved_mib=300),
    age_s=0.0,
)


def feed() -> tuple[CardFeed, Allocator]:
    allocator = Allocator(policy=FairPolicy(), margin_share=0.0)
    return CardFeed(allocator=allocator, book=LeaseBook()), allocator


def test_what_the_driver_keeps_is_never_given_out():
    """And the size of a card does not move with what the driver keeps later."""
    cards, allocator = feed()
    cards.see([CARD], 0.0)
    assert allocator.room("card-0", 0.0).capacity_mib == 9_700
    cards.see([replace(CARD, reading=replace(CARD.reading, memory_reserved_mib=500))], 1.0)
    assert allocator.room("card-0", 1.0).capacity_mib == 9_700


def test_what_others_use_is_foreign():
    """A reading counts at once; an old one does not."""
    cards, allocator = feed()
    cards.see([CARD], 0.0)
    assert allocator.room("card-0", 0.0).foreign_mib == 1_000
    old = replace(CARD, reading=CardReading(memory_used_mib=9_000), age_s=FRESH_S + 1)
    cards.see([old], 1.0)
    silent = replace(old, state=CardState.SILENT, age_s=0.0)
    cards.see([silent], 1.0)
    assert allocator.room("card-0", 1.0).foreign_mib == 1_000


def test_a_lost_card_is_known_again_when_it_is_back():
    """Nothing is given out of it meanwhile."""
    cards, allocator = feed()
    cards.see([CARD], 0.0)
    cards.see([replace(CARD, state=CardState.LOST)], 1.0)
    assert dict(cards.usable_mib) == {}
    cards.see([CARD], 2.0)
    assert dict(cards.usable_mib) == {"card-0": 9_700}
    assert allocator.room("card-0", 2.0).capacity_mib == 9_700


def test_a_card_that_does_not_tell_its_size_is_left_alone():
    """Nobody could say what fits."""
    cards, _ = feed()
    cards.see([replace(CARD, card=replace(CARD.card, memory_total_mib=None))], 0.0)
    assert dict(cards.usable_mib) == {}


def test_cards_of_several_vendors_come_one_after_the_other():
    """Readings of one vendor's cards say nothing against those of another."""
    cards, _ = feed()
    amd = replace(CARD, card=replace(CARD.card, id="amd-0", vendor=Vendor.AMD))
    cards.see([CARD], 0.0)
    cards.see([amd], 0.0)
    assert set(cards.usable_mib) == {"card-0", "amd-0"}
    assert set(cards.environment(["amd-0"])) == {"ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"}
