from __future__ import annotations

from dataclasses import replace

from engine.gpu.lease_views import LeasesSnapshot, LeaseView
from engine.gpu.leases import LeaseState, Priority
from engine.gpu.room import Room
from engine.gpu.waited_for import MOST, waited_for

NOW_S = 100.0


def holder(name: str, mib: int, *, ends_s: float | None, card: str = "a") -> LeaseView:
    return LeaseView(
        id=name,
        name=name,
        state=LeaseState.ACTIVE,
        vram_mib=mib,
        priority=Priority.NORMAL,
        duration_s=60.0,
        asked_s=0.0,
        card_ids=(card,),
        granted_s=1.0,
        expires_s=ends_s,
    )


def waiting(name: str, mib: int, position: int = 1, cards: int = 1) -> LeaseView:
    asked = replace(holder(name, mib, ends_s=None), state=LeaseState.QUEUED, card_ids=())
    return replace(asked, granted_s=None, position=position, wait_s=30.0, cards=cards)


def room(free_mib: int) -> Room:
    return Room(free_mib, 0, 0, 0, 0, 0, 0, 0)


def names(shown: LeasesSnapshot) -> dict[str, list[str]]:
    return {key: [each.name for each in told.leases] for key, told in found(shown).items()}


def found(shown: LeasesSnapshot):
    return waited_for(shown, NOW_S)


def test_the_soonest_ends_that_make_room_are_told():
    """Two leases must end for a large request; the third, which ends last, need not."""
    held = (
        holder("late", 4000, ends_s=190.0),
        holder("first", 2000, ends_s=110.0),
        holder("second", 3000, ends_s=120.0),
    )
    shown = LeasesSnapshot(held, (waiting("big", 5500),), rooms={"a": room(500)})
    assert names(shown) == {"big": ["first", "second"]}
    assert found(shown)["big"].card_ids == ("a",)


def test_who_is_not_needed_is_left_out():
    """A small lease that ends sooner is not named where the larger one after it suffices."""
    held = (holder("small", 500, ends_s=110.0), holder("large", 6000, ends_s=120.0))
    shown = LeasesSnapshot(held, (waiting("q", 6000),), rooms={"a": room(0)})
    assert names(shown) == {"q": ["large"]}


def test_the_card_whose_turn_comes_first_counts():
    """Of two cards, the one is told where room comes sooner."""
    held = (
        holder("here", 6000, ends_s=200.0, card="a"),
        holder("there", 6000, ends_s=150.0, card="b"),
    )
    shown = LeasesSnapshot(held, (waiting("q", 5000),), rooms={"a": room(0), "b": room(0)})
    assert names(shown) == {"q": ["there"]}


def test_who_waits_before_is_waited_for():
    """The second in the line waits for the first to have run, where only one fits at a time."""
    held = (holder("h", 6000, ends_s=130.0),)
    queue = (waiting("one", 5000), waiting("two", 5000, 2))
    assert names(LeasesSnapshot(held, queue, rooms={"a": room(0)})) == {
        "one": ["h"],
        "two": ["one"],
    }


def test_what_is_kept_for_foreign_use_is_no_room():
    """Memory that is kept empty for other programs lets only those in who need it."""
    held = (holder("h", 4000, ends_s=130.0),)
    kept = Room(10_000, 0, 3_000, 4_000, 0, 0, 0, reserve_mib=2_000)
    assert names(LeasesSnapshot(held, (waiting("q", 2_000),), rooms={"a": kept})) == {"q": ["h"]}
    large = LeasesSnapshot(held, (waiting("q", 6_000),), rooms={"a": kept})
    assert names(large) == {"q": ["h"]}
    assert names(replace(large, held=(), rooms={"a": replace(kept, leased_mib=0)})) == {"q": []}


def test_a_request_for_two_cards_waits_for_both():
    """Whoever is split over two cards waits for the holders on each."""
    held = (
        holder("x", 6000, ends_s=130.0, card="a"),
        holder("y", 6000, ends_s=140.0, card="b"),
    )
    shown = LeasesSnapshot(held, (waiting("q", 5000, 1, 2),), rooms={"a": room(0), "b": room(0)})
    assert names(shown) == {"q": ["x", "y"]}


def test_nothing_is_said_where_nobody_can_know():
    """Without holders that end, and for who was asked to leave already, nothing is told."""
    endless = (holder("h", 6000, ends_s=None),)
    shown = LeasesSnapshot(endless, (waiting("q", 5000),), rooms={"a": room(0)})
    assert names(shown) == {}
    leaving = (replace(holder("h", 6000, ends_s=130.0), leave_by_s=105.0),)
    assert names(replace(shown, held=leaving)) == {}
    unknown = replace(waiting("q", 5000), wait_s=None)
    ends = (holder("h", 6000, ends_s=130.0),)
    assert names(replace(shown, held=ends, queue=(unknown,))) == {}


def test_only_the_first_in_a_long_line_are_reckoned():
    """A line of hundreds costs no more than its beginning."""
    queue = tuple(waiting(f"q{at}", 100, at + 1) for at in range(300))
    assert len(found(LeasesSnapshot((), queue, rooms={"a": room(10**6)}))) == MOST
