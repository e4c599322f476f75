"""Bayesian optimisation: asked what to try, told what came of it. It makes the reward largest."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.analytics.beliefs import Beliefs
from engine.analytics.blas_threads import use_one_thread
from engine.analytics.cuts import (
    Contour,
    LeftOut,
    Slice,
    base,
    contour_over,
    importances,
    left_out,
    slice_through,
)
from engine.analytics.design import first_points
from engine.analytics.local_search import Effort, LocalSearch
from engine.analytics.measurements import Measurements, Told, checked
from engine.analytics.models import Models
from engine.analytics.space import FloatArray, Space, Value
from engine.analytics.suggesting import Pending, Suggestion, described, first_new, listed
from engine.analytics.task_kernel import Worth
from engine.errors import Rejected

FIRST = 10
"""Points that are spread before anything is believed; GPSampler and others also take ten."""

EFFORT, LESS_EFFORT = Effort(), Effort(candidates=128, starts=4, steps=9)
MANY = 80
"""With more measurements than this, each look costs more and the summits are known better."""
GOOD = 5
"""Good points around which others are tried."""
RETRIES = 256


@dataclass(frozen=True, slots=True)
class Best:
    """The best of what was tried. mean, deviation: what is believed of its true reward."""

    values: dict[str, Value]
    mean: float
    deviation: float
    observed: float
    """The reward that was measured there, the last where it was measured more than once."""


class Optimiser:
    """Suggests values in `space`, and learns from what is told.

    is_noisy: the same values may give another reward. constraint_count: quantities that are
    measured with each reward and must be at most 0. tasks: studies that share what they learn;
    task 0 is meant where none is named. is_background: hyperparameters are only searched by
    `refit`, which may run on another thread; otherwise a little with every `ask`.

    All methods may be called from any thread; only `refit` takes long, and blocks no other.
    """

    def __init__(
        self,
        space: Space,
        *,
        seed: int,
        is_noisy: bool = False,
        constraint_count: int = 0,
        tasks: int = 1,
        is_background: bool = False,
    ) -> None:
        use_one_thread()
        self.space, self.is_noisy, self.tasks = space, is_noisy, tasks
        self.is_background = is_background
        self._rng = np.random.default_rng(seed)
        # What is looked at must not change what is suggested.
        self._views = np.random.default_rng(seed)
        self._constraint_count = constraint_count
        self._measured = Measurements(space, constraint_count)
        self._models = Models(
            space, is_noisy=is_noisy, constraint_count=constraint_count, tasks=tasks, rng=self._rng
        )
        self._pending = Pending(space)
        self._first = first_points(space, self._rng, FIRST)
        self._lock = threading.RLock()
        self._refitting = threading.Lock()

    @property
    def count(self) -> int:
        """How many measurements were told and lie in the space."""
        return self._measured.count

    @property
    def told(self) -> tuple[Told, ...]:
        """All that was told, oldest first, whether it lies in the space or not."""
        return tuple(self._measured.told)

    @property
    def awaited(self) -> int:
        """How many values are pending."""
        return len(self._pending)

    def ask(self, task: int = 0) -> Suggestion:
        """Return what to try next. It is not pending until `pend` says so.

        Raises Rejected where there is no task of this number.
        """
        with self._lock:
            self._check_task(task)
            return self._from_design(task) or self._from_model(task)

    def tell(
        self,
        values: Mapping[str, Value],
        reward: float,
        constraints: Sequence[float] = (),
        *,
        task: int = 0,
    ) -> None:
        """Learn that `values` gave `reward` and these values of the constraints.

        Values that have left the space meanwhile are kept for when it has room for them again.
        Raises Rejected where a number is not finite or there are not as many as announced.
        """
        told = checked(values, reward, constraints, task)
        if len(constraints) != self._constraint_count:
            raise Rejected(
                f"{len(constraints)} constraints were told, {self._constraint_count} are measured",
                param="constraints",
            )
        with self._lock:
            self._check_task(task)
            self._pending.drop(values, task)
            self._measured.add(told)

    def pend(self, values: Mapping[str, Value], *, task: int = 0) -> None:
        """Expect the reward of `values`: nothing like them is suggested until told or dropped."""
        with self._lock:
            self._pending.add(values, task)

    def drop(self, values: Mapping[str, Value], *, task: int = 0) -> None:
        """Expect no reward of `values` any more; nothing happens where none was expected."""
        with self._lock:
            self._pending.drop(values, task)

    def adopt(self, space: Space) -> None:
        """Go on in `space`, which has the same parameters with other choices.

        Raises Rejected where its parameters have other names.
        """
        if [each.name for each in space.parameters] != [e.name for e in self.space.parameters]:
            raise Rejected("the new space has other parameters: begin another study")
        with self._lock:
            self.space = space
            self._measured.place(space)
            self._pending.place(space)
            self._models.place(space)
            self._first = first_points(space, self._rng, FIRST)

    def refit(self) -> None:
        """Search the most probable hyperparameters. Takes long; no other call waits for it."""
        with self._refitting:
            with self._lock:
                if not self._measured.count:
                    return
                work = self._models.work(self._measured)
            work()

    def predict(self, units: FloatArray, task: int = 0) -> tuple[FloatArray, FloatArray]:
        """Return mean and deviation of the true reward (m,) at points (m, d) of the space."""
        with self._lock:
            return self._beliefs(task).reward(units)

    def feasibility(self, units: FloatArray, task: int = 0) -> FloatArray:
        """Return the probability (m,) that all constraints hold at points (m, d)."""
        with self._lock:
            return self._beliefs(task).feasibility(units)

    def beliefs(self, task: int = 0) -> Beliefs:
        """Return all that is believed now; it does not change when more is told."""
        with self._lock:
            return self._beliefs(task)

    def best(self, task: int = 0) -> Best | None:
        """Return the tried values with the highest mean among those that are feasible.

        By the posterior mean, not by the measurement, which may have been lucky. None where
        nothing feasible is known.
        """
        with self._lock:
            if not self._measured.count:
                return None
            beliefs = self._beliefs(task)
            index = beliefs.best()
            if index is None:
                return None
            unit = beliefs.units[index]
            mean, deviation = beliefs.reward(unit[None])
            values = self.space.decode(unit)
            return Best(values, float(mean[0]), float(deviation[0]), float(beliefs.rewards[index]))

    def slices(self, name: str, points: int = 60, task: int = 0) -> Slice:
        """Return what is believed along the parameter `name`, the others as at the best."""
        with self._lock:
            beliefs = self._beliefs(task)
            return slice_through(beliefs, name, base(beliefs), points, self._views)

    def contour(self, x: str, y: str, points: int = 40, task: int = 0) -> Contour:
        """Return what is believed over two parameters, the others as at the best."""
        with self._lock:
            beliefs = self._beliefs(task)
            return contour_over(beliefs, x, y, base(beliefs), points)

    def importances(self, task: int = 0) -> dict[str, float]:
        """Return by parameter how much the believed reward depends on it; they add up to 1."""
        with self._lock:
            return importances(self._beliefs(task), self._views)

    def leave_one_out(self, task: int = 0) -> LeftOut:
        """Return each measurement as predicted from all others."""
        with self._lock:
            return left_out(self._beliefs(task))

    def _check_task(self, task: int) -> None:
        if not 0 <= task < self.tasks:
            raise Rejected(f"task {task} is not among the {self.tasks} of this study", param="task")

    def _beliefs(self, task: int) -> Beliefs:
        """Return what is believed. Raises Rejected without such a task or any measurement."""
        self._check_task(task)
        if not self._measured.count:
            raise Rejected("nothing was measured yet: tell a reward first")
        return self._models.beliefs(self._measured, task)

    def _from_design(self, task: int) -> Suggestion | None:
        """Return the next of the first points that is neither known nor awaited."""
        if self._measured.count + len(self._pending) >= FIRST:
            return None
        unit = first_new(self._first, self._measured.units, self._pending.units(task))
        if unit is None:
            return None
        why = f"one of the first {FIRST}, which are spread over everything that is allowed"
        return Suggestion(self.space.decode(unit), unit, why)

    def _from_model(self, task: int) -> Suggestion:
        if not self._measured.count:
            unit = self.space.sample(self._rng, 1)[0]
            return Suggestion(self.space.decode(unit), unit, "anywhere: nothing is known yet")
        is_early = self._measured.count <= MANY
        if is_early and not self.is_background:
            self._models.improve(self._measured)
        beliefs = self._beliefs(task)
        if not (is_early or self.is_background):
            # For the next question: the search and a new posterior at once would take too long.
            self._models.improve(self._measured)
        awaited = self._pending.units(task)
        acquisition = beliefs.acquisition(awaited, self._rng)
        search = LocalSearch(
            space=self.space,
            acquisition=acquisition,
            good=beliefs.good(GOOD),
            metric=1.0 / beliefs.objective.process.believed.weights[: self.space.size],
            rng=self._rng,
        )
        # With noise, measuring the same again teaches something.
        told = self._measured.units[self._measured.tasks == task][: 0 if self.is_noisy else None]
        unit = first_new(
            search.ranked(EFFORT if len(beliefs.units) <= MANY else LESS_EFFORT), told, awaited
        )
        if unit is None:
            ranked = self._left_over(acquisition)
            unit = first_new(ranked, told, awaited)
        if unit is None:
            return self._repeat(beliefs)
        return described(beliefs, unit, float(acquisition.values(unit[None])[0]))

    def _left_over(self, acquisition: Worth) -> FloatArray:
        """Return other points (m, d), best first, where the search found only known ones."""
        everything = listed(self.space)
        if everything is None:
            everything = self.space.sample(self._rng, RETRIES)
        return everything[np.argsort(-acquisition.values(everything))]

    def _repeat(self, beliefs: Beliefs) -> Suggestion:
        index = beliefs.best()
        unit = beliefs.units[0 if index is None else index]
        mean, deviation = beliefs.reward(unit[None])
        return Suggestion(
            self.space.decode(unit),
            unit,
            "everything was tried: this was the best",
            mean=float(mean[0]),
            deviation=float(deviation[0]),
            is_repeat=True,
        )
