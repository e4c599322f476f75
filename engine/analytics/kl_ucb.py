"""KL-UCB: the arm whose mean could still be highest. Not random: for those who want no draws.

Source: Garivier and Cappe 2011, with c = 0 in log t + c log log t as they advise. Its bound is the
largest q with n kl(mean, q) <= log t, which is Chernoff's for rewards from 0 to 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial

import numpy as np

from engine.analytics.arms import Arms
from engine.analytics.bandits import Choice, Flags, Floats, Plain, Posterior, State, number, part
from engine.analytics.best_arm import chances
from engine.analytics.beta_belief import BetaBelief
from engine.analytics.counts import AllCounts
from engine.analytics.generator_state import generator_from, generator_state
from engine.analytics.sharpness import EVEN, Exploration

PRECISION = 1e-6


def divergence(p: float, q: float) -> float:
    """Return kl(p, q) of Bernoulli in nats; 0 <= p <= 1, 0 < q < 1."""
    won = p * math.log(p / q) if p > 0.0 else 0.0
    lost = (1.0 - p) * math.log((1.0 - p) / (1.0 - q)) if p < 1.0 else 0.0
    return won + lost


def upper_bound(mean: float, level: float) -> float:
    """Return the largest q in [mean, 1] with kl(mean, q) <= level, within PRECISION, from below."""
    low, high = mean, min(1.0, mean + math.sqrt(level / 2.0))  # Pinsker's inequality
    while high - low > PRECISION:
        middle = (low + high) / 2.0
        if divergence(mean, middle) <= level:
            low = middle
        else:
            high = middle
    return low


class KlUcb:
    """Chooses the highest upper bound, and any arm with the exploration's least probability."""

    def __init__(
        self,
        *,
        arms: int,
        seed: int | np.random.Generator,
        exploration: Exploration = EVEN,
        prior: tuple[float, float] = (1.0, 1.0),
    ) -> None:
        self._arms = Arms(arms)
        self._counts = AllCounts(arms)
        self._belief = BetaBelief(self._counts, exploration, prior=prior)
        self._rng = np.random.default_rng(seed)
        self._turn = 0

    def choose(self, context: Floats | None = None, allowed: Flags | None = None) -> Choice:
        """Return an arm; the context is not looked at. Raises Rejected where none is left."""
        arms = self._arms.open(allowed)
        turn = self._turn
        self._turn = turn + 1
        least = self._belief.exploration.least(self._counts.total, len(arms))
        best = max(arms, key=self.bound)
        arm = best
        if least > 0.0 and (uniform := self._rng.random()) < least * len(arms):
            arm = arms[int(uniform / least)]
        return Choice(arm, turn, partial(_certain, self._arms.count, arms, best, least))

    def bound(self, arm: int) -> float:
        """Return how high the mean of `arm` could be; above 1 where it was never tried."""
        won, lost = self._counts.successes[arm], self._counts.failures[arm]
        if won + lost == 0.0:
            return 2.0
        return upper_bound(won / (won + lost), math.log(self._counts.total + 1.0) / (won + lost))

    def reward(
        self, arm: int, reward: float, context: Floats | None = None, *, turn: int | None = None
    ) -> None:
        """Learn what a choice of `arm` earned. Raises Rejected where arm or reward are none."""
        self._arms.check(arm)
        self._belief.note(arm, reward, 0)

    def posterior(self, arm: int) -> Posterior:
        """Return what is believed of the mean of `arm`, as Thompson sampling would."""
        self._arms.check(arm)
        return self._belief.posterior(arm)

    def probability_best(self) -> Floats:
        """Return the probability that each arm has the highest mean, shape (arms,)."""
        found = np.zeros(self._arms.count)
        if self._arms.live:
            found[list(self._arms.live)] = chances(self._belief.believed(self._arms.live))
        return found

    def add_arm(self, prior: tuple[float, float] | None = None) -> int:
        """Add an arm and return its number. prior: of what is believed; bounds have none."""
        self._belief.add_arm(prior)
        return self._arms.add()

    def remove_arm(self, arm: int) -> None:
        """Never choose `arm` again. Raises Rejected where it does not exist."""
        self._arms.remove(arm)

    def state(self) -> State:
        """Return what `from_state` takes to go on exactly here."""
        return {
            "kind": "kl_ucb",
            "arms": self._arms.state(),
            "belief": self._belief.state(),
            "generator": generator_state(self._rng),
            "turn": self._turn,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Plain]) -> KlUcb:
        """Return the policy that `state()` told of. Raises ValueError where it is none."""
        found = cls(arms=1, seed=generator_from(part(state, "generator")))
        found._arms = Arms.from_state(part(state, "arms"))
        found._belief = BetaBelief.from_state(part(state, "belief"))
        if not isinstance(found._belief.counts, AllCounts):
            raise ValueError("counts: KL-UCB counts all rewards")
        found._counts = found._belief.counts
        found._turn = int(number(state.get("turn"), "turn"))
        return found


def _certain(count: int, arms: tuple[int, ...], best: int, least: float) -> Floats:
    """Return the probabilities of a choice that is certain but for the floor."""
    found = np.zeros(count)
    found[list(arms)] = least
    found[best] += 1.0 - least * len(arms)
    return found
