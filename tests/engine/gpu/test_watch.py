from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.errors import Unreachable
from engine.gpu.cards import CardState, Vendor
from engine.gpu.history import Gauge, Span
from engine.gpu.rates import Rates
from engine.gpu.watch import NO_CARDS, CardWatch
from tests.engine.gpu.scripted_cards import Book, ScriptedCards


def cards_of(vendor: Vendor, problem: str | None = None) -> ScriptedCards:
    """Return the cards of `vendor`: none where there is a problem."""
    cards = ScriptedCards()
    cards.vendor = vendor
    cards.problem = None if problem is None else Unreachable(problem)
    return cards


def after_first_rounds(clock: Any, *backends: ScriptedCards) -> CardWatch:
    """Return a watch that has read everything once, without threads."""
    watch = CardWatch(backends=backends, book=Book(), rates=Rates(), clock=clock)
    for sampler in watch._samplers.values():
        sampler.round()
    return watch


def test_cards_of_all_vendors_are_shown(clock: Any):
    """Each vendor's cards are there, in the order in which the vendors were given."""
    other = cards_of(Vendor.AMD)
    other.there = (other.there[0].__class__("amd", "Radeon", Vendor.AMD),)
    watch = after_first_rounds(clock, cards_of(Vendor.NVIDIA), other)
    assert [each.card.id for each in watch.cards()] == ["card-0", "amd"]
    assert len(watch.history("amd", Gauge.BUSY, Span.MINUTE)) == 1
    assert watch.history("none", Gauge.BUSY, Span.MINUTE).shape == (0, 4)
    assert watch.problem() is None


def test_nothing_is_said_before_it_is_known(clock: Any):
    """Until the cards were looked for, no absence is claimed."""
    watch = CardWatch(backends=[cards_of(Vendor.NVIDIA)], book=Book(), rates=Rates(), clock=clock)
    assert (watch.cards(), watch.problem()) == ((), None)


def test_machine_without_cards_says_so(clock: Any):
    """Where no vendor has a card, a sentence tells so."""
    nothing = cards_of(Vendor.NVIDIA)
    nothing.there = ()
    assert after_first_rounds(clock, nothing).problem() == NO_CARDS


def test_missing_driver_is_told_beside_what_works(clock: Any):
    """A card that lacks its driver is told of, also where another vendor's card works."""
    watch = after_first_rounds(clock, cards_of(Vendor.NVIDIA, "install it"), cards_of(Vendor.AMD))
    assert watch.problem() == "install it"
    assert [each.state for each in watch.cards()] == [CardState.READY]


def test_closing_without_starting_is_fine(clock: Any):
    """A watch that never started closes at once."""
    after_first_rounds(clock, cards_of(Vendor.NVIDIA)).close(0.0)


def test_all_samplers_hurry_and_change(clock: Any):
    """What is wanted of the cards reaches every vendor."""
    backends = [cards_of(Vendor.NVIDIA), cards_of(Vendor.AMD)]
    watch = after_first_rounds(clock, *backends)
    asked: Callable[[], list[int]] = lambda: [len(each.groups()) for each in backends]  # noqa: E731
    asked()
    watch.change_rates(Rates(memory_s=60, load_s=60, heat_s=60, link_s=60, processes_s=60))
    clock.advance(1.0)
    for sampler in watch._samplers.values():
        sampler.round()
    assert asked() == [0, 0]
    watch.hurry(5.0)
    for sampler in watch._samplers.values():
        sampler.round()
    assert asked() == [1, 1]
