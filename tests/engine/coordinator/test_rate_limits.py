"""When a server takes requests again, by its own words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.coordinator.rate_limits import (
    FIRST_PAUSE_S,
    LONGEST_PAUSE_S,
    LONGEST_WISH_S,
    RateLimits,
    seconds_in,
)
from tests.conftest import FakeClock

WALL = datetime(2026, 3, 1, 12, tzinfo=UTC)


def free_in_s(tested: RateLimits, clock: FakeClock, tokens: int = 10) -> float:
    return max(0.0, tested.free_at_s(tokens, clock.now()) - clock.now())


def test_nobody_waits_without_a_reason(clock: FakeClock):
    """A server that has said nothing may be asked."""
    assert free_in_s(RateLimits(clock=clock), clock) == 0


def test_retry_after_is_kept(clock: FakeClock):
    """A 429 that says how long is believed."""
    tested = RateLimits(clock=clock)
    tested.pause(7.5)
    assert free_in_s(tested, clock) == 7.5
    clock.advance(7.5)
    assert free_in_s(tested, clock) == 0


def test_without_a_time_the_pause_doubles(clock: FakeClock):
    """It grows up to a minute, and a good answer starts it anew."""
    tested = RateLimits(clock=clock)
    pauses = []
    for _ in range(8):
        tested.pause(None)
        pauses.append(free_in_s(tested, clock))
        clock.advance(pauses[-1])
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    assert pauses[-1] == LONGEST_PAUSE_S
    tested.note({})
    tested.pause(None)
    assert free_in_s(tested, clock) == FIRST_PAUSE_S


@pytest.mark.parametrize("nonsense", [-1.0, float("nan"), float("inf")])
def test_nonsense_counts_as_no_time(clock: FakeClock, nonsense: float):
    """A Retry-After that cannot be is as if it were left out; a day is an hour."""
    tested = RateLimits(clock=clock)
    tested.pause(nonsense)
    assert free_in_s(tested, clock) == FIRST_PAUSE_S
    tested.pause(86_400.0)
    assert free_in_s(tested, clock) == LONGEST_WISH_S


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("pause"), st.one_of(st.none(), st.floats(0, 1e5))),
            st.tuples(st.just("advance"), st.floats(0, 100)),
            st.tuples(st.just("note"), st.none()),
        ),
        max_size=60,
    )
)
def test_a_pause_is_never_shortened(steps: list[tuple[str, float | None]]):
    """Whatever comes after a 429, the server is not asked before the time it named."""
    clock = FakeClock()
    tested, until_s = RateLimits(clock=clock), 0.0
    for what, value in steps:
        if what == "pause":
            tested.pause(value)
            until_s = max(until_s, clock.now() + min(value or 0.0, LONGEST_WISH_S))
        elif what == "advance":
            clock.advance(value or 0.0)
        else:
            tested.note({})
        assert tested.free_at_s(1, clock.now()) >= until_s


def test_what_is_left_is_counted_down(clock: FakeClock):
    """Requests beyond what the server said is left wait until it is filled up."""
    tested = RateLimits(clock=clock)
    tested.note({"x-ratelimit-remaining-requests": "2", "x-ratelimit-reset-requests": "6m0s"})
    tested.take(10)
    assert free_in_s(tested, clock) == 0
    tested.take(10)
    assert free_in_s(tested, clock) == 360
    clock.advance(360)
    assert free_in_s(tested, clock) == 0
    assert tested.requests.remaining(clock.now()) is None


def test_a_request_larger_than_what_is_left_waits(clock: FakeClock):
    """Tokens count as well: a small request may go where a large one may not."""
    tested = RateLimits(clock=clock)
    tested.note({"x-ratelimit-remaining-tokens": "100", "x-ratelimit-reset-tokens": "20ms"})
    assert free_in_s(tested, clock, tokens=100) == 0
    assert free_in_s(tested, clock, tokens=101) == pytest.approx(0.02)


def test_anthropic_says_it_in_other_words(clock: FakeClock):
    """Its headers have other names and a moment instead of a span."""
    tested = RateLimits(clock=clock)
    tested.note(
        {
            "anthropic-ratelimit-requests-remaining": "0",
            "anthropic-ratelimit-requests-reset": "2026-03-01T12:00:30Z",
        }
    )
    assert free_in_s(tested, clock) == pytest.approx(30)


@pytest.mark.parametrize("wrong", [timedelta(days=400), timedelta(days=-400)])
def test_a_clock_that_is_wrong_keeps_nobody_waiting(clock: FakeClock, wrong: timedelta):
    """A moment is counted from the server's own date; a span needs no calendar at all."""
    clock.wall_at += wrong
    for reset, seconds in (("2026-03-01T12:00:30Z", 30), ("45s", 45)):
        tested = RateLimits(clock=clock)
        tested.note(
            {
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-requests-reset": reset,
                "date": "Sun, 01 Mar 2026 12:00:00 GMT",
            }
        )
        assert free_in_s(tested, clock) == pytest.approx(seconds)
        clock.wall_at -= 2 * wrong  # it jumps while one waits
        assert free_in_s(tested, clock) == pytest.approx(seconds)


def test_headers_that_say_nothing_change_nothing(clock: FakeClock):
    """A number that is none is passed over."""
    tested = RateLimits(clock=clock)
    tested.note({"x-ratelimit-remaining-requests": "many", "content-type": "text/plain"})
    tested.note({"x-ratelimit-remaining-requests": "9" * 5000})
    assert not tested.has_said
    tested.note({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "soon"})
    assert free_in_s(tested, clock) == 60  # by the minute where nothing is said


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("1s", 1),
        ("6m0s", 360),
        ("20ms", 0.02),
        ("1h2m3.5s", 3723.5),
        ("12", 12),
        ("0.5", 0.5),
        ("2026-03-01T12:01:00+00:00", 60),
        ("2026-03-01T11:00:00Z", 0),
        ("2026-03-01T12:01:00", None),
        ("", None),
        ("-3", None),
        ("nan", None),
        ("later", None),
        ("1s later", None),
    ],
)
def test_resets_are_read(reset: str, seconds: float | None):
    """Spans, seconds and moments are understood; anything else says nothing."""
    found = seconds_in(reset, WALL)
    assert found == (None if seconds is None else pytest.approx(seconds))
