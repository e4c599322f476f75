"""Which arm has the highest mean, and what choosing another would lose: by quadrature.

P(arm i is best) is the integral of its density times the other arms' distribution functions; the
expected loss of an arm is E[highest mean] - E[its mean]. Thompson sampling chooses an arm with just
the first probability (Thompson 1933), so these are its propensities too. A thousand draws would
know a probability of 0.01 to a third of itself; this knows it to a thousandth of 1, in less time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analytics.bandits import Floats

SIDE = 32
"""Points on each side of each arm's centre. With 32, chances are within 0.001 of 512's."""
HEAVY_TAILED = 3.0
"""Degrees of freedom of a t below which points must reach far."""
_STEPS = np.linspace(0, 1, SIDE + 1)[1:]
_TINY = 1e-300
_NARROWEST = 1e-12
"""Of a t's centre: numbers closer to it than some thousandth of that cannot be told apart."""
_NARROWEST_AT_ZERO = 1e-100


@dataclass(frozen=True, slots=True)
class Marginals:
    """Posterior densities of the arms' means at common points."""

    points: Floats
    """Shape (g,), increasing; in a scale in which densities have no poles."""
    values: Floats
    """Shape (g,): the mean reward at each point."""
    densities: Floats
    """Shape (arms, g), over `points`; each integrates to 1."""
    distributions: Floats
    """Shape (arms, g): the integrals up to each point."""


def beta_marginals(alpha: Floats, beta: Floats) -> Marginals:
    """Return Beta(alpha, beta) of each arm, both shape (arms,) and positive.

    In the logit z of the mean the density is proportional to m^alpha (1-m)^beta: it has no pole
    where a parameter is below 1, and falls like exp(-alpha |z|) and exp(-beta z).
    """
    centre, width = np.log(alpha / beta), np.sqrt(1 / alpha + 1 / beta)
    points = _points(centre, 6 * width + 12 / alpha, 6 * width + 12 / beta, power=2)
    below, above = -np.logaddexp(0, -points), -np.logaddexp(0, points)
    return _marginals(points, np.exp(below), alpha[:, None] * below + beta[:, None] * above)


def student_marginals(centre: Floats, scale: Floats, freedom: Floats) -> Marginals:
    """Return Student's t of each arm; all shape (arms,). Freedom of infinity: normal.

    Scales too small for the numbers around their centre are taken as the smallest that is not.
    """
    scale = np.maximum(scale, np.abs(centre) * _NARROWEST + _NARROWEST_AT_ZERO)
    heavy = np.power(300.0, 1 / np.maximum(freedom, 1.0))
    reach = scale * (6 + np.where(np.isfinite(freedom), heavy, 0.0))
    points = _points(centre, reach, reach, power=4 if freedom.min() < HEAVY_TAILED else 2)
    z2 = ((points - centre[:, None]) / scale[:, None]) ** 2
    finite = np.where(np.isfinite(freedom), freedom, 1.0)[:, None]
    heavy_tailed = -(finite + 1) / 2 * np.log1p(z2 / finite)
    return _marginals(
        points, points, np.where(np.isfinite(freedom)[:, None], heavy_tailed, -z2 / 2)
    )


def chances(marginals: Marginals) -> Floats:
    """Return the probability that each arm has the highest mean, shape (arms,); the sum is 1."""
    logs = np.log(np.maximum(marginals.distributions, _TINY))
    others = np.exp(logs.sum(0) - logs)
    found = np.trapezoid(marginals.densities * others, marginals.points, axis=1)
    return np.asarray(found / found.sum(), dtype=np.float64)


def expected_losses(marginals: Marginals) -> Floats:
    """Return what choosing each arm for good is expected to lose, shape (arms,), at least 0.

    E[max] is top - the integral of the product of the distributions over the values.
    """
    values = marginals.values
    highest = values[-1] - np.trapezoid(marginals.distributions.prod(0), values)
    means = values[-1] - np.trapezoid(marginals.distributions, values, axis=1)
    return np.asarray(np.maximum(0.0, highest - means), dtype=np.float64)


def _points(centre: Floats, left: Floats, right: Floats, power: int) -> Floats:
    """Return all arms' points in one row, dense around each centre."""
    steps = _STEPS**power
    return np.unique(
        np.concatenate(
            [
                centre,
                (centre[:, None] - left[:, None] * steps).ravel(),
                (centre[:, None] + right[:, None] * steps).ravel(),
            ]
        )
    )


def _marginals(points: Floats, values: Floats, log_densities: Floats) -> Marginals:
    densities = np.exp(log_densities - log_densities.max(1, keepdims=True))
    steps = np.diff(points) * (densities[:, 1:] + densities[:, :-1]) / 2
    sums = np.concatenate([np.zeros((len(densities), 1)), np.cumsum(steps, axis=1)], axis=1)
    total = sums[:, -1:]
    return Marginals(points, values, densities / total, sums / total)


def interval(marginals: Marginals, arm: int = 0) -> tuple[float, float]:
    """Return between which values the mean of `arm` lies with 90 % probability, tails alike."""
    low, high = np.interp([0.05, 0.95], marginals.distributions[arm], marginals.values)
    return float(low), float(high)
