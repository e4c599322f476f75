"""The policy of a study whose best arm may depend on the request: linear in its context."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice

import numpy as np

from engine.analytics.bandits import (
    Choice,
    Flags,
    Floats,
    Plain,
    Posterior,
    State,
    checked,
    numbers,
    part,
)
from engine.analytics.drift import ChangeWatch
from engine.analytics.linear import LinearBandit
from engine.analytics.request_context import NAMES, SIZE, VERSION, vector
from engine.analytics.sharpness import Exploration
from engine.analytics.task_types import GENERAL

CENTRE = 0.5
"""Taken from rewards before they are learnt: an arm that nobody has rated earns about one half."""
FLOOR = Exploration()
"""Every arm keeps a probability at every context: else what-ifs would be answered from those
contexts alone in which an arm looked good, and nobody could tell."""
MOST_RECENT = 500
"""Rewards that are kept to be learnt again. A change is mostly noticed within a hundred."""


class ContextualArms:
    """A `Policy`: random upper bounds of `LinearBandit`, with rewards from 0 to 1.

    Where an arm is noticed to earn something else than before, what came before is forgotten.
    Contexts are those of `request_context.vector`. Arms are shown as they are at the usual one:
    the mean of the study's own that were rewarded.
    """

    def __init__(self, arms: int, *, seed: int | np.random.Generator) -> None:
        self._bandit = LinearBandit(
            arms=arms, context_size=SIZE, seed=seed, exploration=FLOOR, shares_ties=True
        )
        self._sum = np.zeros(SIZE)
        self._count = 0
        self._watch = ChangeWatch(arms)
        self._recent: deque[tuple[int, float, Floats]] = deque(maxlen=MOST_RECENT)
        self.changes = 0
        """How often it has forgotten what was before."""
        self.borrowed = 0
        """Rewards of other types of task that it has learnt as well."""

    @property
    def usual(self) -> Floats:
        """The mean context of the study's own rewards, shape (SIZE,); an unknown one at first."""
        return self._sum / self._count if self._count else vector(None, GENERAL)

    def choose(self, context: Floats | None = None, allowed: Flags | None = None) -> Choice:
        """Return an arm for `context`; without one, for the usual one."""
        return self._bandit.choose(self.usual if context is None else context, allowed)

    def reward(
        self, arm: int, reward: float, context: Floats | None = None, *, turn: int | None = None
    ) -> None:
        """Learn what a choice of `arm` at `context` earned. Raises Rejected for what is none."""
        at = self.usual if context is None else context
        earned = checked(reward, arm, 0.0, 1.0)
        self._bandit.reward(arm, earned - CENTRE, at, turn=turn)
        self._sum += at
        self._count += 1
        self._recent.append((arm, earned, at))
        if self._watch.note(arm, earned) is not None:
            self._begin_anew()

    def borrow(self, arm: int, reward: float, context: Floats) -> None:
        """Learn what `arm` earned in another study; what is usual here stays."""
        self._bandit.reward(arm, checked(reward, arm, 0.0, 1.0) - CENTRE, context)
        self.borrowed += 1

    def predict(self, arm: int, context: Floats) -> Posterior:
        """Return what is believed of the mean reward of `arm` at `context`."""
        found = self._bandit.predict(arm, context)
        low, mean, high = (CENTRE + each for each in (found.low, found.mean, found.high))
        return replace(found, mean=mean, low=low, high=high)

    def terms(self, arm: int, other: int, context: Floats) -> Mapping[str, float]:
        """Return by how much each entry of `context` lets `arm` earn more than `other`, by name.

        As far as it differs from the usual one: the rest is not for the request's sake.
        """
        of, off = self._bandit.belief.contributions, context - self.usual
        off = of(arm, off) - of(other, off)
        return dict(zip(NAMES, off.tolist(), strict=True))

    def posterior(self, arm: int) -> Posterior:
        """Return what is believed of the mean reward of `arm` at the usual context."""
        return self.predict(arm, self.usual)

    def probability_best(self) -> Floats:
        """Return the probability that each arm is best at the usual context, shape (arms,)."""
        return self._bandit.probability_best(self.usual)

    def add_arm(self, prior: tuple[float, float] | None = None) -> int:
        """Add an arm and return its number. The prior is not looked at: it knows no context."""
        self._watch.add_arm()
        return self._bandit.add_arm()

    def remove_arm(self, arm: int) -> None:
        """Never choose `arm` again. Raises Rejected where it does not exist."""
        self._bandit.remove_arm(arm)

    def state(self) -> State:
        """Return what `from_state` takes."""
        own: list[Plain] = [self._count, self.borrowed, *self._sum.tolist()]
        return {
            "kind": "contextual",
            "features": VERSION,
            "own": own,
            "watch": self._watch.state(),
            "recent": [[arm, earned, *at.tolist()] for arm, earned, at in self._recent],
            "bandit": self._bandit.state(),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Plain]) -> ContextualArms:
        """Return the policy that `state()` told of. Raises ValueError for one of other features."""
        if state.get("features") != VERSION:
            raise ValueError(f"features: {state.get('features')!r} are not those of {VERSION}")
        found = cls(1, seed=0)
        count, borrowed, *sums = numbers(state, "own")
        found._count, found.borrowed = int(count), int(borrowed)
        found._sum = np.array(sums).reshape(SIZE)
        found._bandit = LinearBandit.from_state(part(state, "bandit"))
        found._watch = ChangeWatch(found._bandit.arms)
        found._watch.restore(part(state, "watch"))
        recent = state.get("recent")
        if not isinstance(recent, list):
            raise ValueError(f"recent: a list is needed, not {recent!r}")
        for each in recent:
            arm, earned, *at = numbers({"recent": each}, "recent")
            found._recent.append((int(arm), earned, np.array(at).reshape(SIZE)))
        return found

    def _begin_anew(self) -> None:
        """Learn only what came since the change."""
        self._bandit.forget()
        self.changes, self.borrowed = self.changes + 1, 0
        before = max(0, len(self._recent) - self._watch.rewards)
        for arm, earned, at in islice(self._recent, before, None):
            self._bandit.reward(arm, earned - CENTRE, at)
