"""What one parameter may be, and where its values lie between 0 and 1."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import SettingsError

Value = float | int | str | bool
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Condition:
    """A parameter counts only while `parameter` has one of `values`."""

    parameter: str
    values: frozenset[Value]


@dataclass(frozen=True, slots=True)
class FloatParameter:
    """A number from `low` to `high`, both included; `is_log`: its logarithm is spread evenly.

    Raises SettingsError where the bounds are not finite, in the wrong order, or have no logarithm.
    """

    name: str
    low: float
    high: float
    is_log: bool = False
    only_if: Condition | None = None

    def __post_init__(self) -> None:
        _check_bounds(self)

    def refusal(self, value: Value) -> str:
        """Return "" where `value` may be used, else what is wrong with it."""
        return _number_refusal(self, value)

    def to_unit(self, value: Value) -> float | None:
        """Return where `value` lies in [0, 1]; None where it cannot be used."""
        return None if self.refusal(value) else _to_unit(self, float(value))

    def from_unit(self, unit: float) -> float:
        """Return the value at `unit` in [0, 1]."""
        return float(min(self.high, max(self.low, _from_unit(self, unit))))

    def grid(self) -> FloatArray | None:
        """Return None, because every value between the bounds is one; one place for one value."""
        return None if self.high > self.low else np.zeros(1)


@dataclass(frozen=True, slots=True)
class IntParameter:
    """A whole number from `low` to `high`, both included; otherwise as FloatParameter."""

    name: str
    low: int
    high: int
    is_log: bool = False
    only_if: Condition | None = None

    def __post_init__(self) -> None:
        _check_bounds(self)
        for bound in (self.low, self.high):
            if bound != int(bound):
                raise SettingsError(f"{self.name}: {bound} is no whole number: use FloatParameter")

    def refusal(self, value: Value) -> str:
        """Return "" where `value` may be used, else what is wrong with it."""
        refusal = _number_refusal(self, value)
        if not refusal and float(value) != int(value):
            return f"{self.name}: {value} is no whole number: round it"
        return refusal

    def to_unit(self, value: Value) -> float | None:
        """Return where `value` lies in [0, 1]; None where it cannot be used."""
        return None if self.refusal(value) else _to_unit(self, float(value))

    def from_unit(self, unit: float) -> int:
        """Return the whole number nearest to `unit` in [0, 1]."""
        return min(self.high, max(self.low, math.floor(_from_unit(self, unit) + 0.5)))

    def grid(self) -> FloatArray | None:
        """Return where the whole numbers lie in [0, 1], ascending; None where they are many."""
        if self.high - self.low > MOST_GRID:
            return None
        return np.array([_to_unit(self, each) for each in range(self.low, self.high + 1)])


@dataclass(frozen=True, slots=True)
class ChoiceParameter:
    """One of `choices`, which have no order. Raises SettingsError where they are none or twice."""

    name: str
    choices: tuple[Value, ...]
    only_if: Condition | None = None

    def __post_init__(self) -> None:
        if not self.choices:
            raise SettingsError(f"{self.name} has no choices: give at least one")
        for index, choice in enumerate(self.choices):
            if any(is_same(choice, other) for other in self.choices[:index]):
                raise SettingsError(f"{self.name}: {choice!r} is given twice: leave one out")

    def index(self, value: Value) -> int | None:
        """Return the place of `value` among the choices; None where it is not one (any more)."""
        for index, choice in enumerate(self.choices):
            if is_same(choice, value):
                return index
        return None

    def refusal(self, value: Value) -> str:
        """Return "" where `value` may be used, else what is wrong with it."""
        if self.index(value) is not None:
            return ""
        return f"{self.name}: {value!r} is not one of {', '.join(map(str, self.choices))}"

    def to_unit(self, value: Value) -> float | None:
        """Return where `value` lies in [0, 1]; None where it is not a choice (any more)."""
        index = self.index(value)
        return None if index is None else index / max(len(self.choices) - 1, 1)

    def from_unit(self, unit: float) -> Value:
        """Return the choice whose place is nearest to `unit` in [0, 1]."""
        last = len(self.choices) - 1
        return self.choices[min(last, max(0, math.floor(unit * last + 0.5)))]

    def grid(self) -> FloatArray | None:
        """Return where the choices lie in [0, 1]."""
        return np.arange(len(self.choices)) / max(len(self.choices) - 1, 1)


Number = FloatParameter | IntParameter
Parameter = FloatParameter | IntParameter | ChoiceParameter

MOST_GRID = 100_000
"""Whole numbers between wider bounds are treated as if they were continuous, and rounded."""


@dataclass(frozen=True, slots=True)
class LinearConstraint:
    """The sum of weight times value, over the numbers named, is at most `at_most`.

    Numbers that do not count (their condition is not met) add nothing.
    """

    weights: Mapping[str, float]
    at_most: float


def is_same(one: Value, other: Value) -> bool:
    """Tell whether two values are one choice: 1 and 1.0 are, 1 and True are not."""
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def _check_bounds(parameter: Number) -> None:
    name, low, high = parameter.name, parameter.low, parameter.high
    if not (math.isfinite(low) and math.isfinite(high) and math.isfinite(high - low)):
        raise SettingsError(f"{name}: bounds {low} to {high}: give finite numbers")
    if low > high:
        raise SettingsError(f"{name}: {low} is above {high}: exchange the bounds")
    if parameter.is_log and low <= 0:
        raise SettingsError(f"{name}: {low} has no logarithm: begin above 0, or set is_log off")


def _number_refusal(parameter: Number, value: Value) -> str:
    if isinstance(value, bool | str) or not math.isfinite(value):
        return f"{parameter.name}: {value!r} is no finite number"
    if not parameter.low <= value <= parameter.high:
        return f"{parameter.name}: {value} is not within {parameter.low} to {parameter.high}"
    return ""


def _to_unit(parameter: Number, value: float) -> float:
    low, high = float(parameter.low), float(parameter.high)
    if high == low:
        return 0.0
    if parameter.is_log:
        return math.log(value / low) / math.log(high / low)
    return (value - low) / (high - low)


def _from_unit(parameter: Number, unit: float) -> float:
    low, high = float(parameter.low), float(parameter.high)
    if high == low:
        return low
    if parameter.is_log:
        return low * math.exp(unit * math.log(high / low))
    return low + unit * (high - low)
