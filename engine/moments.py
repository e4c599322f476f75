"""Moments as the databases keep them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(moment: datetime) -> int:
    """Return `moment` in microseconds since 1970: exact, and sorted by SQLite as it should."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def moment(at_us: int) -> datetime:
    """Return the UTC time that is `at_us` microseconds after 1970."""
    return EPOCH + timedelta(microseconds=at_us)
