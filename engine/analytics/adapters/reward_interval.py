"""A reward as it is believed: a mean, and what holds it with 90 % probability."""

from __future__ import annotations

from engine.analytics.snapshot import Estimate

NINETY = 1.6449
"""Standard deviations on each side of the mean that hold 90 % of a normal distribution."""


def interval(mean: float, deviation: float) -> Estimate:
    """Return a reward, 0 to 1, with the interval that holds it with 90 % probability."""
    low, high = mean - NINETY * deviation, mean + NINETY * deviation
    return Estimate(*(min(1.0, max(0.0, each)) for each in (mean, low, high)))
