"""Who waits how long under which policy: medians over seeds, in a simulated world.

The reference's figures are those of a sketch of common rules (priority with ageing, EASY
backfill, preemption) in the same world, on the same seeds.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

from tests.bench.gpu import traces
from tests.bench.gpu.optimum import least_weighted_wait_s
from tests.bench.gpu.schedulers import BestFit, FirstFit, Ours
from tests.bench.gpu.world import World
from tests.bench.table import Row

SEEDS = range(1, 8)
JOBS = 300
SMALL_SEEDS = range(1, 4)
SMALL_JOBS = 14
REFERENCE_SMALL = (270, 928, 273)
OPTIMUM_SMALL = (30, 290, 120)


def rows() -> list[Row]:
    """Return what each policy makes of each trace."""
    found: list[Row] = []
    for kind in ("mixed", "foreign", "hang", "burst", "starve"):
        for policy in (Ours, BestFit, FirstFit):
            worlds = [World(traces.make(kind, JOBS, seed), policy()).run() for seed in SEEDS]
            found += _rows(kind, policy.name, worlds)
    for at, seed in enumerate(SMALL_SEEDS):
        found.append(_beside_optimum(seed, REFERENCE_SMALL[at], OPTIMUM_SMALL[at]))
    return found


LIMITS = {
    ("mixed", "high priority, p95 wait"): 600.0,
    ("mixed", "mean wait"): 262.0,
    ("mixed", "idle share of memory"): 0.34,
    ("foreign", "out-of-memory kills"): 10.0,
    ("hang", "unfinished"): 0.0,
    ("starve", "unfinished"): 0.0,
}
REFERENCE = {
    ("mixed", "high priority, p95 wait"): 601,
    ("mixed", "mean wait"): 285,
    ("mixed", "idle share of memory"): 0.34,
    ("mixed", "p95 wait"): 909,
    ("foreign", "high priority, p95 wait"): 799,
    ("foreign", "mean wait"): 351,
    ("foreign", "out-of-memory kills"): 19,
    ("hang", "high priority, p95 wait"): 716,
    ("hang", "mean wait"): 272,
    ("burst", "high priority, p95 wait"): 493,
    ("burst", "mean wait"): 787,
    ("burst", "p95 wait"): 2476,
    ("starve", "p95 wait"): 528,
}

MEASURES: dict[str, tuple[str, Callable[[World], float]]] = {
    "high priority, p95 wait": ("s", lambda world: p95(_waits_s(world, least_priority=2))),
    "mean wait": ("s", lambda world: statistics.fmean(_waits_s(world))),
    "p95 wait": ("s", lambda world: p95(_waits_s(world))),
    "idle share of memory": ("", lambda world: 1 - utilisation(world)),
    "out-of-memory kills": ("", lambda world: float(world.kills)),
    "unfinished": ("", lambda world: float(len(world.waiting) + len(world.running))),
    "what cannot be": ("", lambda world: float(len(world.illegal))),
}


def _rows(kind: str, policy: str, worlds: Sequence[World]) -> list[Row]:
    is_ours = policy == Ours.name
    found = []
    for measure, (unit, value) in MEASURES.items():
        limit = LIMITS.get((kind, measure)) if is_ours else None
        known = REFERENCE.get((kind, measure)) if is_ours else None
        peer = "" if known is None else f"reference {known}"
        median = statistics.median(value(world) for world in worlds)
        found.append(Row(f"{kind}: {measure}, {policy}", median, unit, limit, peer))
    return found


def _beside_optimum(seed: int, reference_s: int, known_s: int) -> Row:
    """What 14 jobs that come at once wait, weighed by priority, beside the least possible."""
    trace = traces.make("burst", SMALL_JOBS, seed)
    world = World(traces.make("burst", SMALL_JOBS, seed), Ours()).run()
    waited_s = sum(world.waits_s[job.id] * (1 + job.priority) for job in world.trace.jobs)
    found_s = least_weighted_wait_s(trace.jobs)
    least = f"{known_s} known" if found_s is None else f"{found_s:.0f}"
    peer = f"reference {reference_s}, optimum {least}"
    return Row(f"14 jobs at once, seed {seed}: weighted wait", waited_s, "s", reference_s, peer)


def p95(values: Sequence[float]) -> float:
    """Return the value that 95 % do not reach; `values` is not empty."""
    return sorted(values)[min(len(values) - 1, int(0.95 * len(values)))]


def utilisation(world: World) -> float:
    """Return the share of all memory, until the last job ended, that leases held."""
    return world.worked_mib_s / (sum(traces.CARDS_MIB) * world.last_end_s)


def _waits_s(world: World, least_priority: int = 0) -> list[float]:
    """Return each served job's waiting, summed over its restarts."""
    important = {job.id for job in world.trace.jobs if job.priority >= least_priority}
    return [wait_s for job_id, wait_s in world.waits_s.items() if job_id in important]
