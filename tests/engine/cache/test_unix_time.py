"""Calendar time that does not jump between two anchors."""

from __future__ import annotations

from datetime import timedelta

from engine.cache.unix_time import UnixTime
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
