"""What somebody who knows everything beforehand would make of a few jobs, exactly.

A mixed-integer programme. It needs SciPy, which nothing else here does: without it the figures that
are known are shown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tests.bench.gpu.traces import CARDS_MIB, Job

SLOT_S = 5.0
SLACK_SLOTS = 60
LIMIT_S = 60.0


def least_weighted_wait_s(jobs: Sequence[Job]) -> float | None:
    """Return the least sum of waits, weighed 1 + priority; None without SciPy or a solution.

    One variable for each job, card and start: time in slots, lengths rounded down, no loading,
    no preemption. So it is a bound from below, up to the slots.
    """
    try:
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import lil_matrix
    except ImportError:
        return None
    starts = [math.ceil(job.asked_s / SLOT_S) for job in jobs]
    lengths = [max(1, math.floor(job.length_s / SLOT_S)) for job in jobs]
    slots = max(starts) + max(lengths) + SLACK_SLOTS
    choices = [
        (at, card, start)
        for at, job in enumerate(jobs)
        for card, capacity_mib in enumerate(CARDS_MIB)
        if job.vram_mib <= capacity_mib
        for start in range(starts[at], min(slots - lengths[at], starts[at] + SLACK_SLOTS))
    ]
    cost = [(1 + jobs[at].priority) * (start - starts[at]) * SLOT_S for at, _, start in choices]
    matrix = lil_matrix((len(jobs) + len(CARDS_MIB) * slots, len(choices)))
    for column, (at, card, start) in enumerate(choices):
        matrix[at, column] = 1
        for slot in range(start, start + lengths[at]):
            matrix[len(jobs) + card * slots + slot, column] = jobs[at].vram_mib
    low = np.r_[np.ones(len(jobs)), np.zeros(len(CARDS_MIB) * slots)]
    high = np.r_[np.ones(len(jobs)), np.repeat(np.array(CARDS_MIB, float), slots)]
    found = milp(
        np.array(cost),
        constraints=LinearConstraint(matrix.tocsr(), low, high),
        integrality=np.ones(len(choices)),
        bounds=Bounds(0, 1),
        options={"time_limit": LIMIT_S, "mip_rel_gap": 0.01},
    )
    return float(found.fun) if found.success else None
