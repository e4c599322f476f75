"""What other choices would have earned, from a log of choices whose probabilities are known.

w = p(arm) / q(arm): p the probability with which the policy in question would have chosen the arm
that was chosen, q that with which it was. Sources: IPS, Horvitz and Thompson 1952; SNIPS,
Swaminathan and Joachims 2015; doubly robust, Dudik, Langford, Li 2011; effective samples
(sum w)^2 / sum w^2, Kish 1965.

An estimate is refused where it would stand on a few choices, or on none where it matters: wherever
the log never or hardly ever chose what the policy would, no average of it can tell.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.analytics.bandits import Floats
from engine.errors import Rejected

LEAST_EFFECTIVE = 30.0
"""Effective samples below which a normal interval means little. With so many, no single choice has
more than 1 / sqrt(30) of all weight."""
LEAST_MASS = 0.9
"""Of the policy's choices that the log must know arms for; E[w] = 1 where it knows all."""
NINETY_PERCENT = 1.6448536269514722

Method = Literal["IPS", "SNIPS", "doubly robust"]


@dataclass(frozen=True, slots=True)
class ChoiceLog:
    """Choices that were rewarded, and what the policy in question would have done there.

    Raises Rejected where lengths differ, a number is not finite, a propensity is not above 0, or a
    row of `target` is no distribution.
    """

    arms: np.ndarray[tuple[int], np.dtype[np.int_]]
    """What was chosen, shape (n,)."""
    rewards: Floats
    """Shape (n,)."""
    propensities: Floats
    """With which probability it was chosen, shape (n,), in (0, 1]; as logged at the choice."""
    target: Floats
    """With which probability the policy would choose each arm, shape (n, arms)."""

    def __post_init__(self) -> None:
        n = len(self.rewards)
        if self.target.ndim != 2 or not n == len(self.arms) == len(self.propensities):
            raise Rejected("a log needs an arm, a reward, a propensity and a row for each choice")
        if len(self.target) != n:
            raise Rejected(f"{len(self.target)} rows of the policy for {n} choices: give one each")
        for name, values in (("reward", self.rewards), ("propensity", self.propensities)):
            bad = values[~np.isfinite(values)]
            if bad.size:
                raise Rejected(f"the {name} {float(bad[0])!r} is not a finite number: leave it out")
        wrong = self.propensities[(self.propensities <= 0) | (self.propensities > 1 + 1e-9)]
        if wrong.size:
            raise Rejected(f"the propensity {float(wrong[0])!r} is not above 0 and at most 1")
        if n and ((self.target < 0).any() or np.abs(self.target.sum(1) - 1).max() > 1e-6):
            raise Rejected("the policy's probabilities of each choice must add up to 1")
        if n and not 0 <= self.arms.min() <= self.arms.max() < self.target.shape[1]:
            raise Rejected(f"an arm of the log is not among {self.target.shape[1]}")

    @property
    def weights(self) -> Floats:
        """Return w of each choice, shape (n,)."""
        return np.asarray(
            self.target[np.arange(len(self.arms)), self.arms] / self.propensities, dtype=np.float64
        )


@dataclass(frozen=True, slots=True)
class OffPolicyEstimate:
    """What the policy would have earned on average, or why nobody can tell."""

    method: Method
    effective_samples: float
    choices: int
    mean: float | None = None
    """None where it is refused; so are the bounds, between which it lies with 90 %."""
    low: float | None = None
    high: float | None = None
    refusal: str = ""
    """"" where there is an estimate."""


def estimate(log: ChoiceLog, method: Method = "doubly robust") -> OffPolicyEstimate:
    """Return what the policy of `log` would have earned, with an interval, or a refusal."""
    effective = effective_samples(log.weights)
    refusal = refusal_of(log)
    if refusal:
        return OffPolicyEstimate(method, effective, len(log.rewards), refusal=refusal)
    values = _values(log, method)
    mean = float(values.mean())
    reach = NINETY_PERCENT * float(values.std(ddof=1)) / math.sqrt(len(values))
    return OffPolicyEstimate(method, effective, len(values), mean, mean - reach, mean + reach)


def effective_samples(weights: Floats) -> float:
    """Return how many equal weights would tell as much; 0 where all are 0."""
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares > 0.0 else 0.0


def refusal_of(log: ChoiceLog) -> str:
    """Return why `log` cannot tell, with the remedy; "" where it can."""
    weights = log.weights
    effective = effective_samples(weights)
    if effective < LEAST_EFFECTIVE:
        return (
            f"{effective:.0f} effective samples of {len(weights)} choices: at least "
            f"{LEAST_EFFECTIVE:.0f} are needed; let it be chosen more often"
        )
    tried = np.bincount(log.arms, minlength=log.target.shape[1]) > 0
    mass = float(log.target[:, tried].sum(1).mean())
    error = float(weights.std()) / math.sqrt(len(weights))
    known = min(mass, float(weights.mean()) + 2 * NINETY_PERCENT * error)
    if known < LEAST_MASS:
        return (
            f"the log knows only {known:.0%} of what would be chosen: let the other arms be tried "
            f"with at least 1 %"
        )
    return ""


def _values(log: ChoiceLog, method: Method) -> Floats:
    """Return one value for each choice; their mean is the estimate, their spread its error."""
    weights, rewards = log.weights, log.rewards
    if method == "IPS":
        return np.asarray(weights * rewards, dtype=np.float64)
    if method == "SNIPS":
        # The ratio's linearisation: its mean is the ratio, its spread that of the delta method.
        ratio = float((weights * rewards).sum() / weights.sum())
        off = weights * (rewards - ratio) / float(weights.mean())
        return np.asarray(ratio + off, dtype=np.float64)
    return robust_values(log)


def robust_values(log: ChoiceLog) -> Floats:
    """Return the doubly robust value of the policy at each choice, shape (n,).

    Their mean is the estimate; one by one they vary more than rewards do.
    """
    guesses = _guesses(log)
    chosen = guesses[np.arange(len(log.rewards)), log.arms]
    expected = (log.target * guesses).sum(1)
    return np.asarray(expected + log.weights * (log.rewards - chosen), dtype=np.float64)


def _guesses(log: ChoiceLog) -> Floats:
    """Return each arm's mean of the other half of the log, shape (n, arms).

    A guess that has not seen the reward it is compared with leaves the estimate unbiased.
    """
    halves = np.arange(len(log.rewards)) % 2
    arms = log.target.shape[1]
    found = np.empty((len(log.rewards), arms))
    for half in (0, 1):
        seen = halves != half
        counts = np.bincount(log.arms[seen], minlength=arms)
        sums = np.bincount(log.arms[seen], weights=log.rewards[seen], minlength=arms)
        overall = float(log.rewards[seen].mean()) if seen.any() else 0.0
        found[halves == half] = np.where(counts > 0, sums / np.maximum(counts, 1), overall)
    return found
