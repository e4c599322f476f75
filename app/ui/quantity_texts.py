"""Sizes, times and counts as people read them."""

from __future__ import annotations

from datetime import date, datetime

from engine.decimals import decimals

KIB = 1024
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
MANY = 1_000_000


def size_text(size_bytes: int | None) -> str:
    """Return a size such as "640 B" or "2.1 KiB"; a dash where it is unknown."""
    if size_bytes is None:
        return "\N{EM DASH}"
    size, units = float(size_bytes), ["B", "KiB", "MiB", "GiB", "TiB"]
    while size >= KIB and len(units) > 1:
        size /= KIB
        units.pop(0)
    return f"{size:.0f} {units[0]}" if units[0] == "B" else f"{size:.1f} {units[0]}"


def duration_text(seconds: float) -> str:
    """Return a length of time in its two largest units, such as "3 h 12 min"."""
    whole = max(0, round(seconds))
    if whole < MINUTE_S:
        return f"{whole} s"
    if whole < HOUR_S:
        return f"{whole // MINUTE_S} min"
    large, small, size_s, names = (
        (HOUR_S, MINUTE_S, HOUR_S, ("h", "min")) if whole < DAY_S else (DAY_S, HOUR_S, DAY_S, "dh")
    )
    rest = whole % size_s // small
    text = f"{whole // large:,} {names[0]}"
    return f"{text} {rest} {names[1]}" if rest else text


def latency_text(latency_ms: float | None) -> tuple[str | None, str]:
    """Return (number, unit) with two digits that count or more; (None, "") where it is unknown."""
    if latency_ms is None:
        return None, ""
    scale, unit = (1000.0, "µs") if latency_ms < 1 else (1.0, "ms")
    value = latency_ms * scale
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}", unit


def latency_words(latency_ms: float | None) -> str:
    """Return a latency with its unit; a dash where it is unknown."""
    number, unit = latency_text(latency_ms)
    return "\N{EM DASH}" if number is None else f"{number} {unit}"


def count_text(count: int | None) -> str:
    """Return a count such as "18,204" or "1.2 M"; a dash where it is unknown."""
    if count is None:
        return "\N{EM DASH}"
    return f"{count:,}" if count < MANY else f"{count / MANY:,.1f} M"


def usd_text(usd: float) -> str:
    """Return an amount such as "$12.50", "$0.0042" or "$0.000034"."""
    # Most requests cost less than a cent.
    return f"${usd:,.2f}" if usd >= 0.1 else f"${decimals(usd, 2)}"


def counted(count: int, one: str, many: str) -> str:
    """Return `count` with the word that fits it."""
    return f"1 {one}" if count == 1 else f"{count_text(count)} {many}"


def when_text(at: datetime | None, today: date) -> str:
    """Return the time on the user's clock, with the day unless that is `today`."""
    if at is None:
        return "\N{EM DASH}"
    local = at.astimezone()
    if local.date() == today:
        return f"{local:%H:%M}"
    day = f"{local.day} {local:%b}"
    return f"{day}, {local:%H:%M}" if local.year == today.year else f"{day} {local.year}"


def share_percent(part: int, whole: int) -> float | None:
    """Return `part` of `whole` in percent; None of nothing."""
    return 100 * part / whole if whole else None


def percent_text(percent: float | None) -> str:
    """Return percent with one decimal; a dash where it is unknown."""
    return "\N{EM DASH}" if percent is None else f"{percent:.1f} %"
