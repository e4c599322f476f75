"""What is lost where means change and nobody says so, and what that costs where they do not."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.analytics.policies import beta_thompson, drifting_thompson, fading_thompson
from engine.analytics.sharpness import PLAIN
from tests.bench.analytics.environments import STATIONARY, Jumps, Riser, Waves
from tests.bench.analytics.policies import Here, Make, regret
from tests.bench.table import Row

LENGTHS = {2000: 30, 10_000: 12}
"""Turns, and runs of so many."""
SHORT = 2000
"""Turns up to which those without a limit are measured too."""
LIMIT = 1.15
GAMMAS = (0.98, 0.99, 0.995, 0.998, 0.999)
"""The discount is tuned among these, in hindsight: the best in the median on the same runs."""


def fading(gamma: float) -> Make:
    """Return discounted Thompson sampling."""
    return lambda arms, size, seed: Here(fading_thompson(arms, seed=seed, gamma=gamma))


def here(arms: int, size: int, seed: int) -> Here:
    """Return the policy that notices by itself."""
    return Here(drifting_thompson(arms, seed=seed))


def plain(arms: int, size: int, seed: int) -> Here:
    """Return Thompson sampling as it stands in books."""
    return Here(beta_thompson(arms, seed=seed, exploration=PLAIN))


def narrowed(arms: int, size: int, seed: int) -> Here:
    """Return our Thompson sampling for what does not change."""
    return Here(beta_thompson(arms, seed=seed))


def losses(make: Make, environment: Any, turns: int) -> list[float]:
    """Return the regret of each run."""
    return [regret(make, environment.run(turns, seed), seed) for seed in range(LENGTHS[turns])]


def row(name: str, turns: int, found: dict[str, list[float]], against: list[str]) -> list[Row]:
    """Return ratios to the best of `against`, in median and in mean."""
    rows = []
    for measure, of in (("median", np.median), ("mean", np.mean)):
        each = {key: float(of(values)) for key, values in found.items()}
        best = min(each[key] for key in against)
        limit = None if name.startswith("(") else LIMIT
        said = " · ".join(f"{key} {value:.0f}" for key, value in each.items())
        unit = "x " + ("plain" if against == ["plain"] else "tuned discount")
        rows.append(Row(f"{name}, T={turns}, {measure}", each["here"] / best, unit, limit, said))
    return rows


def rows() -> list[Row]:
    """Return abrupt changes and none against their limits, others beside."""
    found = []
    for turns in LENGTHS:
        changing = {"abrupt": Jumps(), "(waves)": Waves(), "(unseen riser)": Riser()}
        if turns > SHORT:
            changing = {"abrupt": Jumps()}
        for name, environment in changing.items():
            makes = {"here": here, "plain": plain}
            makes |= {f"gamma {gamma}": fading(gamma) for gamma in GAMMAS}
            seen = {key: losses(make, environment, turns) for key, make in makes.items()}
            found += row(name, turns, seen, [key for key in seen if key.startswith("gamma")])
        for name in ("easy", "close", "ten graded", "high means"):
            makes = {"here": here, "plain": plain, "narrowed": narrowed}
            seen = {key: losses(make, STATIONARY[name], turns) for key, make in makes.items()}
            found += row(f"no change, {name}", turns, seen, ["plain"])
    return found
