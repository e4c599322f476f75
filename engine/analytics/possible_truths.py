"""What a noisy reward may truly be at the points where it was measured.

Source: Letham et al. 2019 (noisy expected improvement): the incumbent is not the best measurement,
which was lucky, but the best of each possible truth. Draws are antithetic pairs.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from engine.analytics.gaussian_process import factored
from engine.analytics.improvement import Objective
from engine.analytics.kernel import BoolArray, FloatArray
from engine.analytics.surrogate import Belief

PAIRS = 4
LIKELY = 50
"""Points with the highest means: the best of a truth is hardly ever another."""
MARGIN = 1.0
"""Deviations of the noise by which the incumbent is to be bettered. Without a margin, tries pile
up around the first good choice. Of 0, 1 and 2, 1 was best on two noisy problems, 24 seeds each."""


def possible_objective(
    belief: Belief, counts: BoolArray, rng: np.random.Generator
) -> Objective | None:
    """Return the objective for expected improvement over what the best truly is.

    counts: (n,), which points may be the incumbent; None where none may.
    """
    if not counts.any():
        return None
    noise = belief.process.believed.noise
    likely = np.argsort(-np.where(counts, belief.fitted(), -np.inf))[: min(LIKELY, counts.sum())]
    best = drawn(belief, likely, rng).max(0) + MARGIN * math.sqrt(noise)
    return Objective(belief.process, belief.solved, best, noise)


def drawn(belief: Belief, chosen: NDArray[np.intp], rng: np.random.Generator) -> FloatArray:
    """Return draws (m, 2 PAIRS) of the function at the points `chosen` (m,) of `belief`."""
    process = belief.process
    alike, _ = process.covariances(process.points[chosen])
    known = alike @ process.inverse.T
    jitter = 1e-8 * process.believed.scale
    spread, _ = factored(alike[:, chosen] - known @ known.T, jitter, jitter)
    away = spread @ rng.normal(size=(len(chosen), PAIRS))
    draws: FloatArray = belief.fitted()[chosen, None] + np.hstack([away, -away])
    return draws
