"""What is believed of arms with rewards of any size: Student's t for each mean.

Source: the conjugate posterior of a normal mean with unknown variance (Honda and Takemura 2014 use
it for Thompson sampling). Each arm's variance is its own; the pooled one counts as one value more,
so that two equal rewards do not look like certainty.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from engine.analytics.bandits import Plain, Posterior, State, checked, numbers, part
from engine.analytics.best_arm import Marginals, interval, student_marginals
from engine.analytics.sharpness import Exploration
from engine.errors import Rejected

LARGEST = 1e100
"""Of a reward: its square must stay finite."""
WIDE = 2.0
"""Scale of an arm without rewards, in pooled standard deviations around the mean of all rewards."""

Frozen = tuple[tuple[float, ...], ...]
"""Centre, scale and degrees of freedom of each arm."""


class StudentBelief:
    """Mean and variance of each arm, by running sums that do not cancel (Welford 1962)."""

    is_fading = True
    """Every reward moves the pooled variance."""

    def __init__(self, arms: int, exploration: Exploration) -> None:
        self._exploration = exploration
        self._counts = [0.0] * arms
        self._means = [0.0] * arms
        self._squares = [0.0] * arms
        """Squared distances from the arm's mean, added up."""

    @property
    def exploration(self) -> Exploration:
        """How draws differ from the posterior."""
        return self._exploration

    @property
    def total(self) -> float:
        """Rewards of all arms."""
        return sum(self._counts)

    def note(self, arm: int, reward: float, turn: int) -> None:
        """Learn a reward of any size; when it was earned makes no difference.

        Raises Rejected where it is not finite, or above 1e100.
        """
        value = checked(reward, arm, -LARGEST, LARGEST)
        count = self._counts[arm] + 1.0
        off = value - self._means[arm]
        self._counts[arm] = count
        self._means[arm] += off / count
        self._squares[arm] += off * (value - self._means[arm])

    def add_arm(self, prior: tuple[float, float] | None) -> None:
        """Begin to learn of one arm more. prior: mean, and the rewards it is worth, above 0."""
        if prior is not None and not (math.isfinite(prior[0]) and 0.0 < prior[1] < math.inf):
            raise Rejected(f"the prior {prior!r} is none: give a mean and a weight", param="prior")
        mean, weight = (0.0, 0.0) if prior is None else prior
        self._counts.append(weight)
        self._means.append(mean)
        self._squares.append(weight * self._pooled_variance())

    def draw(self, arm: int, size: int, arms: int, rng: np.random.Generator) -> list[float]:
        """Return `size` draws of the mean of `arm`, narrowed as the exploration says."""
        centre, scale, freedom = self._shape(arm)
        fold = self._exploration.sharpness(self.total, self._counts[arm], arms)
        scale /= math.sqrt(fold)
        if size == 1:
            return [centre + scale * rng.standard_t(freedom)]
        return [centre + scale * each for each in rng.standard_t(freedom, size).tolist()]

    def freeze(self, arms: int) -> Frozen:
        """Return what `drawn` needs to tell of this moment later."""
        shapes = [self._shape(arm) for arm in range(len(self._counts))]
        total = self.total
        narrow = [
            scale / math.sqrt(self._exploration.sharpness(total, count, arms))
            for (_, scale, _), count in zip(shapes, self._counts, strict=True)
        ]
        return tuple(s[0] for s in shapes), tuple(narrow), tuple(s[2] for s in shapes)

    def drawn(self, frozen: Frozen, open_arms: tuple[int, ...]) -> Marginals:
        """Return the distributions that `draw` drew from at that moment, of `open_arms` only."""
        centre, scale, freedom = (np.array([row[arm] for arm in open_arms]) for row in frozen)
        return student_marginals(centre, scale, freedom)

    def believed(self, arms: tuple[int, ...]) -> Marginals:
        """Return the posteriors of `arms`."""
        centre, scale, freedom = np.array([self._shape(arm) for arm in arms]).T
        return student_marginals(centre, scale, freedom)

    def posterior(self, arm: int) -> Posterior:
        """Return what is believed of `arm`; sd is the scale of the t, whose own may be infinite."""
        centre, scale, _ = self._shape(arm)
        low, high = interval(self.believed((arm,)))
        return Posterior(centre, scale, low, high, self._counts[arm])

    def state(self) -> State:
        """Return what `from_state` takes."""
        return {
            "kind": "student",
            "exploration": self._exploration.state(),
            "counts": [*self._counts],
            "means": [*self._means],
            "squares": [*self._squares],
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Plain]) -> StudentBelief:
        """Return the belief that `state()` told of. Raises ValueError where it is none."""
        counts = numbers(state, "counts")
        belief = cls(len(counts), Exploration.from_state(part(state, "exploration")))
        belief._counts = counts
        belief._means, belief._squares = numbers(state, "means"), numbers(state, "squares")
        return belief

    def _pooled_variance(self) -> float:
        """Return the variance within arms; between them, or 1, where that cannot be known."""
        freedom = sum(max(0.0, count - 1.0) for count in self._counts)
        squares = sum(self._squares)
        if freedom > 0.0 and squares > 0.0:
            return squares / freedom
        tried = [m for m, count in zip(self._means, self._counts, strict=True) if count > 0]
        return float(np.var(tried)) or 1.0 if tried else 1.0

    def _shape(self, arm: int) -> tuple[float, float, float]:
        """Return centre, scale and degrees of freedom of the mean of `arm`."""
        count, variance = self._counts[arm], self._pooled_variance()
        if count < 1.0:
            total = self.total
            weighted = sum(m * n for m, n in zip(self._means, self._counts, strict=True))
            return weighted / total if total else 0.0, WIDE * math.sqrt(variance), 1.0
        spread = (self._squares[arm] + variance) / count
        return self._means[arm], math.sqrt(max(spread / count, 1e-300)), count
