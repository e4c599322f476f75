"""Climbing from many points at once inside a box: projected BFGS, one evaluation for all.

A common evaluation is what makes it fast: six climbs cost little more than one.
Source: Nocedal and Wright 2006, ch. 6 (BFGS, inverse update 6.17) and 16.7 (projection).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Evaluate = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
"""From points (b, d) to their values (b,) and gradients (b, d)."""

ARMIJO = 1e-4
LEAST_CURVATURE = 1e-10
SHRINK = (0.03, 0.5)
"""A step that was no gain is shortened to between these shares."""
SHORTEST = 1e-4
"""A climb whose step was shortened to this share has arrived."""
LEAST_GAIN = 1e-5
"""Climbs end when none gains more: of a logarithm, a hundred thousandth of what a try is worth."""


class Climb:
    """Climbs in progress; `step` moves each of them once.

    points: (b, d) between `low` and `high`, (d,) or numbers. metric: (d,), the first guess of the
    inverse curvature. longest: no coordinate moves further in one step.
    """

    def __init__(
        self,
        evaluate: Evaluate,
        points: FloatArray,
        *,
        low: FloatArray | float = 0.0,
        high: FloatArray | float = 1.0,
        metric: FloatArray,
        longest: float = 0.3,
    ) -> None:
        self.points = points
        self.values, self.gradients = evaluate(points)
        self._low, self._high, self._longest = low, high, longest
        self._curvature = np.repeat(np.diag(metric)[None], len(points), 0)
        self._is_measured = np.zeros(len(points), dtype=bool)
        self._share = np.ones(len(points))
        self._unit = np.eye(points.shape[1])
        self.has_arrived = False

    def resume(self, evaluate: Evaluate) -> None:
        """Look again at the values where the climbs stand, because the function has changed."""
        self.values, self.gradients = evaluate(self.points)
        self._share[:] = 1.0
        self.has_arrived = False

    def keep(self, count: int) -> None:
        """Go on with the `count` highest climbs only."""
        if count < len(self.values):
            best = np.argsort(-self.values)[:count]
            self.points, self.values = self.points[best], self.values[best]
            self.gradients, self._curvature = self.gradients[best], self._curvature[best]
            self._share, self._is_measured = self._share[best], self._is_measured[best]

    def step(self, evaluate: Evaluate) -> None:
        """Move every climb along its own direction, or shorten its step where that was no gain."""
        uphill = self._free_gradients()
        direction = np.einsum("bij,bj->bi", self._curvature, uphill)
        direction[uphill == 0.0] = 0.0
        length = np.abs(direction).max(1)
        direction *= np.minimum(1.0, self._longest / np.maximum(length, 1e-300))[:, None]
        points = np.clip(self.points + self._share[:, None] * direction, self._low, self._high)
        values, gradients = evaluate(points)
        moved = points - self.points
        with np.errstate(invalid="ignore"):
            gain = values - self.values
        rise = np.einsum("bi,bi->b", uphill, moved)
        is_better = gain >= ARMIJO * rise
        self._learn(is_better, moved, self.gradients - gradients)
        self.points = np.where(is_better[:, None], points, self.points)
        self.values = np.where(is_better, values, self.values)
        self.gradients = np.where(is_better[:, None], gradients, self.gradients)
        # Where a parabola through the two values and the slope has its top.
        bend = np.where(rise > gain, rise - gain, 1.0)
        shorter = self._share * np.clip(0.5 * rise / bend, *SHRINK)
        self._share = np.where(is_better, np.minimum(1.0, self._share * 2), shorter)
        self.has_arrived = bool(
            gain[is_better].max() < LEAST_GAIN if is_better.any() else self._share.max() < SHORTEST
        )

    def _free_gradients(self) -> FloatArray:
        held = (self.points <= self._low) & (self.gradients < 0)
        held |= (self.points >= self._high) & (self.gradients > 0)
        free: FloatArray = np.where(held, 0.0, self.gradients)
        return free

    def _learn(self, is_better: NDArray[np.bool_], moved: FloatArray, bent: FloatArray) -> None:
        product = np.einsum("bi,bi->b", moved, bent)
        use = np.flatnonzero(is_better & (product > LEAST_CURVATURE))
        if not len(use):
            return
        s, y, rho = moved[use], bent[use], 1.0 / product[use, None, None]
        self._measure(use[~self._is_measured[use]], moved, bent, product)
        turn = self._unit - rho * s[:, :, None] * y[:, None, :]
        kept = turn @ self._curvature[use] @ turn.transpose(0, 2, 1)
        self._curvature[use] = kept + rho * s[:, :, None] * s[:, None, :]

    def _measure(
        self, first: NDArray[np.intp], moved: FloatArray, bent: FloatArray, product: FloatArray
    ) -> None:
        """Bring the first guess of the curvature to the size that the first step has seen.

        Source: Nocedal and Wright 2006, eq. 6.20, in the metric of the guess.
        """
        y, guess = bent[first], self._curvature[first]
        size = product[first] / np.einsum("bi,bij,bj->b", y, guess, y)
        self._curvature[first] = guess * size[:, None, None]
        self._is_measured[first] = True


def climb(evaluate: Evaluate, points: FloatArray, metric: FloatArray, steps: int) -> Climb:
    """Return climbs in the unit cube after at most `steps` steps from `points` (b, d)."""
    climbs = Climb(evaluate, points, metric=metric)
    for _ in range(steps):
        climbs.step(evaluate)
        if climbs.has_arrived:
            break
    return climbs
