"""Moments survive the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.moments import http_date, micros, moment

ZONES = st.integers(-12, 12).map(lambda hours: timezone(timedelta(hours=hours)))


@given(st.datetimes(timezones=ZONES | st.just(UTC)))
def test_moments_come_back_exactly(at: datetime) -> None:
    """A moment of any zone survives the way into the database and back to the microsecond."""
    assert moment(micros(at)) == at


@given(st.datetimes(timezones=st.just(UTC)))
def test_dates_of_http_are_read(at: datetime) -> None:
    """A date is read as the standard library writes it, whatever the language of the machine."""
    assert http_date(format_datetime(at, usegmt=True)) == at.replace(microsecond=0)


def test_a_leap_second_is_read_as_the_one_before() -> None:
    """A server that tells of a leap second is understood."""
    leap = http_date("Sat, 31 Dec 2016 23:59:60 GMT")
    assert leap == datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "soon", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Foo 1994 08:49:37 GMT",
     "Sun, 31 Feb 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "a b c d e f"],
)  # fmt: skip
def test_what_is_no_date_is_a_mistake(text: str) -> None:
    """Whatever else a header says is a ValueError, never a wrong moment."""
    with pytest.raises(ValueError):
        http_date(text)
