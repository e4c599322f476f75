"""Arms whose rewards depend on a context: linear upper bounds, of random width, or drawn means.

Sources: LinUCB, Li, Chu, Langford, Schapire 2010; RandUCB, Vaswani, Mehrabian, Durand, Kveton 2020,
who draw one width for all arms at each choice; linear Thompson sampling, Agrawal and Goyal 2013. An
arm's mean at a context has a normal posterior, so it is drawn by itself, weights never: the same
law, without a factorisation.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import repeat

import numpy as np

from engine.analytics.arms import Arms
from engine.analytics.bandits import (
    Choice,
    Flags,
    Floats,
    Plain,
    Posterior,
    State,
    checked,
    number,
    numbers,
    part,
)
from engine.analytics.best_arm import chances, student_marginals
from engine.analytics.generator_state import generator_from, generator_state
from engine.analytics.linear_belief import LinearBelief
from engine.analytics.sharpness import Exploration
from engine.errors import Rejected

RIDGE = 0.5
NOISE_SD = 0.5
"""Of rewards from 0 to 1; the first rewards overrule it."""
AHEAD = 128
SMALLEST = 1e-12
"""Of a variance: rounding may leave it at or below nothing."""
WIDTHS = (0.5, 2.5)
"""Standard deviations that bounds lie above the mean, evenly drawn: as good as the best fixed width
of each problem that was tried, and random, so that what was chosen can be weighed later."""
NO_FLOOR = Exploration(floor=0.0)
"""No floor: where arms differ by context, a try in vain costs as much as ever."""
NINETY_PERCENT = 1.6448536269514722
"""Standard deviations on each side of a normal mean that hold it."""


class LinearBandit:
    """Chooses the highest upper bound at the context; without `widths`, by Thompson sampling.

    context_size: how many numbers a context has; give a constant 1 among them.
    widths: between which numbers of standard deviations the bounds' common height is drawn; LinUCB
    has two equal ones. Of `exploration` only the floors are used. shares_ties: arms with the same
    bound, such as new ones, are chosen alike often; else the first is.
    """

    def __init__(
        self,
        *,
        arms: int,
        context_size: int,
        seed: int | np.random.Generator,
        exploration: Exploration = NO_FLOOR,
        widths: tuple[float, float] | None = WIDTHS,
        shares_ties: bool = False,
    ) -> None:
        self._arms = Arms(arms)
        self._belief = LinearBelief(arms, context_size, ridge=RIDGE, noise_sd=NOISE_SD)
        self._rng = np.random.default_rng(seed)
        self._exploration = exploration
        self._widths = widths
        self._shares_ties = shares_ties
        self._turn = 0
        self._normals: list[float] = []
        self._uniforms: list[float] = []

    @property
    def arms(self) -> int:
        """How many there are, the removed ones included."""
        return self._arms.count

    @property
    def belief(self) -> LinearBelief:
        """What it knows."""
        return self._belief

    def choose(self, context: Floats | None = None, allowed: Flags | None = None) -> Choice:
        """Return an arm for `context`, shape (d,). Raises Rejected where either is none."""
        at = self._belief.checked(context)
        arms = self._arms.open(allowed)
        turn = self._turn
        self._turn = turn + 1
        least = self._exploration.least(self._belief.total, len(arms))
        means, variances = self._belief.predict(at)
        scales = _scales(variances, self._belief.noise_variance)
        if least > 0.0 and (uniform := self._uniform()) < least * len(arms):
            arm = arms[int(uniform / least)]
        else:
            arm = self._highest(arms, means, scales)
        return Choice(arm, turn, partial(self._propensities, arms, least, means, scales))

    def reward(
        self, arm: int, reward: float, context: Floats | None = None, *, turn: int | None = None
    ) -> None:
        """Learn what a choice of `arm` at `context` earned; when it was makes no difference."""
        self._arms.check(arm)
        self._belief.note(arm, checked(reward, arm), self._belief.checked(context))

    def predict(self, arm: int, context: Floats) -> Posterior:
        """Return what is believed of the mean of `arm` at `context`."""
        self._arms.check(arm)
        means, variances = self._belief.predict(self._belief.checked(context))
        mean, sd = means[arm], math.sqrt(max(0.0, variances[arm]) * self._belief.noise_variance)
        reach = NINETY_PERCENT * sd
        return Posterior(mean, sd, mean - reach, mean + reach, self._belief.counts[arm])

    def posterior(self, arm: int) -> Posterior:
        """Return what is believed of the mean of `arm` at the mean context so far."""
        return self.predict(arm, self._belief.mean_context)

    def probability_best(self, context: Floats | None = None) -> Floats:
        """Return the probability that each arm is best at `context`, shape (arms,).

        context: None for the mean context so far.
        """
        found = np.zeros(self._arms.count)
        if self._arms.live:
            at = self._belief.mean_context if context is None else self._belief.checked(context)
            means, variances = self._belief.predict(at)
            scales = _scales(variances, self._belief.noise_variance)
            found[list(self._arms.live)] = _chances(self._arms.live, means, scales)
        return found

    def add_arm(self, prior: tuple[float, float] | None = None) -> int:
        """Add an arm and return its number. Raises Rejected for a prior: weights have their own."""
        if prior is not None:
            raise Rejected(f"the prior {prior!r}: linear arms take none", param="prior")
        self._belief.add_arm()
        return self._arms.add()

    def remove_arm(self, arm: int) -> None:
        """Never choose `arm` again. Raises Rejected where it does not exist."""
        self._arms.remove(arm)

    def forget(self) -> None:
        """Believe of every arm what is believed before any reward; arms stay as they are."""
        size = self._belief.size
        self._belief = LinearBelief(self._arms.count, size, ridge=RIDGE, noise_sd=NOISE_SD)

    def state(self) -> State:
        """Return what `from_state` takes to go on exactly here."""
        return {
            "kind": "linear",
            "arms": self._arms.state(),
            "belief": self._belief.state(),
            "exploration": self._exploration.state(),
            "widths": None if self._widths is None else [*self._widths],
            "shares_ties": self._shares_ties,
            "generator": generator_state(self._rng),
            "turn": self._turn,
            "normals": [*self._normals],
            "uniforms": [*self._uniforms],
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Plain]) -> LinearBandit:
        """Return the policy that `state()` told of. Raises ValueError where it is none."""
        widths = None if state.get("widths") is None else numbers(state, "widths")
        found = cls(
            arms=1,
            context_size=1,
            seed=generator_from(part(state, "generator")),
            exploration=Exploration.from_state(part(state, "exploration")),
            widths=None if widths is None else (widths[0], widths[1]),
            shares_ties=state.get("shares_ties") is True,
        )
        found._arms = Arms.from_state(part(state, "arms"))
        found._belief = LinearBelief.from_state(part(state, "belief"))
        found._turn = int(number(state.get("turn"), "turn"))
        found._normals = numbers(state, "normals")
        found._uniforms = numbers(state, "uniforms")
        return found

    def _highest(self, arms: tuple[int, ...], means: list[float], scales: list[float]) -> int:
        best, highest = [arms[0]], -math.inf
        heights: Iterator[float]
        if self._widths is not None:
            low, high = self._widths
            heights = repeat(low + (high - low) * self._uniform())
        else:
            if len(self._normals) < len(arms):
                self._normals = self._rng.standard_normal(AHEAD + len(arms)).tolist()
            heights = iter(self._normals.pop, None)
        for arm, height in zip(arms, heights, strict=False):
            value = means[arm] + height * scales[arm]
            if value > highest:
                best, highest = [arm], value
            elif value == highest and self._shares_ties:
                best.append(arm)
        return best[0] if len(best) == 1 else best[int(self._uniform() * len(best))]

    def _uniform(self) -> float:
        if not self._uniforms:
            self._uniforms = self._rng.random(AHEAD).tolist()
        return self._uniforms.pop()

    def _propensities(
        self, arms: tuple[int, ...], least: float, means: list[float], scales: list[float]
    ) -> Floats:
        if self._widths is None:
            best = _chances(arms, means, scales)
        else:
            best = _shares(
                np.array([means[arm] for arm in arms]),
                np.array([scales[arm] for arm in arms]),
                self._widths,
                shares_ties=self._shares_ties,
            )
        found = np.zeros(len(means))
        found[list(arms)] = least + (1.0 - least * len(arms)) * best
        return found


def _scales(variances: list[float], noise: float) -> list[float]:
    """Return standard deviations of means; variances: as shares of the noise's."""
    return [math.sqrt(noise * (each if each > SMALLEST else SMALLEST)) for each in variances]


