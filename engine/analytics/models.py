"""The models of reward and constraints: what they look at, and when they are fitted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.analytics.beliefs import FAR_BELOW, Beliefs
from engine.analytics.condensing import Condensed, condensed
from engine.analytics.kernel import FloatArray
from engine.analytics.many_observations import MOST, in_view
from engine.analytics.measurements import Measurements
from engine.analytics.space import Space
from engine.analytics.surrogate import Surrogate
from engine.analytics.task_kernel import in_task, levels, with_task_choice

SEARCH_STEPS = 60
"""Of a search in the background, which has time."""
STEPS_BY_COUNT = ((30, 12), (60, 6), (120, 3))
"""Steps of the search with each suggestion, up to so many points: a few milliseconds each time."""
PATIENCE = 60
"""The search goes on after one more measurement in so many: by then it changes little."""
CONDENSED_EVERY = 100
"""Noisy measurements beyond MOST that wait until they are looked at together."""
SEARCHED = 200
"""Points that a search in the foreground looks at, spread over all: a step then takes 1.5 ms."""


class Models:
    """The surrogates of one study; `beliefs` are made of them."""

    def __init__(
        self,
        space: Space,
        *,
        is_noisy: bool,
        constraint_count: int,
        tasks: int,
        rng: np.random.Generator,
    ) -> None:
        self._space, self._is_noisy, self._tasks, self._rng = space, is_noisy, tasks, rng
        choice = with_task_choice(space.is_choice) if tasks > 1 else space.is_choice
        self._objective = Surrogate(choice, is_noisy=is_noisy, is_bent=True)
        self._limits = [
            Surrogate(choice, is_noisy=is_noisy, is_bent=False) for _ in range(constraint_count)
        ]
        self._view: NDArray[np.intp] = np.arange(0)
        self._seen = self._improved = 0
        self._condensed: Condensed | None = None
        self._condensed_of = 0

    def place(self, space: Space) -> None:
        """Go on in another space: what was in view may have moved."""
        self._space, self._view = space, np.arange(0)
        self._seen = self._improved = 0
        self._condensed = None

    def beliefs(self, told: Measurements, task: int) -> Beliefs:
        """Return what is believed now, from one task; at least one measurement must be there."""
        measured = self._looked_at(told)
        view = self._in_view(measured)
        points, rewards, level = self._data(measured, view)
        objective = self._objective.condition(points, rewards)
        limits = tuple(
            each.condition(points, measured.constraints[view, place])
            for place, each in enumerate(self._limits)
        )
        return Beliefs(
            space=self._space,
            task=task if self._tasks > 1 else None,
            objective=objective,
            limits=limits,
            units=measured.units[view],
            rewards=measured.rewards[view],
            are_feasible=measured.are_feasible[view],
            are_own=measured.tasks[view] == task,
            level=float(level[task]),
            is_noisy=self._is_noisy,
        )

    def improve(self, told: Measurements) -> None:
        """Search on for hyperparameters, a little; nothing happens where nothing is new."""
        if told.count - self._improved < max(1, self._improved // PATIENCE):
            return
        self._improved = told.count
        measured = self._looked_at(told)
        view = self._in_view(measured)
        if len(view) > SEARCHED:
            view = view[np.linspace(0, len(view) - 1, SEARCHED).astype(np.intp)]
        steps = next((steps for most, steps in STEPS_BY_COUNT if len(view) <= most), 1)
        self._work(measured, view, steps)()

    def work(self, measured: Measurements) -> Callable[[], None]:
        """Return the whole search for hyperparameters, to be run where there is time for it."""
        seen = self._looked_at(measured)
        return self._work(seen, self._in_view(seen), SEARCH_STEPS)

    def _looked_at(self, measured: Measurements) -> Measurements | Condensed:
        """Return what models are made of: many noisy measurements are put into groups."""
        if not self._is_noisy or measured.count <= MOST:
            return measured
        if self._condensed is None or measured.count - self._condensed_of >= CONDENSED_EVERY:
            self._condensed, self._condensed_of = condensed(measured), measured.count
            self._view, self._seen = np.arange(0), 0
        return self._condensed

    def _work(
        self, measured: Measurements | Condensed, view: NDArray[np.intp], steps: int
    ) -> Callable[[], None]:
        points, rewards, _ = self._data(measured, view)
        constraints = measured.constraints[view]

        def search() -> None:
            self._objective.improve(points, rewards, steps)
            for place, each in enumerate(self._limits):
                each.improve(points, constraints[:, place], steps)

        return search

    def _in_view(self, measured: Measurements | Condensed) -> NDArray[np.intp]:
        """Return which measurements count now, ascending; chosen anew only when they grew many."""
        new = np.arange(self._seen, measured.count)
        if len(self._view) + len(new) <= MOST:
            self._view = np.concatenate([self._view, new])
        else:
            worth = np.where(measured.are_feasible, measured.rewards, FAR_BELOW)
            self._view = in_view(measured.units, worth, self._rng)
        self._seen = measured.count
        return self._view

    def _data(
        self, measured: Measurements | Condensed, view: NDArray[np.intp]
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return points, rewards brought to one level, and the level of each task."""
        units, rewards = measured.units[view], measured.rewards[view]
        if self._tasks == 1:
            return units, rewards, np.zeros(1)
        tasks = measured.tasks[view]
        level = levels(rewards, tasks, self._tasks)
        return in_task(units, tasks), rewards - level[tasks], level
