"""Arms whose means are known, so that what a choice loses is known.

The first five, those that jump and the linear one are those of the limits, drawn as there; the
three others that stay were not looked at while constants were chosen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

DRAWS = 10**6
"""Added to a run's seed for what the environment draws, as the limits do."""
STEPS = (0.7, 0.55, 0.5, 0.4, 0.3)
PARTS = 4


@dataclass(slots=True)
class Run:
    """One course of an environment: means and rewards of every arm at every turn."""

    means: np.ndarray
    """Shape (turns, arms); likewise the rewards."""
    rewards: np.ndarray
    contexts: np.ndarray | None = None
    """Shape (turns, d)."""
    best: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.best = self.means.max(1)


@dataclass(frozen=True, slots=True)
class Coins:
    """Rewards of 0 and 1 whose means stay."""

    means: tuple[float, ...]
    is_shuffled: bool = False
    """Each run has the arms in an order of its own: being first is no merit."""

    def run(self, turns: int, seed: int) -> Run:
        """Return one course."""
        rng = np.random.default_rng(DRAWS + seed)
        drawn = rng.random((turns, len(self.means)))
        means = rng.permutation(self.means) if self.is_shuffled else np.array(self.means)
        return Run(np.tile(means, (turns, 1)), (drawn < means).astype(float))


@dataclass(frozen=True, slots=True)
class Bells:
    """Normal rewards whose means stay."""

    means: tuple[float, ...]
    sds: tuple[float, ...]

    def run(self, turns: int, seed: int) -> Run:
        """Return one course."""
        drawn = np.random.default_rng(DRAWS + seed).normal(size=(turns, len(self.means)))
        return Run(np.tile(self.means, (turns, 1)), np.array(self.means) + self.sds * drawn)


@dataclass(frozen=True, slots=True)
class Jumps:
    """Coins whose means are dealt anew at the begin of each of four parts."""

    def run(self, turns: int, seed: int) -> Run:
        """Return one course."""
        rng = np.random.default_rng(DRAWS + seed)
        drawn = rng.random((turns, len(STEPS)))
        dealt = np.stack([rng.permutation(STEPS) for _ in range(PARTS)])
        means = np.repeat(dealt, -(-turns // PARTS), 0)[:turns]
        return Run(means, (drawn < means).astype(float))


@dataclass(frozen=True, slots=True)
class Waves:
    """Coins whose means rise and fall twice, each at its own time."""

    def run(self, turns: int, seed: int) -> Run:
        """Return one course."""
        rng = np.random.default_rng(DRAWS + seed)
        drawn = rng.random((turns, len(STEPS)))
        phases = rng.random(len(STEPS)) * 2 * np.pi
        means = 0.5 + 0.3 * np.sin(4 * np.pi * np.arange(turns)[:, None] / turns + phases)
        return Run(means, (drawn < means).astype(float))


@dataclass(frozen=True, slots=True)
class Riser:
    """Coins of which one that nobody chooses becomes the best in the middle."""

    def run(self, turns: int, seed: int) -> Run:
        """Return one course."""
        drawn = np.random.default_rng(DRAWS + seed).random((turns, 4))
        means = np.tile((0.6, 0.5, 0.4, 0.4), (turns, 1))
        means[turns // 2 :, 3] = 0.75
        return Run(means, (drawn < means).astype(float))


@dataclass(frozen=True, slots=True)
class Lines:
    """Rewards linear in a context, with weights of each arm's own."""

    arms: int = 5
    size: int = 6
    sd: float = 0.25

    def run(self, turns: int, seed: int) -> Run:
        """Return one course."""
        rng = np.random.default_rng(DRAWS + seed)
        weights = rng.normal(size=(self.arms, self.size)) / math.sqrt(self.size)
        contexts = rng.normal(size=(turns, self.size))
        contexts[:, 0] = 1
        contexts /= np.linalg.norm(contexts, axis=1, keepdims=True)
        means = contexts @ weights.T
        return Run(means, means + self.sd * rng.normal(size=turns)[:, None], contexts)


STATIONARY = {
    "easy": Coins((0.7, 0.5, 0.5, 0.5, 0.5)),
    "close": Coins((0.55, 0.5, 0.5, 0.45, 0.4)),
    "ten graded": Coins(tuple(np.linspace(0.1, 0.55, 10).tolist())),
    "high means": Coins((0.95, 0.92, 0.90, 0.85)),
    "normal": Bells((1.0, 0.8, 0.7, 0.5, 0.2), (0.5, 0.5, 0.5, 1.0, 1.0)),
}
OTHERS = {
    "two, best last": Coins((0.42, 0.5)),
    "seven, best in the middle": Coins((0.3, 0.25, 0.33, 0.4, 0.36, 0.2, 0.28)),
    "rare": Coins((0.02, 0.05, 0.02, 0.08, 0.05)),
}
SHUFFLED = {
    "close, shuffled": Coins((0.55, 0.5, 0.5, 0.45, 0.4), is_shuffled=True),
    "high means, shuffled": Coins((0.95, 0.92, 0.90, 0.85), is_shuffled=True),
}
"""Those whose best arm comes first, which serves whoever takes the first of equals."""
