from __future__ import annotations

from datetime import timedelta

from engine.clock import SystemClock


def test_monotonic_time_never_goes_back():
    """Later readings of the monotonic clock are never smaller."""
    clock = SystemClock()
    readings = [clock.now() for _ in range(100)]
    assert readings == sorted(readings)


def test_wall_time_is_in_utc():
    """The calendar time knows that it is UTC."""
    assert SystemClock().wall().utcoffset() == timedelta(0)
