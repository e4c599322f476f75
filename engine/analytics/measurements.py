"""What was measured in a study so far, as a Gaussian process reads it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.analytics.space import FloatArray, Space, Value
from engine.errors import Rejected

LARGEST = 1e100
"""No reward of anything real is larger, and the variance of larger ones would not be finite."""


@dataclass(frozen=True, slots=True)
class Told:
    """One measurement as it was told."""

    values: Mapping[str, Value]
    reward: float
    constraints: tuple[float, ...]
    task: int


class Measurements:
    """Every measurement in order, as arrays that grow.

    Those whose values are not in the space (a choice has vanished) are kept and left out of the
    arrays; they return when the space has room for them again.
    """

    def __init__(self, space: Space, constraint_count: int) -> None:
        self.told: list[Told] = []
        self._constraint_count = constraint_count
        self.place(space)

    def place(self, space: Space) -> None:
        """Look up again where everything lies, because the space is another now."""
        self._space, self.count = space, 0
        self._units = np.empty((16, space.size))
        self._rewards, self._tasks = np.empty(16), np.empty(16, dtype=np.intp)
        self._constraints = np.empty((16, self._constraint_count))
        for each in self.told:
            self._append(each)

    def add(self, told: Told) -> None:
        """Add one measurement."""
        self.told.append(told)
        self._append(told)

    @property
    def units(self) -> FloatArray:
        """Where was measured, (n, d)."""
        return self._units[: self.count]

    @property
    def rewards(self) -> FloatArray:
        """What was measured, (n,)."""
        return self._rewards[: self.count]

    @property
    def constraints(self) -> FloatArray:
        """The constraints' values, (n, c)."""
        return self._constraints[: self.count]

    @property
    def tasks(self) -> NDArray[np.intp]:
        """The task of each, (n,)."""
        return self._tasks[: self.count]

    @property
    def are_feasible(self) -> NDArray[np.bool_]:
        """Whether each kept all constraints as measured, (n,)."""
        kept: NDArray[np.bool_] = np.all(self.constraints <= 0.0, axis=1)
        return kept

    def _append(self, told: Told) -> None:
        unit = self._space.encode(told.values)
        if unit is None:
            return
        if self.count == len(self._rewards):
            self._grow()
        self._units[self.count] = unit
        self._rewards[self.count], self._tasks[self.count] = told.reward, told.task
        self._constraints[self.count] = told.constraints
        self.count += 1

    def _grow(self) -> None:
        self._units = np.concatenate([self._units, np.empty_like(self._units)])
        self._rewards = np.concatenate([self._rewards, np.empty_like(self._rewards)])
        self._tasks = np.concatenate([self._tasks, np.empty_like(self._tasks)])
        self._constraints = np.concatenate([self._constraints, np.empty_like(self._constraints)])


def checked(
    values: Mapping[str, Value], reward: float, constraints: Sequence[float], task: int
) -> Told:
    """Return one measurement, copied. Raises Rejected where nothing can be learnt of a number."""
    if not is_usable(reward):
        raise Rejected(f"reward {reward} is not finite or huge: leave it out", param="reward")
    for each in constraints:
        if not is_usable(each):
            raise Rejected(
                f"{each} among the constraints is not finite or huge: leave it out",
                param="constraints",
            )
    return Told(dict(values), float(reward), tuple(map(float, constraints)), task)


def is_usable(number: float) -> bool:
    """Tell whether something can be learnt of `number`: it is finite, and so is its square."""
    return math.isfinite(number) and abs(number) <= LARGEST
