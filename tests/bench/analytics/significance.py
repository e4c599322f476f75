"""Whether one sample is larger than another, without a statistics library."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def mann_whitney(larger: Sequence[float], smaller: Sequence[float]) -> float:
    """Return the one-sided p-value that `larger` is not larger than `smaller`.

    Source: Mann and Whitney 1947, normal approximation with correction for ties and continuity,
    as scipy.stats.mannwhitneyu(alternative="greater", method="asymptotic").
    """
    a, b = np.asarray(larger, float), np.asarray(smaller, float)
    a, b = np.where(np.isfinite(a), a, 1e300), np.where(np.isfinite(b), b, 1e300)
    both = np.concatenate([a, b])
    _, place, counts = np.unique(both, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    u = ranks[: len(a)].sum() - len(a) * (len(a) + 1) / 2
    total = len(both)
    ties = (counts.astype(float) ** 3 - counts).sum() / (total * (total - 1))
    variance = len(a) * len(b) / 12 * (total + 1 - ties)
    if variance <= 0:
        return 1.0
    z = (u - len(a) * len(b) / 2 - 0.5) / math.sqrt(variance)
    return 0.5 * math.erfc(z / math.sqrt(2))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values after Holm's step-down correction (Holm 1979), in the same order."""
    order = np.argsort(p_values)
    adjusted, least = [0.0] * len(p_values), 0.0
    for step, index in enumerate(order):
        least = max(least, min(1.0, p_values[index] * (len(p_values) - step)))
        adjusted[index] = least
    return adjusted
