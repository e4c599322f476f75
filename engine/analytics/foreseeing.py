"""What values would lead to, as far as what was tried tells: reward, latency, and why so.

A Gaussian process over just the parameters that are asked about, made anew for every question: what
other parameters were meanwhile is averaged over, and values outside of every bound have a place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import stdtrit  # noqa: TID253 - only the optimiser's own threads load this

from engine.analytics.answers import WhatIf
from engine.analytics.best_arm import beta_marginals
from engine.analytics.blas_threads import use_one_thread
from engine.analytics.condensing import Condensed, condensed
from engine.analytics.gaussian_process import leave_one_out
from engine.analytics.measurements import Measurements, Told
from engine.analytics.observations import StudyKey
from engine.analytics.snapshot import Estimate, Values
from engine.analytics.space import FloatArray, Space
from engine.analytics.surrogate import Belief, Surrogate
from engine.analytics.tried_values import (
    FEW,
    Tried,
    counting,
    evidence_of,
    space_around,
    warnings_of,
)

MOST_POINTS = 128
"""Beyond, answers are looked at in groups: hyperparameters are found in 0.1 s with these."""
STEPS = 40
"""Of that search."""
MOST_TRIED = 4_000
"""Newest answers that are looked at."""


def foreseen(key: StudyKey, values: Values, tried: Sequence[Tried], known: Space | None) -> WhatIf:
    """Return what to expect of `values`; those that are left out stay as requests have them.

    tried: answers of the study, oldest first. known: the parameters of the settings. Takes some
    0.2 s. Raises Rejected where a value is none of its parameter.
    """
    use_one_thread()
    kept, left_out = counting(values, known)
    rows = tried[-MOST_TRIED:]
    space = space_around(kept, rows, known) if kept else None
    alike = [row for row in rows if _is_alike(kept, row)]
    rated = [row for row in alike if row.reward is not None]
    warnings = [*warnings_of(kept, rows, known), *left_out]
    if 0 < len(rated) < FEW:
        warnings.append(f"few rated answers are like it ({len(rated)}), so its interval is rough")
    return WhatIf(
        model=key.model,
        task_type=key.task_type,
        values=kept,
        reward=_reward(kept, rated, space),
        latency_ms=_latency(kept, alike, space),
        rated=len(rated),
        evidence=tuple(evidence_of(kept, alike, space)),
        warnings=tuple(warnings),
    )


def _is_alike(values: Values, row: Tried) -> bool:
    """Tell whether an answer had a value for all that is asked about, or none where none is."""
    return values.keys() <= row.values.keys() if values else not row.values


def _reward(values: Values, rated: Sequence[Tried], space: Space | None) -> Estimate | None:
    """Return the mean reward and where it lies with 90 % probability."""
    rewards = np.array([row.reward for row in rated], dtype=np.float64)
    if not len(rewards):
        return None
    if space is None:
        # As a Beta of what was counted: rewards between 0 and 1 vary no more than a coin.
        good, bad = np.array([1 + rewards.sum()]), np.array([1 + (1 - rewards).sum()])
        found = beta_marginals(good, bad)
        low, high = np.interp((0.05, 0.95), found.distributions[0], found.values)
        mean = float(rewards.mean())
        return Estimate(mean, min(mean, float(low)), max(mean, float(high)))
    told = [Told(row.values, float(each), (), 0) for row, each in zip(rated, rewards, strict=True)]
    middle, half, _ = _posterior(space, told, values)
    ends = (middle, middle - half, middle + half)
    return Estimate(*(min(1.0, max(0.0, each)) for each in ends))


def _latency(values: Values, alike: Sequence[Tried], space: Space | None) -> Estimate | None:
    """Return the median latency in ms, and between what 90 of 100 answers lie."""
    timed = [row for row in alike if row.latency_ms is not None and row.latency_ms > 0]
    if not timed:
        return None
    logs = [math.log(row.latency_ms or 1.0) for row in timed]
    if space is None:
        low, median, high = np.exp(np.quantile(logs, (0.05, 0.5, 0.95)))
        return Estimate(float(median), float(low), float(high))
    told = [Told(row.values, log, (), 0) for row, log in zip(timed, logs, strict=True)]
    mean, spread, noise = _posterior(space, told, values)
    half = math.hypot(spread, noise)
    return Estimate(math.exp(mean), math.exp(mean - half), math.exp(mean + half))


def _posterior(space: Space, told: Sequence[Told], values: Values) -> tuple[float, float, float]:
    """Return the mean of a quantity at `values`, and how far from it 90 % lie: it, and one answer.

    The quantity is what is in the place of rewards. Few answers fit whatever is believed of them
    too well: all deviations are widened to those with which each is predicted from all others, and
    Student's quantile is taken in place of the normal one.
    """
    measured = Measurements(space, 0)
    for each in told:
        measured.add(each)
    at = space.encode(values)
    assert at is not None
    seen: Measurements | Condensed = measured
    if measured.count > MOST_POINTS:
        seen = condensed(measured)
    surrogate = Surrogate(space.is_choice, is_noisy=True, is_bent=False)
    surrogate.improve(seen.units, seen.rewards, STEPS)
    belief = surrogate.condition(seen.units, seen.rewards)
    mean, deviation = _with_level(belief, at)
    # The mean of a group varies less than one answer does.
    noise = math.sqrt(belief.process.noise * measured.count / seen.count)
    above, alone = leave_one_out(belief.process, belief.solved)
    wider = max(1.0, math.sqrt(float(np.mean((above / alone) ** 2))))
    scale = belief.warp.spread * wider * _quantile(seen.count - space.size - 1)
    return belief.warp.middle + mean * belief.warp.spread, deviation * scale, noise * scale


def _quantile(freedom: int) -> float:
    """Return the number of deviations on each side that hold 90 % of Student's distribution."""
    return float(stdtrit(max(1, freedom), 0.95))


def _with_level(belief: Belief, at: FloatArray) -> tuple[float, float]:
    """Return mean and deviation at `at` (d,) on the scale of a belief, its level being unknown.

    The level is that to which everything returns far away. It is not the mean of all answers, most
    of which may be of one choice: places that lie together count as one. Source: Rasmussen and
    Williams 2006, eqs. 2.41 and 2.42, with a constant and no prior for it.
    """
    process = belief.process
    solved = process.solve(np.ones(len(belief.scaled)))
    total = float(solved.sum())
    level = float(solved @ belief.scaled) / total
    coefficients = process.solve(belief.scaled - level)
    _, deviation = process.mean_and_deviation(at[None], coefficients)
    mean = level + float(process.mean(at[None], coefficients)[0])
    unknown = 1.0 - float(process.mean(at[None], solved)[0])
    return mean, math.sqrt(float(deviation[0]) ** 2 + unknown**2 / total)
