from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from app.ui.quantity_texts import (
    count_text,
    counted,
    duration_text,
    latency_text,
    latency_words,
    percent_text,
    share_percent,
    size_text,
    when_text,
)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (None, "—"),
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (2150, "2.1 KiB"),
        (64 << 20, "64.0 MiB"),
        (3 << 40, "3.0 TiB"),
        (1 << 60, "1048576.0 TiB"),
    ],
)
def test_a_size_has_the_unit_that_fits(size, text):
    """Sizes are told in the largest unit that is not too large for them."""
    assert size_text(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "0 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (11_520, "3 h 12 min"),
        (86_399, "23 h 59 min"),
        (90_000, "1 d 1 h"),
        (400 * 86_400, "400 d"),
    ],
)
def test_a_time_is_told_in_its_two_largest_units(seconds, text):
    """Who reads how long something lasts is spared the seconds of an hour."""
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("latency_ms", "text"),
    [
        (None, "—"),
        (0.0042, "4.2 µs"),
        (0.095, "95 µs"),
        (0.31, "310 µs"),
        (1.24, "1.2 ms"),
        (84.6, "85 ms"),
        (1234.0, "1,234 ms"),
    ],
)
def test_a_latency_is_told_in_micro_or_milliseconds(latency_ms, text):
    """Two digits that count are told, however short it was."""
    assert latency_words(latency_ms) == text


def test_an_unknown_latency_has_no_unit():
    """A card shows a dash, not a unit without a number."""
    assert latency_text(None) == (None, "")


def test_counts_are_read_in_words():
    """Large counts are rounded, a single thing is not called by its plural."""
    assert [count_text(count) for count in (None, 0, 18_204, 1_600_000)] == [
        "—",
        "0",
        "18,204",
        "1.6 M",
    ]
    assert counted(1, "key", "keys") == "1 key"
    assert counted(2, "key", "keys") == "2 keys"


def test_a_day_is_told_only_where_it_is_another():
    """A time of today is told without the day, one of another year with it."""
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    local = at.astimezone()
    assert when_text(at, local.date()) == f"{local:%H:%M}"
    assert when_text(at, date(2026, 5, 5)) == f"{local.day} Mar, {local:%H:%M}"
    assert when_text(at, date(2027, 5, 5)) == f"{local.day} Mar 2026"
    assert when_text(None, date(2027, 5, 5)) == "—"


def test_a_share_of_nothing_is_unknown():
    """No hit rate is told before the first read."""
    assert percent_text(share_percent(0, 0)) == "—"
    assert percent_text(share_percent(1, 8)) == "12.5 %"
