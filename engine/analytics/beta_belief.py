"""What is believed of arms whose rewards lie between 0 and 1: Beta posteriors."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.analytics.bandits import Floats, Plain, Posterior, State, checked, numbers, part
from engine.analytics.best_arm import Marginals, beta_marginals, interval
from engine.analytics.counts import AllCounts, Counts, FadingCounts, WindowCounts
from engine.analytics.drifting_counts import DriftingCounts
from engine.analytics.sharpness import Exploration
from engine.errors import Rejected

UNIFORM = (1.0, 1.0)


Frozen = tuple[tuple[float, ...], ...]
"""Successes and failures of each arm at one moment; their total and the number of arms."""


class BetaBelief:
    """Beta(a + S, b + F) for each arm: S is what its rewards add up to, F what they lack of 1.

    Source: conjugate of Bernoulli rewards; fractions count in part (Agrawal and Goyal 2012 toss a
    coin for them instead, which only adds noise), and are believed a little too cautiously.
    """

    def __init__(
        self, counts: Counts, exploration: Exploration, *, prior: tuple[float, float] = UNIFORM
    ) -> None:
        self._counts = counts
        self._exploration = exploration
        self._prior = _checked_prior(prior)
        self._priors = [self._prior] * len(counts.successes)

    @property
    def is_fading(self) -> bool:
        """Tell whether a reward of one arm changes what is known of others."""
        return self._counts.is_fading

    @property
    def exploration(self) -> Exploration:
        """How draws differ from the posterior."""
        return self._exploration

    @property
    def total(self) -> float:
        """Rewards it stands on, of all arms."""
        return self._counts.total

    @property
    def counts(self) -> Counts:
        """What it stands on."""
        return self._counts

    def note(self, arm: int, reward: float, turn: int) -> None:
        """Count a reward from 0 to 1. Raises Rejected where it is none."""
        self._counts.note(arm, checked(reward, arm, 0.0, 1.0), turn)

    def add_arm(self, prior: tuple[float, float] | None) -> None:
        """Begin to count for one arm more. prior: successes and failures, both positive."""
        self._priors.append(self._prior if prior is None else _checked_prior(prior))
        self._counts.add_arm()

    def draw(self, arm: int, size: int, arms: int, rng: np.random.Generator) -> list[float]:
        """Return `size` draws of the mean of `arm`, narrowed as the exploration says."""
        counts = self._counts
        won, lost = counts.successes[arm], counts.failures[arm]
        fold = self._exploration.sharpness(counts.total, won + lost, arms)
        a, b = self._priors[arm]
        a += fold * won + self._exploration.optimism
        b += fold * lost
        return [rng.beta(a, b)] if size == 1 else rng.beta(a, b, size).tolist()

    def freeze(self, arms: int) -> Frozen:
        """Return what `drawn` needs to tell of this moment later."""
        counts = self._counts
        return tuple(counts.successes), tuple(counts.failures), (counts.total, arms)

    def drawn(self, frozen: Frozen, open_arms: tuple[int, ...]) -> Marginals:
        """Return the distributions that `draw` drew from at that moment, of `open_arms` only."""
        successes, failures, (total, arms) = frozen
        alpha, beta = np.empty(len(open_arms)), np.empty(len(open_arms))
        for row, arm in enumerate(open_arms):
            won, lost = successes[arm], failures[arm]
            fold = self._exploration.sharpness(total, won + lost, int(arms))
            a, b = self._priors[arm]
            alpha[row] = a + fold * won + self._exploration.optimism
            beta[row] = b + fold * lost
        return beta_marginals(alpha, beta)

    def believed(self, arms: tuple[int, ...]) -> Marginals:
        """Return the posteriors of `arms`, nothing narrowed or added."""
        alpha = np.array([self._priors[arm][0] + self._counts.successes[arm] for arm in arms])
        beta = np.array([self._priors[arm][1] + self._counts.failures[arm] for arm in arms])
        return beta_marginals(alpha, beta)

    def posterior(self, arm: int) -> Posterior:
        """Return what is believed of `arm`."""
        won, lost = self._counts.successes[arm], self._counts.failures[arm]
        a, b = self._priors[arm][0] + won, self._priors[arm][1] + lost
        low, high = interval(self.believed((arm,)))
        sd = (a * b / (a + b + 1.0)) ** 0.5 / (a + b)
        return Posterior(a / (a + b), sd, low, high, won + lost)

    def state(self) -> State:
        """Return what `from_state` takes."""
        return {
            "kind": "beta",
            "prior": [*self._prior],
            "priors": [[*each] for each in self._priors],
            "exploration": self._exploration.state(),
            "counts": self._counts.state(),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Plain]) -> BetaBelief:
        """Return the belief that `state()` told of. Raises ValueError where it is none."""
        belief = cls(
            counts_from(part(state, "counts")),
            Exploration.from_state(part(state, "exploration")),
            prior=_pair(state.get("prior")),
        )
        priors = state.get("priors")
        if not isinstance(priors, list):
            raise ValueError(f"priors: a list is needed, not {priors!r}")
        belief._priors = [_pair(each) for each in priors]
        return belief


def counts_from(state: Mapping[str, Plain]) -> Counts:
    """Return the counts of whatever kind that `state` tells of. Raises ValueError for others."""
    kind = state.get("kind")
    if kind == "all":
        return AllCounts.from_state(state)
    if kind == "fading":
        return FadingCounts.from_state(state)
    if kind == "window":
        return WindowCounts.from_state(state)
    if kind == "drifting":
        return DriftingCounts.from_state(state)
    raise ValueError(f"counts: {kind!r} is no kind that is known")


def _pair(value: Plain) -> tuple[float, float]:
    first, second = numbers({"prior": value}, "prior")
    return first, second


def _checked_prior(prior: tuple[float, float]) -> tuple[float, float]:
    if not all(0 < each < float("inf") for each in prior):
        raise Rejected(
            f"the prior {prior!r} is none: give successes and failures, both above 0", param="prior"
        )
    return prior


def beta_density(alpha: float, beta: float, at: Floats) -> Floats:
    """Return the density of Beta(alpha, beta) over equal cells around `at`, which spans [0, 1].

    The mean density of each cell, not its value at the middle: poles and needles keep their area.
    """
    marginals = beta_marginals(np.array([alpha]), np.array([beta]))
    edges = np.concatenate([[0.0], (at[1:] + at[:-1]) / 2, [1.0]])
    below = np.interp(edges, marginals.values, marginals.distributions[0], left=0.0, right=1.0)
    return np.asarray(np.diff(below) / np.diff(edges), dtype=np.float64)
