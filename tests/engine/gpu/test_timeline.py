from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as some

from engine.gpu.leases import LeaseState
from engine.gpu.ledger import Ledger
from engine.gpu.room import CardRoom
from engine.gpu.timeline import CardTimeline, closest, timeline_of
from tests.engine.gpu.lease_requests import lease, request


def card_timeline(free_mib: int = 100) -> CardTimeline:
    room = CardRoom(card_id="a", capacity_mib=free_mib, margin_share=0.0)
    return CardTimeline(room=room, now_s=0.0)


span = some.tuples(some.integers(0, 30), some.integers(1, 30), some.integers(1, 50))


@given(
    some.lists(some.tuples(some.integers(0, 60), some.integers(1, 50)), max_size=6),
    some.lists(span, max_size=6),
    span,
)
def test_free_memory_is_what_a_slow_count_finds(
    releases: list[tuple[int, int]],
    reserved: list[tuple[int, int, int]],
    asked: tuple[int, int, int],
):
    """The least free in a span equals a count of every second, after any reservations."""
    timeline = card_timeline()
    timeline.comes_free([(float(at), mib) for at, mib in releases])
    for start, length, mib in reserved:
        timeline.reserve(mib, float(start), float(start + length))

    def free(second: int) -> int:
        gained = sum(mib for at, mib in releases if at <= second)
        taken = sum(mib for start, length, mib in reserved if start <= second < start + length)
        return 100 + gained - taken

    start, length, _ = asked
    expected = min(free(second) for second in range(start, start + length))
    assert timeline.least_mib(float(start), float(start + length)) == expected


@given(some.lists(span, max_size=6), some.integers(1, 100), some.integers(1, 40))
def test_the_earliest_moment_is_what_a_slow_search_finds(
    reserved: list[tuple[int, int, int]], mib: int, stay_s: int
):
    """The first second from which enough is free throughout is found by trying them all."""
    timeline = card_timeline()
    for start, length, taken in reserved:
        timeline.reserve(taken, float(start), float(start + length))
    tried = (at for at in range(100) if timeline.least_mib(float(at), float(at + stay_s)) >= mib)
    assert timeline.earliest_s(mib, float(stay_s)) == next(tried, None)


def ledger() -> Ledger:
    made = Ledger()
    made.set_cards({"a": 10_000, "b": 5000}, 0.0)
    return made


def test_a_turn_comes_when_enough_leases_end():
    """A request finds room on the card, and at the moment, where leases leave enough first."""
    book = ledger()
    held = [lease("x", 6000, duration_s=50.0), lease("y", 4000, duration_s=80.0)]
    for each in held:
        book.grant(each, 0.0)
    timeline = timeline_of(book, held, 10.0)
    assert timeline.earliest(request("r", 5000)) == (10.0, ["b"])
    assert timeline.earliest(request("r", 6000)) == (50.0, ["a"])
    assert timeline.earliest(request("r", 7000)) == (80.0, ["a"])
    assert timeline.earliest(request("r", 10_001)) is None
    assert timeline.earliest(request("r", 5000, cards=2)) == (50.0, ["b", "a"])


def test_who_was_asked_to_leave_frees_nothing_more():
    """The room of a leaving holder is promised already."""
    book = ledger()
    leaving = replace(lease("x", 10_000), state=LeaseState.DRAINING)
    book.grant(lease("x", 10_000), 0.0)
    assert timeline_of(book, [leaving], 0.0).earliest(request("r", 6000)) is None


def test_a_reservation_holds_off_who_would_delay_it():
    """Beside a reservation only what ends before it, or fits beside it, may start."""
    book = ledger()
    held = lease("x", 6000, duration_s=50.0)
    book.grant(held, 0.0)
    timeline = timeline_of(book, [held], 0.0)
    first = request("first", 9000)
    assert timeline.earliest(first) == (50.0, ["a"])
    timeline.reserve(first, ["a"], 50.0, 150.0)
    assert timeline.may_start(request("short", 4000), "a", 50.0)
    assert not timeline.may_start(request("long", 4000), "a", 51.0)
    assert timeline.may_start(request("small", 1000), "a", 500.0)


def test_the_most_equal_cards_are_closest():
    """Out of sorted rooms those that differ least are taken, the tighter among equals."""
    assert closest([(1, "a"), (5, "b"), (6, "c"), (7, "d")], 2) == ["b", "c"]
    assert closest([(1, "a"), (5, "b")], 1) == ["a"]
