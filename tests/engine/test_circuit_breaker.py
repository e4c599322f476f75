"""The circuit breaker: when it opens, for how long, and what closes it."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.circuit_breaker import MOST_CALLS, BreakerLimits, BreakerState, CircuitBreaker
from tests.conftest import FakeClock

LIMITS = BreakerLimits()
LONGEST_S = 1.25 * LIMITS.longest_cooldown_s


def breaker(clock: FakeClock, limits: BreakerLimits = LIMITS) -> CircuitBreaker:
    """Return a closed breaker."""
    return CircuitBreaker(clock=clock, random=Random(1), limits=limits)


def probing(clock: FakeClock) -> CircuitBreaker:
    """Return a breaker whose probe is on its way."""
    tested = breaker(clock)
    tested.trip()
    clock.advance(LONGEST_S)
    assert tested.allow()
    return tested


def test_a_closed_one_lets_everything_through(clock: FakeClock):
    """While the server answers, every call may go."""
    tested = breaker(clock)
    for _ in range(100):
        assert tested.allow()
        tested.succeed()
    assert tested.state is BreakerState.CLOSED


def test_it_opens_after_five_failures_in_a_row(clock: FakeClock):
    """Four failures are no reason, the fifth is."""
    tested = breaker(clock)
    for _ in range(4):
        tested.fail()
    assert tested.allow()
    tested.fail()
    assert (tested.state, tested.allow(), tested.failures) == (BreakerState.OPEN, False, 5)


def test_an_answer_between_failures_counts(clock: FakeClock):
    """Failures in a row are counted from the last answer."""
    tested = breaker(clock)
    for _ in range(4):
        tested.fail()
    tested.succeed()
    for _ in range(4):
        tested.fail()
    assert tested.state is BreakerState.CLOSED


def alternate(tested: CircuitBreaker, calls: int) -> None:
    """Let every other of `calls` fail, the last one too."""
    for number in range(calls):
        if number % 2:
            tested.fail()
        else:
            tested.succeed()


def test_it_opens_when_half_of_the_calls_fail(clock: FakeClock):
    """Answers in between do not keep a server in use that fails every other call."""
    tested = breaker(clock)
    alternate(tested, LIMITS.least_calls - 2)
    assert tested.state is BreakerState.CLOSED
    alternate(tested, 2)
    assert tested.state is BreakerState.OPEN


def test_failures_of_long_ago_do_not_count(clock: FakeClock):
    """Only calls within the window are a share of anything."""
    tested = breaker(clock)
    alternate(tested, LIMITS.least_calls - 2)
    clock.advance(LIMITS.window_s + 0.001)
    alternate(tested, LIMITS.least_calls - 2)
    assert tested.state is BreakerState.CLOSED


def test_the_newest_calls_count_where_there_are_many(clock: FakeClock):
    """A server that answered a hundred thousand calls and now fails every other one is ill."""
    tested = breaker(clock)
    for _ in range(100 * MOST_CALLS):
        tested.succeed()
    alternate(tested, MOST_CALLS)
    assert tested.state is BreakerState.OPEN


def test_one_probe_goes_after_the_cooldown(clock: FakeClock):
    """Not before it, and only one."""
    tested = breaker(clock)
    tested.trip()
    clock.advance(tested.retry_at_s - clock.now() - 0.001)
    assert not tested.allow()
    clock.advance(0.002)
    assert [tested.allow(), tested.allow(), tested.allow()] == [True, False, False]
    assert tested.state is BreakerState.HALF_OPEN


def test_an_answered_probe_closes_it(clock: FakeClock):
    """All calls may go again, and the next cooldown is the first one."""
    tested = probing(clock)
    tested.succeed()
    assert (tested.state, tested.failures, tested.allow()) == (BreakerState.CLOSED, 0, True)
    tested.trip()
    assert tested.retry_at_s - clock.now() <= 1.25 * LIMITS.first_cooldown_s


def test_a_failed_probe_opens_it_for_twice_as_long(clock: FakeClock):
    """Cooldowns double up to the longest, and are up to a quarter longer at random."""
    tested = breaker(clock)
    tested.trip()
    for expected_s in (0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0):
        cooldown_s = tested.retry_at_s - clock.now()
        assert expected_s <= cooldown_s + 1e-9
        assert cooldown_s <= 1.25 * expected_s + 1e-9
        clock.advance(cooldown_s + 1e-6)
        assert tested.allow()
        tested.fail()
        assert tested.state is BreakerState.OPEN


def test_a_probe_may_go_early_when_somebody_asks(clock: FakeClock):
    """An open one lets one call through before its time, whose answer decides; a closed one all."""
    tested = breaker(clock)
    tested.probe()
    assert tested.state is BreakerState.CLOSED
    tested.trip()
    tested.probe()
    assert (tested.state, tested.allow()) == (BreakerState.HALF_OPEN, False)
    tested.fail()
    assert tested.state is BreakerState.OPEN
    tested.probe()
    tested.succeed()
    assert tested.state is BreakerState.CLOSED


def test_a_probe_that_is_given_up_is_followed_by_another(clock: FakeClock):
    """If nobody waits for its answer any more, the next call is the probe; else nothing changes."""
    tested = breaker(clock)
    tested.abandon()
    assert tested.state is BreakerState.CLOSED
    tested = probing(clock)
    tested.abandon()
    assert tested.state is BreakerState.OPEN
    assert [tested.allow(), tested.allow()] == [True, False]


def test_an_early_probe_that_fails_brings_nobody_sooner(clock: FakeClock):
    """Whoever asked before the cooldown's end does not shorten it for the others."""
    limits = BreakerLimits(first_cooldown_s=10, longest_cooldown_s=10)
    tested = breaker(clock, limits)
    tested.trip()
    retry_at_s = tested.retry_at_s
    tested.probe()
    tested.fail()
    assert tested.retry_at_s >= retry_at_s
    tested.probe()
    tested.succeed()
    tested.trip()
    assert tested.retry_at_s - clock.now() <= 12.5


