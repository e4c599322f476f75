"""What is believed of arms whose mean reward is linear in a context: Bayesian ridge regression.

Each arm has its own weights w: reward = x'w + noise, w ~ N(0, sigma^2 / ridge I), the noise's
variance sigma^2 unknown and shared by all arms. Kept by recursive least squares (Sherman and
Morrison 1950): P <- P - u u' / (1 + x'u), w <- w + u e / (1 + x'u), u = P x, e = r - x'w.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from engine.analytics.bandits import Floats, Plain, State, number, numbers
from engine.errors import Rejected

LARGEST = 1e9
"""Of a context's numbers: their squares must stay exact enough to be subtracted."""


class LinearBelief:
    """Weights of each arm, and how sure they are. ridge: (noise / likely weights) squared."""

    def __init__(self, arms: int, size: int, *, ridge: float, noise_sd: float) -> None:
        if size < 1 or not ridge > 0 or not noise_sd > 0:
            raise ValueError(f"size {size}, ridge {ridge}, noise_sd {noise_sd}: all are above 0")
        self._size = size
        self._ridge = ridge
        self._weights = np.zeros((arms, size))
        self._inverses = np.repeat(np.eye(size)[None] / ridge, arms, axis=0)
        self._counts = [0] * arms
        self._contexts = np.zeros(size)
        self.total = 0
        # Inverse gamma with the weight of one reward, so that the first errors decide.
        self._squares = noise_sd**2
        self._freedom = 1.0

    @property
    def size(self) -> int:
        """Return how many numbers a context has."""
        return self._size

    @property
    def noise_variance(self) -> float:
        """Return the expected variance of the noise."""
        return self._squares / self._freedom

    @property
    def counts(self) -> list[int]:
        """Return how many rewards each arm has."""
        return self._counts

    @property
    def mean_context(self) -> Floats:
        """Return the mean of all contexts that were rewarded, shape (d,)."""
        return self._contexts / max(self.total, 1)

    def checked(self, context: Floats | None) -> Floats:
        """Return `context` as shape (d,), float64. Raises Rejected where it is none."""
        if context is None:
            raise Rejected(f"no context: give {self._size} numbers", param="context")
        found = np.asarray(context, dtype=np.float64)
        if found.shape != (self._size,):
            raise Rejected(
                f"a context of shape {found.shape}: give {self._size} numbers", param="context"
            )
        if not math.hypot(*found.tolist()) <= LARGEST:
            raise Rejected(
                f"the context {found.tolist()} holds a number that is not finite, or above "
                f"{LARGEST:g}: leave the request out, or scale it",
                param="context",
            )
        return found

    def note(self, arm: int, reward: float, context: Floats) -> None:
        """Learn a reward; all checked."""
        inverse, weights = self._inverses[arm], self._weights[arm]
        moved = inverse @ context
        spread = 1.0 + max(0.0, float(context @ moved))
        error = reward - float(context @ weights)
        weights += moved * (error / spread)
        inverse -= np.multiply.outer(moved, moved / spread)
        self._squares += error * error / spread
        self._freedom += 1.0
        self._counts[arm] += 1
        self._contexts += context
        self.total += 1

    def predict(self, context: Floats) -> tuple[list[float], list[float]]:
        """Return each arm's mean at `context`, and its variance as a share of the noise's."""
        variances = (self._inverses @ context) @ context
        return (self._weights @ context).tolist(), variances.tolist()

    def contributions(self, arm: int, context: Floats) -> Floats:
        """Return what each number of `context` adds to the mean of `arm`, shape (d,)."""
        return np.asarray(self._weights[arm] * context, dtype=np.float64)

    def add_arm(self) -> None:
        """Begin to learn of one arm more."""
        self._weights = np.concatenate([self._weights, np.zeros((1, self._size))])
        fresh = np.eye(self._size)[None] / self._ridge
        self._inverses = np.concatenate([self._inverses, fresh])
        self._counts.append(0)

    def state(self) -> State:
        """Return what `from_state` takes."""
        return {
            "size": self._size,
            "ridge": self._ridge,
            "weights": [*self._weights.ravel().tolist()],
            "inverses": [*self._inverses.ravel().tolist()],
            "counts": [*self._counts],
            "contexts": [*self._contexts.tolist()],
            "squares": self._squares,
            "freedom": self._freedom,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Plain]) -> LinearBelief:
        """Return the belief that `state()` told of. Raises ValueError where it is none."""
        counts = [int(each) for each in numbers(state, "counts")]
        size = int(number(state.get("size"), "size"))
        belief = cls(len(counts), size, ridge=number(state.get("ridge"), "ridge"), noise_sd=1.0)
        belief._weights = np.array(numbers(state, "weights")).reshape(len(counts), size)
        belief._inverses = np.array(numbers(state, "inverses")).reshape(len(counts), size, size)
        belief._counts = counts
        belief._contexts = np.array(numbers(state, "contexts")).reshape(size)
        belief._squares = number(state.get("squares"), "squares")
        belief._freedom = number(state.get("freedom"), "freedom")
        belief.total = sum(counts)
        return belief
