"""Which measurements are kept in view when there are too many for a Gaussian process.

Source: the idea of local models around the best points of Eriksson et al. 2019 (TuRBO): what lies
near the best decides where to look next; a spread of all others keeps the model honest elsewhere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.analytics.kernel import FloatArray

MOST = 400
"""Points that a posterior may have: with more, a suggestion takes longer than 25 ms."""
KEPT = 300
"""Points that are chosen when there are more; up to MOST it then grows one by one."""
BEST_SHARE, NEAR_SHARE = 0.3, 0.4


def in_view(units: FloatArray, rewards: FloatArray, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return the indices of the measurements to look at, ascending; all where they are few.

    units: (n, d). rewards: (n,), with what is infeasible far below. The best three tenths of
    KEPT, four tenths nearest to the best, and others drawn evenly.
    """
    count = len(units)
    if count <= MOST:
        return np.arange(count)
    is_chosen = np.zeros(count, dtype=bool)
    best = int(BEST_SHARE * KEPT)
    top = np.argpartition(-rewards, best)[:best]
    is_chosen[top] = True
    away = ((units - units[int(np.argmax(rewards))]) ** 2).sum(1)
    away[is_chosen] = np.inf
    near = int(NEAR_SHARE * KEPT)
    is_chosen[np.argpartition(away, near)[:near]] = True
    others = np.flatnonzero(~is_chosen)
    is_chosen[rng.choice(others, KEPT - best - near, replace=False)] = True
    return np.flatnonzero(is_chosen)
