"""Who may be asked, and why nobody may."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.circuit_breaker import BreakerState
from engine.coordinator.affinity import Affinity
from engine.coordinator.balancer import Balancer
from engine.coordinator.choosing import Choice
from engine.coordinator.trial import Errand
from engine.errors import Overloaded, Refused, Unreachable
from engine.exchange import LlmRequest
from tests.conftest import FakeClock
from tests.engine.coordinator.seats import seat


def choice(clock: FakeClock, seed: int = 1) -> Choice:
    return Choice(balancer=Balancer(random=Random(seed), affinity=Affinity()), clock=clock)


def errand() -> Errand:
    return Errand(LlmRequest("fake", {}), "fake", [], 1e9)


def test_the_ill_one_that_recovers_first_is_asked(clock: FakeClock):
    """Where all are ill, and only where its probe is not under way already."""
    first, later = seat(clock, "first"), seat(clock, "later")
    later.link.breaker.trip()
    later.link.breaker.probe()
    later.link.breaker.fail()
    first.link.breaker.trip()
    seats = [later, first]
    assert first.link.breaker.retry_at_s < later.link.breaker.retry_at_s
    assert choice(clock).next(errand(), seats) is first
    first.link.admit()
    assert choice(clock).next(errand(), seats) is later
    later.link.admit()
    assert choice(clock).next(errand(), seats) is None


def test_a_healthy_one_comes_before_an_ill_one(clock: FakeClock):
    """However slow it is."""
    ill, slow = seat(clock, "ill"), seat(clock, "slow", first_s=60)
    ill.link.breaker.trip()
    assert choice(clock).next(errand(), [ill, slow]) is slow


def test_it_says_why_nobody_may(clock: FakeClock):
    """Load before failure, as waiting helps then; then what went wrong; then how they stand."""
    tested, asked = choice(clock), errand()
    ill = seat(clock, "ill")
    ill.link.breaker.trip()
    ill.link.note_error("500")
    ill.link.refresh(clock.now())
    assert "ill: 500" in str(tested.refusal(asked, [ill]))
    assert isinstance(tested.refusal(asked, [ill]), Unreachable)
    asked.error = Refused("ill: no")
    assert tested.refusal(asked, [ill]) is asked.error
    busy, full = seat(clock, "busy"), seat(clock, "full", most_in_flight=1, busy=1)
    busy.limits.pause(0.5)
    found = tested.refusal(asked, [ill, busy, full])
    assert isinstance(found, Overloaded)
    assert found.retry_after_s == pytest.approx(0.5)


@given(
    st.lists(
        st.tuples(st.booleans(), st.booleans(), st.integers(0, 3), st.floats(0, 3), st.booleans()),
        min_size=1,
        max_size=10,
    ),
    st.floats(0, 10),
    st.integers(0, 9),
)
def test_no_choice_breaks_a_promise(
    described: list[tuple[bool, bool, int, float, bool]], passed_s: float, seed: int
):
    """Nobody is asked who is full, paused, tried, or being probed; an ill one only as the last."""
    clock = FakeClock()
    asked, seats = errand(), []
    for number, (is_ill, is_probed, busy, pause_s, is_tried) in enumerate(described):
        each = seat(clock, str(number), busy=busy, most_in_flight=3)
        if is_ill:
            each.link.breaker.trip()
        if is_probed:
            each.link.breaker.probe()
        each.limits.pause(pause_s)
        if is_tried:
            asked.tried.append(each)
        seats.append(each)
    clock.advance(passed_s)
    found = choice(clock, seed).next(asked, seats)
    if found is None:
        tested = choice(clock).refusal(asked, seats)
        assert isinstance(tested, Overloaded | Unreachable)
        return
    assert found not in asked.tried
    assert not found.link.is_full
    assert found.limits.paused_until_s <= clock.now()
    assert found.link.breaker.state is not BreakerState.HALF_OPEN
    if not found.link.is_open(clock.now()):
        assert choice(clock).healthy(asked, seats) is None
