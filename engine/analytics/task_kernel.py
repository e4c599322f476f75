"""What one task teaches about another: the task is one more parameter, without order.

Its weight in the kernel says how alike tasks are, and is learnt with the others (Swersky et al.
2013 with one correlation for all pairs). Rewards of different level are brought together first.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.analytics.kernel import BoolArray, FloatArray

PATIENCE = 4.0
"""A task's own level counts fully only when it has many more measurements than this."""


class Worth(Protocol):
    """What is maximised: values, and values with gradients."""

    def values(self, units: FloatArray) -> FloatArray:
        """Return values (m,) at `units` (m, d)."""

    def __call__(self, units: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return values (m,) and gradients (m, d) at `units`."""


class InTask:
    """A worth over parameters and task, seen within one task."""

    def __init__(self, worth: Worth, task: int) -> None:
        self._worth, self._task = worth, task

    def values(self, units: FloatArray) -> FloatArray:
        """Return values (m,) at `units` (m, d) of the parameters."""
        return self._worth.values(in_task(units, self._task))

    def __call__(self, units: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return values (m,) and gradients (m, d) at `units` (m, d) of the parameters."""
        values, gradients = self._worth(in_task(units, self._task))
        return values, gradients[:, :-1]


def in_task(units: FloatArray, tasks: int | NDArray[np.intp]) -> FloatArray:
    """Return points (n, d + 1): `units` (n, d) with their task, a number or (n,)."""
    column = np.broadcast_to(np.asarray(tasks, dtype=np.float64), len(units))
    return np.column_stack([units, column])


def with_task_choice(is_choice: BoolArray) -> BoolArray:
    """Return which of the d + 1 parameters have no order: the task, the last, has none."""
    return np.append(is_choice, True)


def levels(rewards: FloatArray, tasks: NDArray[np.intp], task_count: int) -> FloatArray:
    """Return by how much each task's rewards lie above all, (task_count,).

    Shrunk towards 0 where a task has few measurements: n / (n + PATIENCE) of the difference.
    """
    found = np.zeros(task_count)
    if not len(rewards):
        return found
    everywhere = rewards.mean()
    for task in range(task_count):
        own = rewards[tasks == task]
        if len(own):
            found[task] = (own.mean() - everywhere) * len(own) / (len(own) + PATIENCE)
    return found
