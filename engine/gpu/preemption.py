"""Who is asked to leave for somebody more important, at least cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engine.gpu.leases import Lease, LeaseRequest


@dataclass(frozen=True, slots=True)
class PreemptionRules:
    """Who may be asked to leave."""

    shortest_run_s: float = 5.0
    """Who has just begun is left alone: its loading would be lost."""
    most_preemptions: int = 3
    """Who was asked to leave so often stays: everybody ends some day."""


@dataclass(frozen=True, slots=True)
class Victims:
    """Who would leave one card."""

    leases: tuple[Lease, ...]
    cost: float
    """MiB-seconds of work that would wait or be lost, weighed by priority."""


def may_leave(lease: Lease, request: LeaseRequest, rules: PreemptionRules, now_s: float) -> bool:
    """Tell whether `lease` may be asked to leave for `request`: of strictly lower priority."""
    held = lease.request
    return (
        held.is_preemptible
        and held.priority < request.priority
        and held.preemptions < rules.most_preemptions
        and lease.granted_s is not None
        and now_s - lease.granted_s >= rules.shortest_run_s
    )


def victims(leases: Iterable[Lease], missing_mib: int, now_s: float) -> Victims | None:
    """Return who leaves a card so that `missing_mib` come free; None where all are too few.

    leases: those that may leave. The least important and latest begun go first; whoever turns
    out not to be needed stays.
    """
    ranked = sorted(leases, key=lambda lease: (lease.request.priority, -(lease.granted_s or 0.0)))
    chosen: list[Lease] = []
    for lease in ranked:
        if missing_mib <= 0:
            break
        chosen.append(lease)
        missing_mib -= lease.request.vram_mib
    if missing_mib > 0 or not chosen:
        return None
    for lease in reversed(chosen[:-1]):
        if lease.request.vram_mib <= -missing_mib:
            chosen.remove(lease)
            missing_mib += lease.request.vram_mib
    return Victims(tuple(chosen), sum(_cost(lease, now_s) for lease in chosen))


def _cost(lease: Lease, now_s: float) -> float:
    """What has been done may be lost, and what was loaded is."""
    done_s = now_s - (lease.granted_s or now_s)
    held = lease.request
    return (1 + held.priority) * held.vram_mib * held.cards * (1.0 + 0.01 * done_s)
