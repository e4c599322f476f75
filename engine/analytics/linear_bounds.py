"""Points that keep linear inequalities: found by projection, drawn by a walk that never leaves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.analytics.parameters import (
    ChoiceParameter,
    FloatArray,
    LinearConstraint,
    Parameter,
    Value,
)
from engine.errors import SettingsError

SWEEPS = 3000
"""Projections converge linearly; half-spaces that barely meet need thousands of rounds."""
TOLERANCE = 1e-9
"""Of a row's largest possible sum: what rounding may add."""


class LinearBounds:
    """Linear constraints between the numbers among `parameters`.

    Inside, a number is its share of its range without logarithms, so that constraints stay linear.
    Raises SettingsError where a constraint names what is no number that always counts, has a limit
    that is not finite, or where no point keeps all of them.
    """

    def __init__(
        self, parameters: Sequence[Parameter], constraints: Sequence[LinearConstraint]
    ) -> None:
        self._parameters, self._constraints = tuple(parameters), tuple(constraints)
        self._rows = np.zeros((len(constraints), len(parameters)))
        self._limits = np.zeros(len(constraints))
        for index, constraint in enumerate(constraints):
            self._fill(index, constraint)
        inside = project(self._rows, self._limits, np.full(len(parameters), 0.5))
        if inside is None:
            said = "; ".join(describe(each) for each in constraints)
            raise SettingsError(f"no values keep all constraints ({said}): widen one of them")
        self._inside = inside

    def refusal(self, values: Mapping[str, Value]) -> str:
        """Return "" where `values` keep all constraints, else which one they break."""
        for constraint in self._constraints:
            terms = [weight * float(values[name]) for name, weight in constraint.weights.items()]
            slack = TOLERANCE * (sum(map(abs, terms)) + abs(constraint.at_most))
            if sum(terms) > constraint.at_most + slack:
                return f"{describe(constraint)} is broken: the sum is {sum(terms):g}: lower a value"
        return ""

    def keeps(self, units: FloatArray) -> NDArray[np.bool_]:
        """Tell for each point (n, d) of the unit cube whether it keeps all; shape (n,)."""
        if not self._constraints:
            return np.ones(len(units), dtype=bool)
        kept: NDArray[np.bool_] = violation(self._rows, self._limits, self._shares(units)) <= 0
        return kept

    def walked(self, units: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Return points (n, d) that keep all; what is no number is taken from `units` (n, d)."""
        walked = walk(self._rows, self._limits, self._inside, rng, len(units))
        found = units.copy()
        for place, each in enumerate(self._parameters):
            if isinstance(each, ChoiceParameter):
                continue
            found[:, place] = walked[:, place]
            if each.is_log and each.high > each.low:
                ratio = each.high / each.low
                found[:, place] = np.log1p(walked[:, place] * (ratio - 1)) / math.log(ratio)
        return found

    def _fill(self, index: int, constraint: LinearConstraint) -> None:
        """Write one row: the sum of weight times (low + share times range) is at most the limit."""
        named = {each.name: (place, each) for place, each in enumerate(self._parameters)}
        self._limits[index] = constraint.at_most
        for name, weight in constraint.weights.items():
            place, parameter = named.get(name, (0, None))
            if parameter is None or isinstance(parameter, ChoiceParameter) or parameter.only_if:
                raise SettingsError(
                    f"{describe(constraint)}: {name!r} is no number that always counts"
                )
            self._rows[index, place] = weight * (parameter.high - parameter.low)
            self._limits[index] -= weight * parameter.low
        if not (np.isfinite(self._rows[index]).all() and np.isfinite(self._limits[index])):
            raise SettingsError(f"{describe(constraint)}: give finite weights and a finite limit")

    def _shares(self, units: FloatArray) -> FloatArray:
        shares = units.copy()
        for place, each in enumerate(self._parameters):
            if not isinstance(each, ChoiceParameter) and each.is_log and each.high > each.low:
                ratio = each.high / each.low
                shares[:, place] = np.expm1(units[:, place] * math.log(ratio)) / (ratio - 1)
        return shares


def describe(constraint: LinearConstraint) -> str:
    """Return a constraint as it is written."""
    terms = " + ".join(f"{weight:g}*{name}" for name, weight in constraint.weights.items())
    return f"{terms} <= {constraint.at_most:g}"


def violation(rows: FloatArray, limits: FloatArray, points: FloatArray) -> FloatArray:
    """Return by how much each point breaks its worst row, at most 0 where it breaks none.

    rows: (m, d); limits: (m,); points: (n, d). Returns (n,); -inf where there are no rows.
    """
    if not len(rows):
        return np.full(len(points), -np.inf)
    slack = TOLERANCE * (np.abs(rows).sum(1) + np.abs(limits))
    excess: FloatArray = (points @ rows.T - limits - slack).max(1)
    return excess


def project(rows: FloatArray, limits: FloatArray, point: FloatArray) -> FloatArray | None:
    """Return a point of the unit cube near `point` (d,) that keeps all rows; None without one.

    Source: projections onto convex sets in turn (Bregman 1965); with a small overshoot, so that
    it ends inside wherever there is an inside.
    """
    norms = np.maximum((rows**2).sum(1), 1e-300)
    found = np.clip(point, 0.0, 1.0)
    for sweep in range(SWEEPS):
        if violation(rows, limits, found[None])[0] <= 0:
            return found
        overshoot = 1.5 if sweep < SWEEPS // 2 else 1.0
        for row, limit, norm in zip(rows, limits, norms, strict=True):
            excess = row @ found - limit
            if excess > 0:
                found = np.clip(found - overshoot * excess / norm * row, 0.0, 1.0)
    return None


def walk(
    rows: FloatArray, limits: FloatArray, start: FloatArray, rng: np.random.Generator, count: int
) -> FloatArray:
    """Return `count` points (count, d) of the unit cube that keep all rows, from `start` on.

    Source: hit and run (Smith 1984): along a random line, to a point drawn evenly from the part
    of it that is allowed; 8 steps between two that are returned.
    """
    size = len(start)
    all_rows = np.vstack([rows, np.eye(size), -np.eye(size)])
    all_limits = np.concatenate([limits, np.ones(size), np.zeros(size)])
    at, found = start.copy(), []
    for step in range(8 * count):
        line = rng.normal(size=size)
        speed, room = all_rows @ line, np.maximum(all_limits - all_rows @ at, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = room / speed
        ahead = reach[speed > 1e-14].min(initial=1e3)
        behind = reach[speed < -1e-14].max(initial=-1e3)
        at = np.clip(at + rng.uniform(behind, ahead) * line, 0.0, 1.0)
        if step % 8 == 7:
            found.append(at.copy())
    return np.array(found)
