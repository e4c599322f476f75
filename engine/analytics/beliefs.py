"""What is believed of reward and constraints, made of what was measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr  # noqa: TID253 - only the optimiser's own thread loads this

from engine.analytics.improvement import Acquisition, Limit, Objective
from engine.analytics.kernel import BoolArray, FloatArray
from engine.analytics.possible_truths import possible_objective
from engine.analytics.space import Space
from engine.analytics.surrogate import Belief
from engine.analytics.task_kernel import InTask, Worth, in_task

FAR_BELOW = -1e300
"""The reward of what is infeasible, where the best are chosen."""


@dataclass(frozen=True, slots=True)
class Beliefs:
    """All that is believed at one moment, seen from one task.

    units: (n, d), rewards: (n,), are_feasible: (n,), are_own: (n,), of the task. limits: one for
    each constraint. level: by how much the task's rewards lie above those the model was made of.
    """

    space: Space
    task: int | None
    objective: Belief
    limits: tuple[Belief, ...]
    units: FloatArray
    rewards: FloatArray
    are_feasible: BoolArray
    are_own: BoolArray
    level: float
    is_noisy: bool

    def points(self, units: FloatArray) -> FloatArray:
        """Return `units` (m, d) as the model sees them: with their task where there are some."""
        return units if self.task is None else in_task(units, self.task)

    def reward(self, units: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mean and deviation (m,) of the true reward at `units` (m, d)."""
        mean, deviation = self.objective.predict(self.points(units))
        return mean + self.level, deviation

    def feasibility(self, units: FloatArray) -> FloatArray:
        """Return the probability (m,) that all constraints hold at `units` (m, d)."""
        chance = np.ones(len(units))
        for limit in self.limits:
            points = self.points(units)
            mean, deviation = limit.process.mean_and_deviation(points, limit.solved)
            chance *= ndtr((limit.edge - mean) / deviation)
        return chance

    def best(self) -> int | None:
        """Return the index of the point with the highest mean among the feasible of the task."""
        may = self.are_own & self.are_feasible
        if self.limits and self.is_noisy:
            may = self.are_own & (self.feasibility(self.units) >= 0.5)
        if not may.any():
            return None
        return int(np.argmax(np.where(may, self.objective.fitted(), -np.inf)))

    def good(self, count: int) -> FloatArray:
        """Return the points (g, d) with the best rewards among the feasible, best first."""
        scaled = self.objective.scaled[: len(self.units)]
        order = np.argsort(-np.where(self.are_feasible, scaled, -np.inf), kind="stable")
        return self.units[order[:count]]

    def acquisition(self, awaited: FloatArray, rng: np.random.Generator) -> Worth:
        """Return what tries are worth, while `awaited` (p, d) are being tried already."""
        more = self.points(awaited)
        objective = self.objective.expecting(more)
        limits = [
            Limit(limit.process, limit.solved, limit.edge)
            for limit in (each.expecting(more) for each in self.limits)
        ]
        worth = Acquisition(self._objective(objective, rng), limits)
        return worth if self.task is None else InTask(worth, self.task)

    def _objective(self, belief: Belief, rng: np.random.Generator) -> Objective | None:
        may = self.are_own & self.are_feasible
        count = len(belief.scaled)
        if self.is_noisy and may.any():
            # Points that are awaited have no measurement that was lucky: they may count as well.
            counts = np.concatenate([may, np.ones(count - len(may), dtype=bool)])
            return possible_objective(belief, counts, rng)
        if may.any():
            best = belief.scaled[: len(may)][may].max()
        elif self.task is not None and self.are_feasible.any():
            best = belief.process.mean_and_deviation(self.points(self.units), belief.solved)[
                0
            ].max()
        else:
            return None
        return Objective(belief.process, belief.solved, np.array([best]))
