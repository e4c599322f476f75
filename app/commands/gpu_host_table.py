"""Other hosts that share graphics memory, as lines for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Told = Mapping[str, Any]
"""What `/leases` answers."""

MOST = 12
"""Of the leases of a host; the rest are counted."""
NAME = 24
MS_PER_S = 1000


def host_lines(told: Told) -> list[str]:
    """Return each other host with its cards and leases; [] where none has told of itself."""
    lines: list[str] = []
    for host in told.get("others", ()):
        leases, queue = host["leases"], host["queue"]
        age = f"{host['age_ms'] / MS_PER_S:.0f} s ago"
        lines += ["", f"Host {host['name']}: {len(leases)} held, {len(queue)} waiting ({age})"]
        lines += [f"   {_card(each)}" for each in host["cards"]]
        shown = [*leases, *queue]
        lines += [f"   {_lease(each)}" for each in shown[:MOST]]
        lines += [f"   … and {len(shown) - MOST} more" for _ in shown[MOST : MOST + 1]]
    return lines


def _card(card: Told) -> str:
    used = "–" if card["used_mib"] is None else card["used_mib"]
    total = "–" if card["total_mib"] is None else card["total_mib"]
    return f"{card['name'][:NAME]:{NAME}}  {used} of {total} MiB used, {card['leased_mib']} leased"


def _lease(lease: Told) -> str:
    several = f" × {lease['cards']}" if lease["cards"] > 1 else ""
    reason = f": {lease['reason']}" if lease["reason"] else ""
    size = f"{lease['vram_mib']} MiB{several}"
    return f"{lease['name'][:NAME]:{NAME}}  {size:>12}  {lease['state']}{reason}"
