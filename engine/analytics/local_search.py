"""Where the acquisition is highest: many candidates, climbs from the best, and grids swept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analytics.quasi_newton import climb
from engine.analytics.space import FloatArray, Space, nearest
from engine.analytics.task_kernel import Worth

APART = 0.05
"""Two starts that are nearer would climb to the same summit."""
LOOKED_THROUGH = 100
"""The best candidates, among which starts are picked."""
SWEEP = 16
"""Values of a grid that are all tried; on a longer one those at STRIDES."""
STRIDES = np.array([-8, -4, -2, -1, 0, 1, 2, 4, 8])
REACHES = (0.0005, 0.005, 0.03, 0.1, 0.3)
"""How far from a good point others are tried, as shares of the range."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is searched. candidates: points looked at; starts: climbs; steps: of each."""

    candidates: int = 256
    starts: int = 6
    steps: int = 20


class LocalSearch:
    """One search of `space` for the highest `acquisition`.

    good: (g, d), points that were found good, best first. metric: (d,), squared lengthscales.
    """

    def __init__(
        self,
        *,
        space: Space,
        acquisition: Worth,
        good: FloatArray,
        metric: FloatArray,
        rng: np.random.Generator,
    ) -> None:
        self._space, self._acquisition, self._rng = space, acquisition, rng
        self._good, self._metric = good, np.minimum(metric, 1.0)
        self._free = space.is_continuous

    def ranked(self, effort: Effort) -> FloatArray:
        """Return points (m, d), best first: climbed ones and then the other candidates."""
        candidates = self.candidates(effort.candidates)
        worth = self._acquisition.values(candidates)
        order = np.argsort(-worth)
        candidates, worth = candidates[order], worth[order]
        picked = self._apart(candidates, effort.starts)
        points, values = self._climbed(candidates[picked], worth[picked], effort.steps)
        if not self._free.all():
            best = np.argsort(-values)[: (effort.starts + 1) // 2]
            points, values = self._swept(points[best], values[best])
            points, values = self._climbed(points, values, effort.steps // 2)
        return np.vstack([self._space.snap(points[np.argsort(-values)]), candidates])

    def candidates(self, count: int) -> FloatArray:
        """Return about `count` allowed points (m, d): half anywhere, half around good ones."""
        anywhere = self._space.sample(self._rng, count // 2)
        if not len(self._good):
            return anywhere
        around = self._space.snap(self._around(count - count // 2))
        return np.vstack([anywhere, around[self._space.allowed(around)]])

    def _around(self, count: int) -> FloatArray:
        rng, size = self._rng, self._space.size
        rank = np.minimum(rng.geometric(0.4, size=count) - 1, len(self._good) - 1)
        centre = self._good[rank]
        reach = rng.choice(REACHES, size=(count, 1))
        moved = centre + rng.normal(size=(count, size)) * reach
        moves = rng.random((count, size)) < rng.choice((1.0, 0.5, 2.0 / max(size, 2)), (count, 1))
        points = np.where(moves, moved, centre)
        for place in np.flatnonzero(~self._free):
            grid = self._space.grid_at(int(place))
            if grid is not None:
                other = rng.random(count) < (0.4 if self._space.is_choice[place] else 0.1)
                points[other, place] = rng.choice(grid, int(other.sum()))
        return np.clip(points, 0.0, 1.0)

    def _apart(self, ordered: FloatArray, count: int) -> list[int]:
        picked = [0]
        for index in range(1, min(len(ordered), LOOKED_THROUGH)):
            if len(picked) == count:
                break
            if np.abs(ordered[picked] - ordered[index]).max(1).min() > APART:
                picked.append(index)
        return picked

    def _climbed(
        self, points: FloatArray, values: FloatArray, steps: int
    ) -> tuple[FloatArray, FloatArray]:
        if not self._free.any():
            return points, values
        climbs = climb(self._evaluate, points, 0.1 * self._metric, steps)
        return climbs.points, climbs.values

    def _evaluate(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        values, gradients = self._acquisition(points)
        values[~self._space.allowed(points)] = -np.inf
        free = self._free & self._space.counting(points)
        return values, np.where(free, gradients, 0.0)

    def _swept(self, points: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Move each point along each grid to the best value of it, one grid after the other."""
        points, values = points.copy(), values.copy()
        rows = np.arange(len(points))
        for place in np.flatnonzero(~self._free):
            tries = np.concatenate([self._along(int(place), each) for each in points])
            worth = self._acquisition.values(tries)
            worth[~self._space.allowed(tries)] = -np.inf
            worth = worth.reshape(len(points), -1)
            best = worth.argmax(1)
            found = tries.reshape(len(points), -1, self._space.size)[rows, best]
            is_better = worth[rows, best] > values
            points = np.where(is_better[:, None], found, points)
            values = np.where(is_better, worth[rows, best], values)
        return points, values

    def _along(self, place: int, point: FloatArray) -> FloatArray:
        """Return `point` (d,) with other values of the grid at `place`, (m, d); m is the grid's."""
        grid = self._space.grid_at(place)
        assert grid is not None
        if len(grid) > SWEEP:
            at = int(nearest(grid, point[place : place + 1])[0]) + STRIDES
            grid = grid[np.clip(at, 0, len(grid) - 1)]
        tries = np.repeat(point[None], len(grid), 0)
        tries[:, place] = grid
        return self._space.snap(tries)
