"""Functions whose best value is known: six that the limits are about, and six others.

All are stated as in the literature, to be minimised; the optimiser gets the negated value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from engine.analytics.space import (
    ChoiceParameter,
    FloatParameter,
    IntParameter,
    Space,
    Value,
)

Values = Mapping[str, Value]
Measure = Callable[[list[float]], float]
Measures = Callable[[list[float]], list[float]]


@dataclass(frozen=True, slots=True)
class Problem:
    """A function over `space`. optimum: its least value where every constraint is at most 0."""

    name: str
    space: Space
    value: Measure
    optimum: float
    noise_sd: float = 0.0
    constraints: Measures | None = None
    constraint_count: int = 0

    def at(self, values: Values) -> float:
        """Return the value without noise."""
        return self.value([float(values[each.name]) for each in self.space.parameters])

    def constraints_at(self, values: Values) -> list[float]:
        """Return the values of the constraints, none where there are none."""
        if self.constraints is None:
            return []
        return self.constraints([float(values[each.name]) for each in self.space.parameters])


def box(low: float, high: float, size: int) -> Space:
    """Return a cube of `size` numbers."""
    return Space([FloatParameter(f"x{each}", low, high) for each in range(size)])


def branin(x: list[float]) -> float:
    """Branin 1972, by the usual constants."""
    a, b = x
    bend = b - 5.1 / (4 * math.pi**2) * a * a + 5 / math.pi * a - 6
    return bend**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(a) + 10


WEIGHTS = np.array([1, 1.2, 3, 3.2])
STEEP6 = np.array(
    [
        [10, 3, 17, 3.5, 1.7, 8],
        [0.05, 10, 17, 0.1, 8, 14],
        [3, 3.5, 1.7, 10, 17, 8],
        [17, 8, 0.05, 10, 0.1, 14],
    ]
)
CENTRE6 = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)
STEEP3 = np.array([[3, 10, 30], [0.1, 10, 35], [3, 10, 30], [0.1, 10, 35]])
CENTRE3 = 1e-4 * np.array(
    [[3689, 1170, 2673], [4699, 4387, 7470], [1091, 8732, 5547], [381, 5743, 8828]]
)


def hartmann6(x: list[float]) -> float:
    """Hartmann 1973 in six dimensions."""
    return -float(WEIGHTS @ np.exp(-(STEEP6 * (np.asarray(x) - CENTRE6) ** 2).sum(1)))


def hartmann3(x: list[float]) -> float:
    """Hartmann 1973 in three dimensions."""
    return -float(WEIGHTS @ np.exp(-(STEEP3 * (np.asarray(x) - CENTRE3) ** 2).sum(1)))


def ackley(x: list[float]) -> float:
    """Ackley 1987."""
    at = np.asarray(x)
    far = -20 * np.exp(-0.2 * np.sqrt((at**2).mean()))
    return float(far - np.exp(np.cos(2 * np.pi * at).mean()) + 20 + np.e)


def levy(x: list[float]) -> float:
    """Levy's function number 13 in any dimension."""
    w = 1 + (np.asarray(x) - 1) / 4
    middle = ((w[:-1] - 1) ** 2 * (1 + 10 * np.sin(np.pi * w[:-1] + 1) ** 2)).sum()
    end = (w[-1] - 1) ** 2 * (1 + np.sin(2 * np.pi * w[-1]) ** 2)
    return float(np.sin(np.pi * w[0]) ** 2 + middle + end)


def rosenbrock(x: list[float]) -> float:
    """Rosenbrock's valley, as its logarithm: its values span six orders of magnitude."""
    at = np.asarray(x)
    return float(np.log1p((100 * (at[1:] - at[:-1] ** 2) ** 2 + (1 - at[:-1]) ** 2).sum()))


def six_hump_camel(x: list[float]) -> float:
    """Return the camel function with six humps."""
    a, b = x
    return (4 - 2.1 * a * a + a**4 / 3) * a * a + a * b + (-4 + 4 * b * b) * b * b


def styblinski_tang(x: list[float]) -> float:
    """Return the function of Styblinski and Tang, for each dimension."""
    at = np.asarray(x)
    return float((at**4 - 16 * at**2 + 5 * at).mean() / 2)


GOOD_TEMPERATURE = (0.3, 0.7, 1.0, 0.5)
GOOD_TOP_P = (0.9, 0.8, 0.95, 0.6)
GOODNESS = (0.70, 0.80, 0.86, 0.60)


def answers(x: list[float]) -> float:
    """One minus the quality of answers by temperature, top-p, length step and model."""
    temperature, top_p, length, model = x
    m = int(model)
    away = ((temperature - GOOD_TEMPERATURE[m]) / 0.45) ** 2
    away += ((top_p - GOOD_TOP_P[m]) / 0.35) ** 2
    return 1 - (GOODNESS[m] * math.exp(-away) * (1 - math.exp(-length / 5)) - 0.006 * length)


def best_answers() -> float:
    """Return the least value of `answers`, by trying all models and lengths at their centres."""
    return min(
        answers([GOOD_TEMPERATURE[m], GOOD_TOP_P[m], k, m]) for m in range(4) for k in range(1, 33)
    )


def gramacy(x: list[float]) -> list[float]:
    """Return the two constraints of the toy problem of Gramacy 2016."""
    a, b = x
    wave = 0.5 * math.sin(2 * math.pi * (a * a - 2 * b))
    return [1.5 - a - 2 * b - wave, a * a + b * b - 1.5]


MIXED = Space(
    [
        FloatParameter("temperature", 0.0, 1.5),
        FloatParameter("top_p", 0.1, 1.0),
        IntParameter("length", 1, 32),
        ChoiceParameter("model", (0, 1, 2, 3)),
    ]
)

SIX = (
    Problem(
        "branin", Space([FloatParameter("a", -5, 10), FloatParameter("b", 0, 15)]), branin, 0.397887
    ),
    Problem("hartmann6", box(0, 1, 6), hartmann6, -3.32237),
    Problem("ackley5", box(-32.768, 20, 5), ackley, 0.0),
    Problem("levy4", box(-10, 10, 4), levy, 0.0),
    Problem("mixed", MIXED, answers, best_answers(), noise_sd=0.05),
    Problem("constrained", box(0, 1, 2), sum, 0.5997879, constraints=gramacy, constraint_count=2),
)
OTHERS = (
    Problem("hartmann3", box(0, 1, 3), hartmann3, -3.86278),
    Problem(
        "camel",
        Space([FloatParameter("a", -3, 3), FloatParameter("b", -2, 2)]),
        six_hump_camel,
        -1.0316285,
    ),
    Problem("styblinski5", box(-5, 5, 5), styblinski_tang, -39.1661657),
    Problem("rosenbrock4", box(-2.048, 2.048, 4), rosenbrock, 0.0),
    Problem("levy8", box(-10, 10, 8), levy, 0.0),
    Problem("noisy_hartmann3", box(0, 1, 3), hartmann3, -3.86278, noise_sd=0.2),
)
ALL = {each.name: each for each in SIX + OTHERS}
