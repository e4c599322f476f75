"""Servers as the window sees them."""

from __future__ import annotations

import pytest

from engine.circuit_breaker import BreakerState
from engine.coordinator.views import view
from tests.conftest import FakeClock
from tests.engine.coordinator.seats import link


def test_nothing_is_claimed_before_the_first_answer(clock: FakeClock):
    """What is unknown is None."""
    found = view(link(clock), clock.now(), has_key=False)
    assert found.first_token_ms is None
    assert found.token_ms is None
    assert found.first_token_p95_ms is None
    assert found.retry_in_s is None
    assert found.remaining_requests is None
    assert found.last_error_s is None


def test_times_are_in_milliseconds(clock: FakeClock):
    """As the fields say."""
    tested = link(clock)
    for _ in range(20):
        tested.pace.note_first(0.2, clock.now())
    tested.pace.note_token(0.01, clock.now())
    found = view(tested, clock.now(), has_key=True)
    assert (found.first_token_ms, found.token_ms) == pytest.approx((200, 10))
    assert found.first_token_p95_ms == pytest.approx(200)
    assert found.has_key


def test_it_tells_when_it_is_asked_again(clock: FakeClock):
    """After the pause it asked for, or after its cooldown where it is ill."""
    tested = link(clock)
    tested.seats["fake"].limits.pause(30)
    assert view(tested, clock.now(), has_key=False).retry_in_s == 30
    tested.breaker.trip()
    found = view(tested, clock.now(), has_key=False)
    assert found.breaker is BreakerState.OPEN
    assert found.retry_in_s == pytest.approx(tested.breaker.retry_at_s - clock.now())
    clock.advance(100)
    assert view(tested, clock.now(), has_key=False).retry_in_s is None


def test_what_is_left_is_what_the_server_said(clock: FakeClock):
    """Until it is filled up; then nobody knows."""
    tested = link(clock)
    tested.seats["fake"].limits.note(
        {"x-ratelimit-remaining-tokens": "500", "x-ratelimit-reset-tokens": "10s"}
    )
    assert view(tested, clock.now(), has_key=False).remaining_tokens == 500
    clock.advance(10)
    assert view(tested, clock.now(), has_key=False).remaining_tokens is None
