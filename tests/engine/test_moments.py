"""Moments survive the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from engine.moments import micros, moment

ZONES = st.integers(-12, 12).map(lambda hours: timezone(timedelta(hours=hours)))


@given(st.datetimes(timezones=ZONES | st.just(UTC)))
def test_moments_come_back_exactly(at: datetime) -> None:
    """A moment of any zone survives the way into the database and back to the microsecond."""
    assert moment(micros(at)) == at
