"""What Thompson sampling loses while nothing changes, beside MABWiser and river.

Ratios to the best peer of each environment, in mean and in median, each taken by itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.analytics.policies import beta_thompson, gaussian_thompson
from engine.analytics.sharpness import PLAIN
from tests.bench.analytics.environments import OTHERS, SHUFFLED, STATIONARY, Bells
from tests.bench.analytics.policies import COIN_PEERS, Here, Make, installed, regret
from tests.bench.table import Row

TURNS = 2000
RUNS = 30
OTHER_SEEDS = 100
"""Environments that no limit is about begin with this seed."""
SHUFFLED_SEEDS = 5000
LIMIT = 1.05


def ours(name: str) -> dict[str, Make]:
    """Return our policy for an environment, and Thompson sampling as it stands in books."""
    if isinstance(STATIONARY.get(name), Bells):
        make = gaussian_thompson
    else:
        make = beta_thompson
    return {
        "here": lambda arms, size, seed: Here(make(arms, seed=seed)),
        "plain": lambda arms, size, seed: Here(make(arms, seed=seed, exploration=PLAIN)),
    }


def losses(name: str, environment: Any, first: int) -> dict[str, list[float]]:
    """Return the regrets of every policy, a run each from seed `first` on."""
    peers = installed(COIN_PEERS)
    if isinstance(environment, Bells):
        peers = {key: make for key, make in peers.items() if not key.endswith("ts")}
    courses = [environment.run(TURNS, seed) for seed in range(first, first + RUNS)]
    return {
        key: [regret(make, course, first + at) for at, course in enumerate(courses)]
        for key, make in (ours(name) | peers).items()
    }


def compared(name: str, found: dict[str, list[float]], limit: float | None) -> list[Row]:
    """Return one row for the median and one for the mean."""
    rows = []
    for measure, of in (("median", np.median), ("mean", np.mean)):
        each = {key: float(of(values)) for key, values in found.items()}
        here = each.pop("here")
        said = " · ".join(f"{key} {value:.1f}" for key, value in sorted(each.items()))
        peers = {key: value for key, value in each.items() if key != "plain"}
        if peers:
            value, unit = here / min(peers.values()), "x best peer"
        else:
            value, unit, limit = here, "regret", None
        rows.append(Row(f"{name}, {measure}", value, unit, limit, f"here {here:.1f} · {said}"))
    return rows


def rows() -> list[Row]:
    """Return the five environments of the limits, then others with other seeds."""
    found = []
    for name, environment in STATIONARY.items():
        found += compared(name, losses(name, environment, 0), LIMIT)
    for name, environment in OTHERS.items():
        found += compared(f"({name})", losses(name, environment, OTHER_SEEDS), None)
    for name, environment in SHUFFLED.items():
        found += compared(f"({name})", losses(name, environment, SHUFFLED_SEEDS), None)
    return found
