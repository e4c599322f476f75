from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from engine.gpu.leases import Priority
from engine.gpu.queueing import Order, WaitingLine
from tests.engine.gpu.lease_requests import request

ORDER = Order()


def test_among_equals_age_decides():
    """Who asked first goes first."""
    assert ORDER.key(request("old", asked_s=1.0)) < ORDER.key(request("new", asked_s=2.0))


def test_a_step_of_priority_is_made_up_for_by_waiting():
    """A request of the next lower priority comes level after one step."""
    high = request("h", priority=Priority.HIGH, asked_s=ORDER.priority_step_s)
    assert ORDER.key(high) == ORDER.key(request("n", priority=Priority.NORMAL, asked_s=0.0))


def test_short_ones_go_first():
    """Of two that ask at once the shorter goes first."""
    short, long = request("s", duration_s=5.0), request("l", duration_s=50.0)
    assert ORDER.key(short) < ORDER.key(long)


@given(
    some.floats(0.1, 1e7), some.floats(0.1, 1e7), some.sampled_from(Priority), some.floats(0, 1e6)
)
def test_overtaking_is_bounded(mine_s: float, its_s: float, priority: Priority, late_s: float):
    """Nobody who asks later than the bound goes ahead, however short or important."""
    mine = request("m", priority=Priority.LOW, duration_s=mine_s, asked_s=0.0)
    asked_s = ORDER.longest_overtake_s + late_s
    other = request("o", priority=priority, duration_s=its_s, asked_s=asked_s)
    assert ORDER.key(mine) <= ORDER.key(other)


@given(some.lists(some.tuples(some.integers(0, 5), some.booleans()), max_size=30))
def test_the_line_is_sorted_and_complete(rows: list[tuple[int, bool]]):
    """The line holds who was added and not removed, by key, then in the order they came."""
    line, expected = WaitingLine(), []
    for at, (key, _) in enumerate(rows):
        line.add(request(str(at)), float(key))
        expected.append((key, at))
    for at, (key, leaves) in enumerate(rows):
        if leaves:
            assert line.remove(str(at)) is not None
            expected.remove((key, at))
    assert [each.id for each in line] == [str(at) for _, at in sorted(expected)]
    assert len(line) == len(expected)
    assert all(str(at) in line for _, at in expected)


def test_removing_a_stranger_does_nothing():
    """Who does not wait cannot be removed."""
    assert WaitingLine().remove("x") is None
