"""Where the values of one parameter stand along an axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from app.ui.parameters_texts import value_text
from app.ui.widgets.plot_axes import Axis, linear_axis, log_axis
from engine.analytics.snapshot import Floats, ParameterRange, Value

EDGE = 0.5
"""Room at both ends of an axis of choices, in choices."""


@dataclass(frozen=True)
class ParameterScale:
    """The values `points` of one parameter: numbers, or choices in their order."""

    name: str
    points: tuple[Value, ...]
    is_log: bool = False

    @property
    def is_number(self) -> bool:
        """Whether values between the points make sense."""
        return all(
            isinstance(each, int | float) and not isinstance(each, bool) for each in self.points
        )

    @cached_property
    def places(self) -> Floats:
        """Where each point stands, shape (n,), rising."""
        if not self.is_number:
            return np.arange(len(self.points), dtype=np.float64)
        return np.array([self.place(each) for each in self.points], dtype=np.float64)

    @property
    def axis(self) -> Axis:
        """The axis from the first point to the last."""
        if not self.is_number:
            ticks = tuple((float(i), value_text(each)) for i, each in enumerate(self.points))
            return Axis(-EDGE, len(self.points) - 1 + EDGE, ticks, self.name)
        first, last = float(self.places[0]), float(self.places[-1])
        if self.is_log:
            return log_axis(10**first, 10**last, self.name)
        return linear_axis(first, last, self.name, count=6)

    def place(self, value: Value | None) -> float | None:
        """Return where `value` stands; None for what is no value of this parameter."""
        if not self.is_number:
            return float(self.points.index(value)) if value in self.points else None
        if not isinstance(value, int | float) or isinstance(value, bool):
            return None
        if self.is_log:
            return math.log10(value) if value > 0 else None
        return float(value)

    def along(self, values: Floats) -> Floats:
        """Return where many numbers stand, shape (n,); NaN for those that stand nowhere."""
        if not self.is_number:
            return np.full(len(values), np.nan)
        if not self.is_log:
            return values
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.log10(np.where(values > 0, values, np.nan)))

    def nearest(self, place: float) -> int:
        """Return the number of the point next to `place`."""
        return int(np.abs(self.places - place).argmin())


def scale_of(
    name: str, points: tuple[Value, ...], ranges: Sequence[ParameterRange]
) -> ParameterScale:
    """Return the scale of the parameter `name`; `ranges` tells whether it is logarithmic."""
    scale = ParameterScale(name, points)
    is_log = any(each.name == name and each.is_log for each in ranges)
    return replace(scale, is_log=True) if is_log and scale.is_number else scale
