"""What Beta posteriors stand on."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.analytics.counts import AllCounts, Counts, FadingCounts, WindowCounts

ARMS = 3
Events = list[tuple[int, float]]
events = st.lists(st.tuples(st.integers(0, ARMS - 1), st.floats(0, 1)), min_size=1, max_size=60)


def told(counts: Counts, events: Events, order: list[int]) -> Counts:
    """Return `counts` after the rewards of choices 0, 1, ... arrived in `order`."""
    for turn in order:
        counts.note(*events[turn], turn)
    return counts


@pytest.mark.parametrize("make", [
    lambda: AllCounts(ARMS),
    lambda: FadingCounts(ARMS, gamma=0.9),
    lambda: WindowCounts(ARMS, window=7),
])  # fmt: skip
@given(events=events, data=st.data())
def test_the_order_of_arrival_makes_no_difference(make, events: Events, data: st.DataObject):
    """Rewards in any order, all at once at the end or one by one, give the same counts."""
    straight = told(make(), events, [*range(len(events))])
    order = data.draw(st.permutations(range(len(events))))
    mixed = told(make(), events, order)
    assert mixed.successes == pytest.approx(straight.successes, abs=1e-9)
    assert mixed.failures == pytest.approx(straight.failures, abs=1e-9)
    assert mixed.total == pytest.approx(straight.total, abs=1e-9)


@given(events)
def test_fading_is_by_powers_of_gamma(events: Events):
    """Each reward counts gamma to the power of its age, as a slow loop adds it up."""
    counts = told(FadingCounts(ARMS, gamma=0.8), events, [*range(len(events))])
    last = len(events) - 1
    wanted = [0.0] * ARMS
    for turn, (arm, reward) in enumerate(events):
        wanted[arm] += 0.8 ** (last - turn) * reward
    assert counts.successes == pytest.approx(wanted, abs=1e-9)


@given(events)
def test_a_window_holds_the_last_choices(events: Events):
    """Only rewards of the last choices count."""
    counts = told(WindowCounts(ARMS, window=5), events, [*range(len(events))])
    wanted = [0.0] * ARMS
    for arm, reward in events[-5:]:
        wanted[arm] += reward
    assert counts.successes == pytest.approx(wanted, abs=1e-9)
    assert counts.total == min(5, len(events))


@given(events)
def test_counts_survive_a_restart(events: Events):
    """Through JSON and back, everything goes on as if nothing had happened."""
    head, tail = events[: len(events) // 2], events
    for made, kind in (
        (AllCounts(ARMS), AllCounts),
        (FadingCounts(ARMS, gamma=0.9), FadingCounts),
        (WindowCounts(ARMS, window=4), WindowCounts),
    ):
        told(made, head, [*range(len(head))])
        again = kind.from_state(json.loads(json.dumps(made.state())))
        order = [*range(len(head), len(tail))]
        assert told(again, tail, order).successes == pytest.approx(
            told(made, tail, order).successes, abs=1e-9
        )


def test_limits_are_named():
    """A memory that keeps nothing, or all for ever, is a mistake of the program."""
    with pytest.raises(ValueError, match="gamma"):
        FadingCounts(1, gamma=1.0)
    with pytest.raises(ValueError, match="window"):
        WindowCounts(1, window=0)


def test_an_arm_more_begins_at_nothing():
    """Each kind counts for arms that come later."""
    for counts in (AllCounts(1), FadingCounts(1, gamma=0.9), WindowCounts(1, window=3)):
        counts.add_arm()
        counts.note(1, 1.0, 0)
        assert counts.successes == [0.0, 1.0]
