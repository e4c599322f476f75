"""Moments as the databases keep them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(moment: datetime) -> int:
    """Return `moment` in microseconds since 1970: exact, and sorted by SQLite as it should."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def moment(at_us: int) -> datetime:
    """Return the UTC time that is `at_us` microseconds after 1970."""
    return EPOCH + timedelta(microseconds=at_us)


def http_date(text: str) -> datetime:
    """Return the moment that HTTP writes as "Sun, 06 Nov 1994 08:49:37 GMT", in UTC.

    The two older forms of RFC 9110, 5.6.7, which no server may write any more, are not read.
    Raises ValueError.
    """
    _, day, month, year, time, zone = text.split()
    if zone not in ("GMT", "UTC", "+0000"):
        raise ValueError(f"{text!r} is not in GMT")
    hour, minute, second = map(int, time.split(":"))
    seconds = min(second, 59)  # datetime knows no leap seconds
    return datetime(int(year), MONTHS.index(month) + 1, int(day), hour, minute, seconds, tzinfo=UTC)
