"""How much of a card's memory the processes of leases use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.gpu.cards import CardProcess, CardReading

UNTOLD_MIB = 1024
UNTOLD_SHARE = 0.25
"""Where more than both is used by nobody on the list, the list is not whole: in containers, and
under WSL, processes are hidden or have other numbers."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What a lease may use on a card, and whose processes use it."""

    lease_id: str
    pid: int
    mib: int


@dataclass(frozen=True, slots=True)
class ListedUse:
    """What leases used on a card when its processes were last listed."""

    processes: tuple[CardProcess, ...]
    used_mib: int
    """Of the card as a whole, then."""
    by_pid: Mapping[int, int]
    """MiB of the processes of leases and all that they started."""


def listed_use(reading: CardReading, root_of_pid: Mapping[int, int]) -> ListedUse | None:
    """Return what leases use on a card; None where the list of processes cannot be trusted.

    root_of_pid: for processes that belong to a lease, the one that the lease was given to.
    """
    processes, used_mib = reading.processes, reading.memory_used_mib
    if processes is None or used_mib is None:
        return None
    told_mib = sum(each.used_mib or 0 for each in processes)
    if used_mib - told_mib > max(UNTOLD_MIB, UNTOLD_SHARE * used_mib):
        return None
    by_pid: dict[int, int] = {}
    for process in processes:
        root = root_of_pid.get(process.pid)
        if root is not None:
            by_pid[root] = by_pid.get(root, 0) + (process.used_mib or 0)
    return ListedUse(processes, used_mib, by_pid)


def use_now(listed: ListedUse, used_mib: int, promises: Sequence[Promise]) -> dict[str, int]:
    """Return what each lease uses now that the card as a whole uses `used_mib`.

    Lists are read seldom: growth since then is taken for that of leases, up to their promise.
    Leases of one process share its use; what is beyond all their promises is the last one's.
    """
    grown_mib = max(0, used_mib - listed.used_mib)
    left_mib = dict(listed.by_pid)
    last_of_pid = {promise.pid: promise.lease_id for promise in promises}
    found = {}
    for promise in promises:
        listed_mib = min(left_mib.get(promise.pid, 0), promise.mib)
        left_mib[promise.pid] = left_mib.get(promise.pid, 0) - listed_mib
        extra_mib = min(grown_mib, promise.mib - listed_mib)
        grown_mib -= extra_mib
        found[promise.lease_id] = listed_mib + extra_mib
    for pid, lease_id in last_of_pid.items():
        found[lease_id] += left_mib[pid]
    return found
