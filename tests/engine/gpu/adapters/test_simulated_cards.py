from __future__ import annotations

from typing import Any

from engine.gpu.adapters.simulated_cards import SimulatedCards
from engine.gpu.cards import CardNow, Group

ALL = frozenset(Group)


def test_same_time_same_reading(clock: Any):
    """At the same moment the made-up cards read the same."""
    one, other = SimulatedCards(clock=clock), SimulatedCards(clock=clock)
    now = CardNow(one.cards()[0])
    assert one.read(now, ALL) == other.read(now, ALL)


def test_load_moves_and_stays_possible(clock: Any):
    """Over minutes load and memory move, and never leave what the card can have."""
    cards = SimulatedCards(clock=clock)
    for card in cards.cards():
        now, loads = CardNow(card), []
        for _ in range(300):
            clock.advance(0.7)
            now = cards.read(now, ALL)
            loads.append(now.reading.busy_percent)
            held = sum(each.used_mib or 0 for each in now.reading.processes or ())
            assert held <= (now.reading.memory_used_mib or 0) <= (card.memory_total_mib or 0)
        assert 0 <= min(loads) < 20 < 80 < max(loads) <= 100
