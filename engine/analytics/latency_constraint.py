"""Which arms are likely to answer in time: the posterior of the 95 % quantile of the latency.

Latencies are taken as log-normal. With the conjugate prior of mean and variance of their logarithms
(Gelman et al., Bayesian Data Analysis, 3.3), the quantile is mu + 1.645 sigma; that it lies below
the limit has the probability of mu <= log L - 1.645 sigma, averaged over sigma. An answer that will
be slow is not just an arm whose mean is: an arm that scatters is left out too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from engine.analytics.bandits import Flags, Plain, State, number
from engine.errors import Rejected

QUANTILE = 1.6448536269514722
"""Standard deviations from the mean to the 95 % quantile of a normal."""
PRIOR_SPREAD = 0.7
"""Standard deviation of log latencies that is expected before any: a factor of 2 either way."""
PRIOR_FREEDOM = 2.0
"""Answers that this is worth."""
LEAST_ANSWERS = 5
"""Before so many an arm is allowed: nobody can tell yet."""
SIGMAS = 101
"""Points of the average over sigma."""


class LatencyBelief:
    """What is believed of the latency of one arm."""

    def __init__(self) -> None:
        self.count = 0
        self._mean = 0.0
        self._squares = 0.0

    def note(self, latency_ms: float) -> None:
        """Learn how long an answer took. Raises Rejected where it is no latency."""
        if not (math.isfinite(latency_ms) and latency_ms > 0.0):
            raise Rejected(
                f"the latency {latency_ms!r} ms is none: give a number above 0", param="latency_ms"
            )
        self.count += 1
        off = math.log(latency_ms) - self._mean
        self._mean += off / self.count
        self._squares += off * (math.log(latency_ms) - self._mean)

    def p95_ms(self) -> float | None:
        """Return the likeliest 95 % quantile, in ms; None before the first answer."""
        if self.count == 0:
            return None
        variance = self._sum_of_squares() / (self.count + PRIOR_FREEDOM)
        return math.exp(self._mean + QUANTILE * math.sqrt(variance))

    def chance_within(self, limit_ms: float) -> float:
        """Return the probability that 95 of 100 answers take at most `limit_ms`.

        1/2 before the first answer. Raises Rejected where the limit is none.
        """
        if not (math.isfinite(limit_ms) and limit_ms > 0.0):
            raise Rejected(f"a limit of {limit_ms!r} ms is none: give one above 0")
        if self.count == 0:
            return 0.5
        freedom = self.count + PRIOR_FREEDOM - 1.0
        # log sigma has its mode at half the log of the variance, and a spread of about
        # sqrt(1 / 2 freedom); the density of sigma is that of a scaled inverse chi square.
        centre = 0.5 * math.log(self._sum_of_squares() / freedom)
        width = 1.0 / math.sqrt(2.0 * freedom)
        logs = centre + width * np.linspace(-6.0, 12.0, SIGMAS)
        heights = -freedom * logs - self._sum_of_squares() / (2.0 * np.exp(2.0 * logs))
        weights = np.exp(heights - heights.max())
        sigmas = np.exp(logs)
        z = (math.log(limit_ms) - self._mean - QUANTILE * sigmas) * math.sqrt(self.count) / sigmas
        below = [0.5 * math.erfc(-each / math.sqrt(2.0)) for each in z.tolist()]
        return float((weights * np.array(below)).sum() / weights.sum())

    def state(self) -> State:
        """Return what `from_state` takes."""
        return {"count": self.count, "mean": self._mean, "squares": self._squares}

    @classmethod
    def from_state(cls, state: Mapping[str, Plain]) -> LatencyBelief:
        """Return the belief that `state()` told of. Raises ValueError where it is none."""
        belief = cls()
        belief.count = int(number(state.get("count"), "count"))
        belief._mean = number(state.get("mean"), "mean")
        belief._squares = number(state.get("squares"), "squares")
        return belief

    def _sum_of_squares(self) -> float:
        return self._squares + PRIOR_FREEDOM * PRIOR_SPREAD**2


def within_limit(beliefs: Sequence[LatencyBelief], limit_ms: float, *, sure: float = 0.5) -> Flags:
    """Return which arms may be chosen under `limit_ms`, shape (arms,).

    sure: an arm is left out where it keeps the limit with a lower probability; not before it has
    LEAST_ANSWERS answers. All False where all are likely too slow: whoever asks must say so.
    """
    return np.array(
        [each.count < LEAST_ANSWERS or each.chance_within(limit_ms) >= sure for each in beliefs],
        dtype=np.bool_,
    )
