"""How long a suggestion takes, telling included, in four dimensions."""

from __future__ import annotations

import math
import time
import warnings

import numpy as np

from engine.analytics.space import FloatParameter, Space
from tests.bench.analytics.optimisers import installed, make
from tests.bench.analytics.problems import Problem
from tests.bench.table import Row

COUNTS = (20, 100, 300)
MANY = (2000, 10_000)
TIMES = {"here": 60, "gpsampler": 5, "tpe": 9, "skopt": 3}


def bowl(x: list[float]) -> float:
    """Return a bowl with a ripple."""
    return sum((each - 0.3) ** 2 for each in x) + 0.1 * math.sin(9 * x[0])


PROBLEM = Problem("bowl", Space([FloatParameter(f"x{i}", 0, 1) for i in range(4)]), bowl, 0.0)


def took_ms(name: str, seen: int, times: int) -> list[float]:
    """Return how long each of `times` suggestions took after `seen` observations, in ms."""
    rng = np.random.default_rng(0)
    optimiser = make(name, PROBLEM, 0)
    points = [PROBLEM.space.decode(unit) for unit in PROBLEM.space.sample(rng, seen)]
    optimiser.preload([(values, PROBLEM.at(values)) for values in points])
    values = optimiser.ask()
    optimiser.tell(values, PROBLEM.at(values), [])
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        values = optimiser.ask()
        asked = time.perf_counter() - begun
        value = PROBLEM.at(values)
        begun = time.perf_counter()
        optimiser.tell(values, value, [])
        took.append(1e3 * (asked + time.perf_counter() - begun))
    return took


def rows() -> list[Row]:
    """Return median and maximum for each number of observations, peers beside."""
    warnings.filterwarnings("ignore")
    found = []
    for count in COUNTS + MANY:
        peers = [name for name in installed() if name != "here" and count in COUNTS]
        said = [f"{p} {np.median(took_ms(p, count, TIMES[p])):.0f}" for p in peers]
        took = took_ms("here", count, TIMES["here"])
        limits = (10, 25) if count in COUNTS else (None, None)
        found.append(
            Row(
                f"suggestion, n={count}, median",
                float(np.median(took)),
                "ms",
                limits[0],
                " · ".join(said),
            )
        )
        found.append(Row(f"suggestion, n={count}, maximum", max(took), "ms", limits[1]))
    return found
