"""Whether enough is known to stop trying other arms.

Sources: the generalised likelihood ratio rule of Garivier and Kaufmann 2016: stop when, for the arm
a with the highest mean and every other arm b, Z_ab > log((1 + log t) / delta); the threshold is the
one they use in practice, their proof has a larger one. Expected loss: stop when choosing the arm
for good loses less than one cares about (Stucchio 2015).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from engine.analytics.kl_ucb import divergence

ERROR = 0.05


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an arm is the best."""

    arm: int
    """The one with the highest mean; -1 where nothing is known."""
    is_decided: bool
    statistic: float
    """Smallest log likelihood ratio against another arm, in nats; infinite without another."""
    threshold: float
    """What it must exceed, in nats."""


def bounded_ratio(counts: tuple[float, float], means: tuple[float, float]) -> float:
    """Return log likelihood of two means over that of one, for rewards from 0 to 1, in nats.

    n_a kl(m_a, m) + n_b kl(m_b, m), m the mean of both.
    """
    total = counts[0] + counts[1]
    both = (counts[0] * means[0] + counts[1] * means[1]) / total
    if both <= 0.0 or both >= 1.0:
        return 0.0
    return counts[0] * divergence(means[0], both) + counts[1] * divergence(means[1], both)


def normal_ratio(
    counts: tuple[float, float], means: tuple[float, float], variances: tuple[float, float]
) -> float:
    """Return the same for normal rewards whose variances are known well, in nats.

    (m_a - m_b)^2 / (2 (v_a / n_a + v_b / n_b)).
    """
    spread = variances[0] / counts[0] + variances[1] / counts[1]
    return (means[0] - means[1]) ** 2 / (2.0 * spread) if spread > 0.0 else 0.0


def verdict(
    counts: Sequence[float],
    means: Sequence[float],
    *,
    variances: Sequence[float] | None = None,
    error: float = ERROR,
) -> Verdict:
    """Return whether the arm with the highest mean may be called the best.

    counts: rewards of each arm. variances: of their rewards where these are not from 0 to 1.
    error: the probability of being wrong that is accepted, in (0, 1).
    An arm without rewards keeps everything undecided: it might be the best.
    """
    if not 0.0 < error < 1.0:
        raise ValueError(f"error is {error!r}: it lies between 0 and 1")
    total = sum(counts)
    threshold = math.log((1.0 + math.log(max(total, 1.0))) / error)
    if total <= 0.0:
        return Verdict(-1, False, 0.0, threshold)
    tried = [arm for arm, count in enumerate(counts) if count > 0.0]
    best = max(tried, key=lambda arm: means[arm])
    if len(tried) < len(counts):
        return Verdict(best, False, 0.0, threshold)
    ratios = [math.inf]
    for arm in tried:
        if arm == best:
            continue
        pair = (counts[best], counts[arm]), (means[best], means[arm])
        if variances is None:
            ratios.append(bounded_ratio(*pair))
        else:
            ratios.append(normal_ratio(*pair, (variances[best], variances[arm])))
    statistic = min(ratios)
    return Verdict(best, statistic > threshold, statistic, threshold)


def is_loss_small(expected_loss: float, *, worth: float) -> bool:
    """Tell whether choosing an arm for good loses less than one cares about, in reward."""
    return expected_loss < worth