def test_the_next_call_is_the_probe_once_something_was_mended(clock: FakeClock):
    """The cooldown ends at once, for one call; a closed breaker knows nothing of it."""
    tested = breaker(clock)
    tested.hurry()
    assert tested.state is BreakerState.CLOSED
    tested.trip()
    tested.hurry()
    assert (tested.state, tested.allow(), tested.allow()) == (BreakerState.OPEN, True, False)
    tested.fail()
    assert tested.retry_at_s > clock.now()


def test_what_arrives_late_changes_nothing(clock: FakeClock):
    """Answers and failures of calls that left before it opened are not counted."""
    tested = breaker(clock)
    for _ in range(LIMITS.failures):
        tested.fail()
    before = (tested.state, tested.retry_at_s, tested.failures)
    tested.succeed()
    tested.fail()
    tested.trip()
    assert (tested.state, tested.retry_at_s, tested.failures) == before


def test_old_failures_are_forgotten_once_it_closes(clock: FakeClock):
    """A server that is back starts with a clean record."""
    tested = breaker(clock)
    alternate(tested, LIMITS.least_calls)
    clock.advance(tested.retry_at_s - clock.now() + 0.001)
    assert tested.allow()
    tested.succeed()
    tested.fail()
    assert tested.state is BreakerState.CLOSED


@pytest.mark.parametrize("failures", [1, 3])
def test_the_limits_are_those_given(clock: FakeClock, failures: int):
    """Whoever makes it says how many failures are too many."""
    tested = breaker(clock, BreakerLimits(failures=failures))
    for _ in range(failures):
        assert tested.state is BreakerState.CLOSED
        tested.fail()
    assert tested.state is BreakerState.OPEN


@given(
    steps=st.lists(
        st.one_of(
            st.sampled_from(["allow", "probe", "succeed", "fail", "fail", "trip", "abandon"]),
            st.floats(0.001, 3),
        ),
        max_size=200,
    )
)
def test_whatever_happens_an_open_one_is_left_alone(steps: list[str | float]):
    """No call goes before the cooldown ends, no cooldown is shortened, one probe goes at a time."""
    clock = FakeClock()
    tested = breaker(clock)
    for step in steps:
        state, retry_at_s = tested.state, tested.retry_at_s
        if isinstance(step, float):
            clock.advance(step)
            continue
        may_go = getattr(tested, step)()
        if step == "allow" and state is BreakerState.OPEN:
            assert may_go == (clock.now() >= retry_at_s)
        elif step == "allow":
            assert may_go == (state is BreakerState.CLOSED)
        if step == "probe":
            assert (tested.state is BreakerState.HALF_OPEN) == (state is not BreakerState.CLOSED)
        elif step == "abandon":
            assert tested.retry_at_s == retry_at_s
            assert (tested.state is BreakerState.CLOSED) == (state is BreakerState.CLOSED)
        elif state is BreakerState.OPEN:
            assert tested.retry_at_s == retry_at_s
            assert tested.state is not BreakerState.CLOSED
        elif tested.state is BreakerState.OPEN:
            cooldown_s = tested.retry_at_s - clock.now()
            assert LIMITS.first_cooldown_s - 1e-9 <= cooldown_s <= LONGEST_S + 1e-9
