"""What linear policies lose where the best arm depends on a context."""

from __future__ import annotations

import numpy as np

from engine.analytics.linear import LinearBandit
from tests.bench.analytics.environments import Lines
from tests.bench.analytics.policies import LINE_PEERS, Here, Make, installed, regret
from tests.bench.table import Row

TURNS = 2000
RUNS = 30
SLOW_RUNS = 4
"""Of MABWiser, which makes 400 choices a second."""
LIMIT = 27.0


def linear(widths: tuple[float, float] | None) -> Make:
    """Return a linear policy."""
    return lambda arms, size, seed: Here(
        LinearBandit(arms=arms, context_size=size, seed=seed, widths=widths)
    )


def rows() -> list[Row]:
    """Return the environment of the limit, then others with other seeds."""
    found = []
    cases = {
        "five arms, d=6": (Lines(), 0, LIMIT),
        "(ten arms, d=5)": (Lines(10, 5, 0.15), 100, None),
    }
    for name, (environment, first, limit) in cases.items():
        makes = {"here": linear((0.5, 2.5)), "lints": linear(None), "linucb": linear((2.0, 2.0))}
        makes |= installed(LINE_PEERS)
        regrets = {}
        for key, make in makes.items():
            runs = SLOW_RUNS if key.startswith("mabwiser") else RUNS
            regrets[key] = [
                regret(make, environment.run(TURNS, seed), seed)
                for seed in range(first, first + runs)
            ]
        for measure, of in (("median", np.median), ("mean", np.mean)):
            each = {key: float(of(values)) for key, values in regrets.items()}
            said = " · ".join(f"{key} {value:.1f}" for key, value in each.items())
            found.append(Row(f"{name}, {measure}", each["here"], "regret", limit, said))
    return found