def _shares(
    means: Floats, scales: Floats, widths: tuple[float, float], *, shares_ties: bool
) -> Floats:
    """Return the share of widths at which each arm's bound is highest, shape (arms,).

    The bounds are lines over the width: who is highest changes only where two lines cross. Of those
    that are one line the first counts, or all alike.
    """
    low, high = widths
    with np.errstate(divide="ignore", invalid="ignore"):
        crossings = (means[:, None] - means) / (scales - scales[:, None])
    inner = crossings[(crossings > low) & (crossings < high)]
    edges = np.unique(np.concatenate([[low, high], inner]))
    middles = (edges[1:] + edges[:-1]) / 2 if high > low else edges
    weights = np.diff(edges) / (high - low) if high > low else np.ones(1)
    bounds = means[:, None] + scales[:, None] * middles
    are_highest = bounds == bounds.max(0)
    if not shares_ties:
        are_highest &= are_highest.cumsum(0) == 1
    return np.asarray((are_highest / are_highest.sum(0)) @ weights, dtype=np.float64)


def _chances(arms: tuple[int, ...], means: list[float], scales: list[float]) -> Floats:
    """Return the probability of each of `arms` to be best where means are normal."""
    centre = np.array([means[arm] for arm in arms])
    scale = np.array([scales[arm] for arm in arms])
    return chances(student_marginals(centre, scale, np.full(len(arms), np.inf)))
