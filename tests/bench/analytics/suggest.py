"""How long a suggestion takes, telling included, in four dimensions.

By the clock, and by the processor's time: on a machine that others use as well, only the second
says what the optimiser costs.
"""

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


def took_ms(name: str, seen: int, times: int) -> np.ndarray:
    """Return how long each of `times` suggestions took after `seen` observations, in ms.

    Shape (times, 2): by the clock, and on the processor.
    """
    rng = np.random.default_rng(0)
    optimiser = make(name, PROBLEM, 0)
    points = [PROBLEM.space.decode(unit) for unit in PROBLEM.space.sample(rng, seen)]
    optimiser.preload([(values, PROBLEM.at(values)) for values in points])
    values = optimiser.ask()
    optimiser.tell(values, PROBLEM.at(values), [])
    took = []
    for _ in range(times):
        begun = now()
        values = optimiser.ask()
        asked = now() - begun
        value = PROBLEM.at(values)
        begun = now()
        optimiser.tell(values, value, [])
        took.append(1e3 * (asked + now() - begun))
    return np.array(took)


def now() -> np.ndarray:
    """Return clock and processor time in s."""
    return np.array([time.perf_counter(), time.process_time()])


def rows() -> list[Row]:
    """Return median and maximum for each number of observations, peers beside."""
    warnings.filterwarnings("ignore")
    found = []
    for count in COUNTS + MANY:
        peers = [name for name in installed() if name != "here" and count in COUNTS]
        took = took_ms("here", count, TIMES["here"])
        others = {peer: np.median(took_ms(peer, count, TIMES[peer]), axis=0) for peer in peers}
        limits = (10, 25) if count in COUNTS else (None, None)
        for place, clock in enumerate(("", " on the processor")):
            said = " · ".join(f"{peer} {both[place]:.3g}" for peer, both in others.items())
            name = f"suggestion{clock}, n={count}"
            found.append(
                Row(f"{name}, median", float(np.median(took[:, place])), "ms", limits[0], said)
            )
            found.append(Row(f"{name}, maximum", float(took[:, place].max()), "ms", limits[1]))
    return found
