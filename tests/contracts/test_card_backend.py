"""Whoever made the cards, they are read alike: the contract of `CardBackend`."""

from __future__ import annotations

from dataclasses import fields

import pytest

from engine.gpu.cards import Card, CardNow, CardReading, CardState, Group, Vendor
from tests.contracts.card_worlds import FIELDS, World, nvml_library, world

__all__ = ["nvml_library", "world"]

ALL = frozenset(Group)
UNTOUCHED = CardReading(
    **{field.name: -1 for field in fields(CardReading)}  # type: ignore[arg-type]
)


def read_all(world: World, index: int) -> CardNow:
    """Return everything that can be read of a card."""
    return world.backend.read(CardNow(world.backend.cards()[index]), ALL)


def test_cards_keep_their_names(world: World):
    """Both cards have ids of their own, which are the same after closing and opening."""
    before = world.backend.cards()
    world.backend.close()
    world.backend.open()
    assert world.backend.cards() == before
    assert len({card.id for card in before}) == 2
    assert {card.vendor for card in before} == {world.backend.vendor}
    assert [card.index for card in before] == [0, 1]
    assert all(card.name and card.memory_total_mib for card in before)


@pytest.mark.parametrize("group", Group)
def test_group_changes_its_own_fields_only(world: World, group: Group):
    """What is not due keeps the values it had."""
    card = world.backend.cards()[0]
    after = world.backend.read(CardNow(card, UNTOUCHED), frozenset({group})).reading
    changed = {
        field.name
        for field in fields(CardReading)
        if getattr(after, field.name) != getattr(UNTOUCHED, field.name)
    }
    allowed = FIELDS[group] | (world.beside if group is Group.PROCESSES else set())
    # A fault that the driver reported comes with whatever is read.
    assert changed - {"last_xid"} <= allowed


def test_figures_are_possible(world: World):
    """What is told lies within what a card can have; what is not, is None."""
    found = read_all(world, 0)
    reading, total_mib = found.reading, found.card.memory_total_mib
    assert found.state is CardState.READY
    assert found.reason is None
    assert total_mib is not None
    assert 0 < (reading.memory_used_mib or 0) <= total_mib
    percents = [name for name in (each.name for each in fields(reading)) if "percent" in name]
    told = [getattr(reading, name) for name in percents]
    assert all(value is None or 0 <= value <= 100 for value in told)
    assert 0 < (reading.temperature_c or 0) < 120
    assert reading.throttled_by is None or all(reading.throttled_by)


def test_process_is_found_with_what_it_holds(world: World):
    """Who holds memory of the first card is listed there, and not on the second."""
    found, other = read_all(world, 0).reading.processes, read_all(world, 1).reading.processes
    assert found is not None
    assert other is not None
    mine = {process.pid: process for process in found}[world.pid]
    assert (mine.used_mib or 0) > 0
    assert world.held_mib in (None, mine.used_mib)
    assert world.pid not in {process.pid for process in other}


def test_card_that_is_gone_is_lost_and_comes_back(world: World):
    """A card that does not answer is lost, with a reason, and the other one goes on; then it
    is ready again.
    """
    if not world.can_lose:
        pytest.skip("made-up cards are always there")
    before = read_all(world, 1)
    world.pull_out()
    lost = world.backend.read(before, ALL)
    assert lost.state is CardState.LOST
    assert lost.reason
    assert lost.reading.memory_used_mib == before.reading.memory_used_mib
    assert read_all(world, 0).state is CardState.READY
    world.put_back()
    world.backend.cards()
    again = world.backend.read(lost, ALL)
    assert (again.state, again.reason) == (CardState.READY, None)


def test_sleeping_card_is_left_asleep(world: World):
    """Of a card that sleeps nothing is read."""
    if not world.can_sleep:
        pytest.skip("here no card sleeps")
    world.sleep()
    found = read_all(world, 1)
    assert found.state is CardState.SUSPENDED
    assert found.reading == CardReading()
    assert found.reason


def test_unknown_card_is_no_error(world: World):
    """Who asks for a card that never was gets one that is lost."""
    stranger = CardNow(Card("stranger", "Stranger", Vendor.AMD))
    if world.can_lose:
        assert world.backend.read(stranger, ALL).state is CardState.LOST


def test_closing_twice_is_fine(world: World):
    """Closing may be repeated."""
    world.backend.close()
    world.backend.close()
