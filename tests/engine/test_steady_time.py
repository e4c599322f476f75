from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.steady_time import AWAY_S, CONFIRM_S, JUMP_S, SteadyTime
from tests.conftest import FakeClock

STEPS = st.lists(st.tuples(st.floats(0, 10_000), st.floats(-1e8, 1e8)), max_size=20)


def believed(time: SteadyTime, clock: FakeClock) -> bool:
    found = time.believed_s(None)
    assert found in (None, clock.wall().timestamp())
    return found is not None


@pytest.mark.parametrize(
    ("away_s", "is_believed"), [(None, True), (-5, True), (AWAY_S, True), (AWAY_S + 1, False)]
)
def test_the_first_look_believes_what_fits_to_the_last_time(
    clock: FakeClock, away_s: float | None, is_believed: bool
):
    """A calendar near to what was last seen is right; one far ahead has to wait."""
    time = SteadyTime(clock=clock)
    last_s = None if away_s is None else clock.wall().timestamp() - away_s
    assert (time.believed_s(last_s) is not None) is is_believed
    clock.advance(CONFIRM_S)
    assert believed(time, clock)


def test_a_jump_is_believed_once_it_has_lasted(clock: FakeClock):
    """A calendar that jumps by years counts again when a later look agrees, and not before."""
    time = SteadyTime(clock=clock)
    assert believed(time, clock)
    clock.wall_at += timedelta(days=9_000)
    assert not believed(time, clock)
    clock.advance(CONFIRM_S - 1)
    assert not believed(time, clock)
    clock.advance(1)
    assert believed(time, clock)


def test_a_jump_that_is_taken_back_was_never_believed(clock: FakeClock):
    """Where the calendar is set right again, no look in between has taken the wrong time."""
    time = SteadyTime(clock=clock)
    assert believed(time, clock)
    for days in (9_000, -9_000):
        clock.wall_at += timedelta(days=days)
        assert not believed(time, clock)
    clock.advance(CONFIRM_S)
    assert believed(time, clock)


@given(STEPS)
def test_no_look_within_a_while_after_a_jump_is_believed(steps: list[tuple[float, float]]):
    """Whatever the clocks do, a time that is believed has been steady for CONFIRM_S, or from the
    first look on.
    """
    clock = FakeClock()
    time = SteadyTime(clock=clock)
    believed(time, clock)
    steady_s: float | None = None
    for seconds, jump_s in steps:
        clock.now_s += seconds
        clock.wall_at += timedelta(seconds=seconds + jump_s)
        if abs(jump_s) > JUMP_S + 1:
            steady_s = 0.0
        elif abs(jump_s) >= JUMP_S - 1:
            return
        elif steady_s is not None:
            steady_s += seconds
        assert believed(time, clock) is (steady_s is None or steady_s >= CONFIRM_S)
