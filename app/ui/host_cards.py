"""What the machine is doing, as texts for the overview's cards."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.gpu.snapshot import HostReading

DOT = " \N{MIDDLE DOT} "
WAITING = "Waiting for the first reading"
MIB_A_GIB = 1024

CardText = tuple[str | None, str, str]
"""Number (None: unknown), unit, note."""


def processor_text(host: HostReading | None, percent: NDArray[np.float64]) -> CardText:
    """Return load of all cores; percent: shape (n, 2): seconds, percent, of the last minute."""
    if host is None:
        return None, "", WAITING
    parts = [f"{host.cpu_cores} cores"] if host.cpu_cores else []
    if len(percent):
        values = percent[:, 1]
        parts.append(f"average {values.mean():.0f} %{DOT}peak {values.max():.0f} %")
    return _number(host.cpu_percent, "{:.0f}"), "%", DOT.join(parts)


def memory_text(host: HostReading | None) -> CardText:
    """Return used memory, of how much."""
    if host is None:
        return None, "", WAITING
    used, total = host.memory_used_mib, host.memory_total_mib
    unit = "GiB" if total is None else f"of {total / MIB_A_GIB:.1f} GiB"
    part = memory_part(host)
    note = (
        ""
        if part is None or total is None or used is None
        else (f"{part * 100:.0f} % used{DOT}{(total - used) / MIB_A_GIB:.1f} GiB free")
    )
    return _number(used, "{:.1f}", MIB_A_GIB), unit, note


def disk_text(host: HostReading | None) -> CardText:
    """Return free space of the disk that holds the user's data."""
    if host is None:
        return None, "", WAITING
    part = disk_part(host)
    unit = "GiB free"
    note = "" if part is None else f"{part * 100:.0f} % of {host.disk_total_gib:.0f} GiB used"
    return _number(host.disk_free_gib, "{:.0f}"), unit, note


def own_text(host: HostReading | None) -> CardText:
    """Return what this application itself takes."""
    if host is None:
        return None, "", WAITING
    cpu = "" if host.own_cpu_percent is None else f"{host.own_cpu_percent:.0f} % of one core"
    return _number(host.own_memory_mib, "{:.0f}"), "MiB", cpu


def memory_part(host: HostReading) -> float | None:
    """Return the part of memory that is used, in [0, 1]."""
    if host.memory_used_mib is None or not host.memory_total_mib:
        return None
    return host.memory_used_mib / host.memory_total_mib


def disk_part(host: HostReading) -> float | None:
    """Return the part of the disk that is used, in [0, 1]."""
    if host.disk_free_gib is None or not host.disk_total_gib:
        return None
    return 1.0 - host.disk_free_gib / host.disk_total_gib


def own_part(host: HostReading) -> float | None:
    """Return the part of one core that this application takes, in [0, 1]."""
    return None if host.own_cpu_percent is None else min(1.0, host.own_cpu_percent / 100)


def part_of(host: HostReading | None, part: Callable[[HostReading], float | None]) -> float | None:
    """Return `part(host)`; None before the first reading."""
    return None if host is None else part(host)


def _number(value: float | None, form: str, divisor: float = 1.0) -> str | None:
    return None if value is None else form.format(value / divisor)
