"""Leases of graphics memory as lines for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.lease_words import listed, verb

Told = Mapping[str, Any]
"""What `/leases` answers."""

MOST = 12
"""Of those that hold and of those that wait; the rest are counted."""
NAME = 24
MS_PER_S = 1000


def lease_lines(told: Told) -> list[str]:
    """Return who holds memory, who waits for how long and why, and what is wrong."""
    held, queue = told.get("leases", ()), told.get("queue", ())
    if not (held or queue or told.get("problems")):
        return ["Leases: none"]
    lines = [f"Leases: {len(held)} held, {len(queue)} waiting"]
    lines += [f"   {_who(each)}  {_held(each)}" for each in held[:MOST]]
    lines += [f"   … and {len(held) - MOST} more" for _ in held[MOST : MOST + 1]]
    lines += [f"   {_who(each)}  {_waiting(each)}" for each in queue[:MOST]]
    lines += [f"   … and {len(queue) - MOST} more waiting" for _ in queue[MOST : MOST + 1]]
    return [*lines, *(f"   ! {problem}" for problem in told.get("problems", ()))]


def _who(lease: Told) -> str:
    several = f" × {lease['gpus']}" if lease["gpus"] > 1 else ""
    size = f"{lease['vram_mib']} MiB{several}"
    return f"{lease['name'][:NAME]:{NAME}}  {size:>12}  {lease['priority']:6}"


def _held(lease: Told) -> str:
    if lease["ended"]:
        return f"{lease['ended']}, not seen free yet"
    used = "" if lease["used_mib"] is None else f", uses {lease['used_mib']} MiB"
    if lease["asked_to_leave"]:
        return f"must leave within {_time(lease['leave_within_ms'])}{used}"
    return f"held for {_time(lease['expires_in_ms'])} more{used}"


def _waiting(lease: Told) -> str:
    place = "is next" if lease["position"] is None else f"number {lease['position']}"
    place = f"{place}: {lease['reason']}" if lease["reason"] else place
    # Whoever is older than this command tells of nobody.
    names = [each["name"] for each in lease.get("waits_for", ())]
    return f"{place}; starts when {listed(names)} {verb(names)}" if names else place


def _time(left_ms: int | None) -> str:
    seconds = round((left_ms or 0) / MS_PER_S)
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
