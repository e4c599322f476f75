"""Calendar time that does not jump between two anchors."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest

from engine.cache.unix_time import LONGEST_S, UnixTime, span_ms
from tests.conftest import FakeClock


def test_it_tells_the_time(clock: FakeClock):
    """It is the calendar's time, and moves with it."""
    time = UnixTime(clock)
    assert time.now_ms() == int(clock.wall_at.timestamp() * 1000)
    clock.advance(2.5)
    assert time.now_ms() == int(clock.wall_at.timestamp() * 1000)


def test_a_calendar_that_is_set_back(clock: FakeClock):
    """A calendar that is set back is followed from the next anchor on, not before."""
    time = UnixTime(clock)
    before_ms = time.now_ms()
    clock.wall_at -= timedelta(hours=1)
    assert time.now_ms() == before_ms
    time.anchor()
    assert time.now_ms() == before_ms - 3_600_000


def test_the_monotonic_clock_beside_it(clock: FakeClock):
    """It tells how far the calendar is ahead of the monotonic clock."""
    time = UnixTime(clock)
    assert time.now_s() + time.offset_s == clock.wall_at.timestamp()


@pytest.mark.parametrize(
    ("ttl_s", "expected_ms"),
    [(1, 1000), (0.0011, 2), (1e-300, 1), (LONGEST_S, 31_536_000_000), (1e300, 31_536_000_000)],
)
def test_span(ttl_s: float, expected_ms: int):
    """A time to live is at least a millisecond and at most a year."""
    assert span_ms(ttl_s) == expected_ms


@pytest.mark.parametrize("ttl_s", [0, -0.0, -1, math.nan, math.inf])
def test_span_of_nothing(ttl_s: float):
    """What is not above 0, or is no number, is refused with its value."""
    with pytest.raises(ValueError, match=f"ttl_s is {ttl_s}"):
        span_ms(ttl_s)
