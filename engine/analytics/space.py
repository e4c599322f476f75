"""All parameters together: what may be chosen, as a point in the unit cube and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.analytics.linear_bounds import LinearBounds
from engine.analytics.parameters import (
    ChoiceParameter,
    Condition,
    FloatArray,
    FloatParameter,
    IntParameter,
    LinearConstraint,
    Parameter,
    Value,
    is_same,
)
from engine.errors import Rejected, SettingsError

__all__ = [
    "ChoiceParameter",
    "Condition",
    "FloatArray",
    "FloatParameter",
    "IntParameter",
    "LinearConstraint",
    "Parameter",
    "Space",
    "Value",
]

BoolArray = NDArray[np.bool_]

RESTING = 0.5
"""Where a number that does not count lies in the cube, so that it cannot tell points apart."""
ROUNDS = 12
"""Draws that are thrown away where constraints leave little room, before the walk takes over."""


class Space:
    """The parameters of a study and the linear constraints between them.

    A point of it is `unit`, shape (d,), float64 in [0, 1]: numbers by their (log) scale, whole
    numbers and choices at the places of their grid, what does not count at rest.
    Raises SettingsError where names repeat, conditions name what is not there or comes later, or
    no point keeps all constraints.
    """

    def __init__(
        self, parameters: Sequence[Parameter], constraints: Sequence[LinearConstraint] = ()
    ) -> None:
        self.parameters, self.constraints = tuple(parameters), tuple(constraints)
        self.size = len(self.parameters)
        self._places = {each.name: place for place, each in enumerate(self.parameters)}
        self._grids = [each.grid() for each in self.parameters]
        self.is_choice: BoolArray = np.array(
            [isinstance(each, ChoiceParameter) for each in self.parameters], dtype=bool
        )
        self.is_continuous: BoolArray = np.array([grid is None for grid in self._grids], dtype=bool)
        self._conditional = [p for p, each in enumerate(self.parameters) if each.only_if]
        self._check_names()
        self._bounds = LinearBounds(self.parameters, self.constraints)
        if self.constraints:
            self.sample(np.random.default_rng(0), 1)

    def parameter(self, name: str) -> Parameter:
        """Return the parameter called `name`. Raises Rejected where there is none."""
        if name not in self._places:
            known = ", ".join(self._places)
            raise Rejected(f"there is no parameter {name!r}: it may be {known}", param=name)
        return self.parameters[self._places[name]]

    def place(self, name: str) -> int:
        """Return the index of the parameter called `name`. Raises Rejected without one."""
        self.parameter(name)
        return self._places[name]

    def grid(self, name: str) -> FloatArray | None:
        """Return where the values of a discrete parameter lie, ascending; None otherwise."""
        return self._grids[self.place(name)]

    def grid_at(self, place: int) -> FloatArray | None:
        """Return the grid of the parameter with index `place`; None where it has none."""
        return self._grids[place]

    def with_choices(self, name: str, choices: Sequence[Value]) -> Space:
        """Return the same space in which the parameter `name` has these choices."""
        parameter = self.parameter(name)
        if not isinstance(parameter, ChoiceParameter):
            raise Rejected(f"{name} is a number: give it other bounds instead", param=name)
        changed = replace(parameter, choices=tuple(choices))
        rest = [changed if each.name == name else each for each in self.parameters]
        return Space(rest, self.constraints)

    def refusal(self, values: Mapping[str, Value]) -> str:
        """Return "" where `values` may be used, else what is wrong and what would be right."""
        unknown = [name for name in values if name not in self._places]
        if unknown:
            return f"there is no parameter {unknown[0]!r}: it may be {', '.join(self._places)}"
        for parameter in self.parameters:
            if not self._counts(parameter, values):
                continue
            if parameter.name not in values:
                return f"{parameter.name} is missing: give it a value"
            refusal = parameter.refusal(values[parameter.name])
            if refusal:
                return refusal
        return self._bounds.refusal(values)

    def is_allowed(self, values: Mapping[str, Value]) -> bool:
        """Tell whether `values` may be used."""
        return not self.refusal(values)

    def encode(self, values: Mapping[str, Value]) -> FloatArray | None:
        """Return the point of `values`, shape (d,); None where they are not in this space.

        Linear constraints are not looked at: what was measured outside them still teaches.
        """
        unit = np.full(self.size, RESTING)
        for place, parameter in enumerate(self.parameters):
            if not self._counts(parameter, values):
                unit[place] = self._rest(place)
                continue
            at = parameter.to_unit(values[parameter.name]) if parameter.name in values else None
            if at is None:
                return None
            unit[place] = at
        return unit

    def decode(self, unit: FloatArray) -> dict[str, Value]:
        """Return the values at the point `unit` (d,), without those that do not count."""
        values: dict[str, Value] = {}
        for parameter, at in zip(self.parameters, unit, strict=True):
            if self._counts(parameter, values):
                values[parameter.name] = parameter.from_unit(float(at))
        return values

    def snap(self, units: FloatArray) -> FloatArray:
        """Return the nearest points (n, d) of the grids, at rest where a parameter does not count.

        units: (n, d); values outside [0, 1] are clipped.
        """
        snapped = np.clip(units, 0.0, 1.0)
        for place, grid in enumerate(self._grids):
            if grid is not None:
                snapped[:, place] = grid[nearest(grid, snapped[:, place])]
            elif isinstance(self.parameters[place], IntParameter):
                snapped[:, place] = self._rounded(place, snapped[:, place])
        for place in self._conditional:
            snapped[~self._active(snapped, place), place] = self._rest(place)
        return snapped

    def counting(self, units: FloatArray) -> BoolArray:
        """Tell for each parameter of each point (n, d) whether it counts there; shape (n, d)."""
        counts = np.ones(units.shape, dtype=bool)
        for place in self._conditional:
            counts[:, place] = self._active(units, place)
        return counts

    def allowed(self, units: FloatArray) -> BoolArray:
        """Tell for each point (n, d) whether it keeps the linear constraints; shape (n,)."""
        return self._bounds.keeps(units)

    def sample(self, rng: np.random.Generator, count: int) -> FloatArray:
        """Return `count` points (count, d) that are allowed, spread evenly. Never draws forever."""
        return self.shape(rng.random((count, self.size)), rng)

    def shape(self, units: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Return points that are allowed for `units` (n, d), drawn evenly from the cube.

        Every value of a grid gets an equal share of the cube. Points that break a constraint are
        drawn again, and at last walked to.
        """
        points = self.snap(self._shared_out(units))
        for _ in range(ROUNDS):
            broken = np.flatnonzero(~self.allowed(points))
            if not len(broken):
                return points
            points[broken] = self.snap(self._shared_out(rng.random((len(broken), self.size))))
        broken = np.flatnonzero(~self.allowed(points))
        if len(broken):
            points[broken] = self._walked(points[broken], rng)
        return points

    def _counts(self, parameter: Parameter, values: Mapping[str, Value]) -> bool:
        condition = parameter.only_if
        if condition is None:
            return True
        if not self._counts(self.parameters[self._places[condition.parameter]], values):
            return False
        has = values.get(condition.parameter)
        return has is not None and any(is_same(has, each) for each in condition.values)

    def _active(self, units: FloatArray, place: int) -> BoolArray:
        condition = self.parameters[place].only_if
        if condition is None:
            return np.ones(len(units), dtype=bool)
        parent = self._places[condition.parameter]
        active = self._active(units, parent)
        wanted = [self.parameters[parent].to_unit(each) for each in condition.values]
        known = [each for each in wanted if each is not None]
        near = [np.abs(units[:, parent] - each) < 1e-9 for each in known]
        return active & (np.any(near, axis=0) if near else np.zeros(len(units), dtype=bool))

    def _rounded(self, place: int, column: FloatArray) -> FloatArray:
        """Return the places of the nearest whole numbers, too many for a grid."""
        parameter = self.parameters[place]
        rounded = [parameter.to_unit(parameter.from_unit(float(each))) for each in column]
        return np.array([0.0 if each is None else each for each in rounded])

    def _rest(self, place: int) -> float:
        grid = self._grids[place]
        return RESTING if grid is None else float(grid[nearest(grid, np.array([RESTING]))[0]])

    def _shared_out(self, units: FloatArray) -> FloatArray:
        shared = np.array(units, dtype=np.float64)
        for place, grid in enumerate(self._grids):
            if grid is not None:
                index = np.minimum((shared[:, place] * len(grid)).astype(np.intp), len(grid) - 1)
                shared[:, place] = grid[index]
        return shared

    def _walked(self, points: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Return allowed points in place of `points` (n, d), which lie where little room is."""
        tried = points[rng.integers(len(points), size=4 * len(points))]
        kept = self.snap(self._bounds.walked(tried, rng))
        kept = kept[self.allowed(kept)]
        if not len(kept):
            raise SettingsError("no whole numbers keep all constraints: widen a bound or a limit")
        return kept[np.arange(len(points)) % len(kept)]

    def _check_names(self) -> None:
        if len(self._places) != self.size:
            names = [each.name for each in self.parameters]
            twice = next(name for name in names if names.count(name) > 1)
            raise SettingsError(f"{twice} is the name of two parameters: rename one")
        if not self.size:
            raise SettingsError("there are no parameters: give at least one")
        for place, each in enumerate(self.parameters):
            self._check_condition(place, each)

    def _check_condition(self, place: int, parameter: Parameter) -> None:
        if parameter.only_if is None:
            return
        name = parameter.only_if.parameter
        if self._places.get(name, place) >= place:
            raise SettingsError(
                f"{parameter.name} counts only with {name!r}, which does not come before it"
            )
        if isinstance(self.parameters[self._places[name]], FloatParameter):
            raise SettingsError(
                f"{parameter.name} depends on {name}: name a choice or whole number"
            )


def nearest(grid: FloatArray, at: FloatArray) -> NDArray[np.intp]:
    """Return the index of the grid's value nearest to each of `at`; grid ascending, at (n,)."""
    right = np.clip(np.searchsorted(grid, at), 1, max(len(grid) - 1, 1))
    if len(grid) == 1:
        return np.zeros(len(at), dtype=np.intp)
    return np.where(at - grid[right - 1] <= grid[right] - at, right - 1, right)
