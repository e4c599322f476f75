"""One way to ask each bandit policy for an arm, and to tell it what came of it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import numpy as np

from engine.analytics.bandits import Policy
from tests.bench.analytics.environments import Run


class Asked(Protocol):
    """A policy of one run."""

    def choose(self, context: np.ndarray | None) -> int:
        """Return an arm."""

    def reward(self, arm: int, reward: float, context: np.ndarray | None) -> None:
        """Take what it earned."""


Make = Callable[[int, int, int], Asked]
"""Takes the number of arms, the size of contexts (0: none) and a seed."""


class Here:
    """A policy of this project."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    def choose(self, context: np.ndarray | None) -> int:
        return self.policy.choose(context).arm

    def reward(self, arm: int, reward: float, context: np.ndarray | None) -> None:
        self.policy.reward(arm, reward, context)


class MabWiser:
    """A policy of MABWiser; it has to be fitted before it predicts, so each arm is tried once."""

    def __init__(
        self, arms: int, size: int, seed: int, *, policy: str, how: dict[str, Any]
    ) -> None:
        from mabwiser.mab import MAB, LearningPolicy

        self.mab = MAB([*range(arms)], getattr(LearningPolicy, policy)(**how), seed=seed)
        self.arms, self.turn = arms, 0

    def choose(self, context: np.ndarray | None) -> int:
        if self.turn < self.arms:
            return self.turn
        return int(self.mab.predict(None if context is None else context[None]))

    def reward(self, arm: int, reward: float, context: np.ndarray | None) -> None:
        learn = self.mab.partial_fit if self.turn else self.mab.fit
        learn([arm], [reward], *(() if context is None else (context[None],)))
        self.turn += 1


class River:
    """A policy of river."""

    def __init__(self, arms: int, size: int, seed: int, *, policy: str) -> None:
        from river import bandit, proba

        beta = proba.Beta(1, 1, seed=seed)
        self.policy: Any = {
            "ts": lambda: bandit.ThompsonSampling(reward_obj=beta, seed=seed),
            "eps": lambda: bandit.EpsilonGreedy(epsilon=0.1, seed=seed),
            "ucb": lambda: bandit.UCB(delta=1, seed=seed),
            "linucb": lambda: bandit.LinUCBDisjoint(alpha=0.5, seed=seed),
        }[policy]()
        self.arms, self.is_coin = [*range(arms)], policy == "ts"

    def choose(self, context: np.ndarray | None) -> int:
        if context is None:
            return int(self.policy.pull(self.arms))
        return int(self.policy.pull(self.arms, context=dict(enumerate(context.tolist()))))

    def reward(self, arm: int, reward: float, context: np.ndarray | None) -> None:
        if context is None:
            self.policy.update(arm, bool(reward) if self.is_coin else reward)
        else:
            self.policy.update(arm, dict(enumerate(context.tolist())), reward)


def mabwiser(policy: str, **how: float) -> Make:
    """Return what makes a policy of MABWiser."""
    return partial(MabWiser, policy=policy, how=how)


def river(policy: str) -> Make:
    """Return what makes a policy of river."""
    return partial(River, policy=policy)


COIN_PEERS = {
    "mabwiser ts": mabwiser("ThompsonSampling"),
    "mabwiser eps .1": mabwiser("EpsilonGreedy", epsilon=0.1),
    "mabwiser ucb1": mabwiser("UCB1", alpha=1.25),
    "river ts": river("ts"),
    "river eps .1": river("eps"),
    "river ucb": river("ucb"),
}
LINE_PEERS = {
    "mabwiser linucb": mabwiser("LinUCB", alpha=0.5),
    "mabwiser lints": mabwiser("LinTS", alpha=0.25),
    "river linucb": river("linucb"),
}


def installed(peers: dict[str, Make]) -> dict[str, Make]:
    """Return those of `peers` whose library can be imported."""
    return {name: make for name, make in peers.items() if importlib.util.find_spec(name.split()[0])}


def regret(make: Make, course: Run, seed: int) -> float:
    """Return what a policy's choices lost against always choosing the best, in mean reward."""
    turns, arms = course.means.shape
    contexts = course.contexts
    policy = make(arms, 0 if contexts is None else contexts.shape[1], seed)
    rewards, lost = course.rewards.tolist(), 0.0
    for turn in range(turns):
        context = None if contexts is None else contexts[turn]
        arm = policy.choose(context)
        lost += course.best[turn] - course.means[turn, arm]
        policy.reward(arm, rewards[turn][arm], context)
    return float(lost)
