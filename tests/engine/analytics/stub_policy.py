"""A bandit that does as it is told."""

from __future__ import annotations

import numpy as np

from engine.analytics.bandits import Choice, Posterior
from engine.analytics.study_policies import PolicyMakers
from engine.errors import Rejected


class StubPolicy:
    """Takes the first arm that it may, or the one that a test wants."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.wants = 0
        self.removed: set[int] = set()
        self.learnt: list[tuple[int, float, int | None]] = []
        self.turn = 0

    def choose(self, context=None, allowed=None):
        may = [n for n in range(self.count) if n not in self.removed]
        may = [n for n in may if allowed is None or allowed[n]]
        if not may:
            raise Rejected("none is left")
        self.turn += 1
        arm = self.wants if self.wants in may else may[0]
        return Choice(arm, self.turn - 1, lambda: np.full(self.count, 1 / self.count))

    def reward(self, arm, reward, context=None, *, turn=None):
        self.learnt.append((arm, reward, turn))

    def posterior(self, arm):
        mine = [reward for each, reward, _ in self.learnt if each == arm]
        mean = (1 + sum(mine)) / (2 + len(mine))
        return Posterior(mean, 0.1, max(0.0, mean - 0.16), min(1.0, mean + 0.16), len(mine))

    def probability_best(self):
        return np.full(self.count, 1 / self.count)

    def add_arm(self, prior=None):
        self.count += 1
        return self.count - 1

    def remove_arm(self, arm):
        self.removed.add(arm)

    def state(self):
        return {}


STUBS = PolicyMakers(StubPolicy, StubPolicy)  # type: ignore[arg-type]
