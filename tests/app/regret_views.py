"""Regrets for tests and pictures of the Parameters page."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np

from engine.analytics.baseline_regret import regret_view
from engine.analytics.observations import AS_CAME, Observation, StudyKey
from engine.analytics.regret_view import RegretView
from tests.app.analytics_snapshots import MODEL, NOW_S, TASK


def gained(count: int = 800, seed: int = 1) -> RegretView:
    """Return what "precise", which earns 0.81, gained over requests as they come, 0.62."""
    random, key, log = Random(seed), StudyKey(MODEL, TASK), []
    for number in range(count):
        share = 0.5 + 0.4 * min(1.0, number / 200)
        arm = "precise" if random.random() < share else AS_CAME
        reward = float(random.random() < (0.81 if arm == "precise" else 0.62))
        propensity = share if arm == "precise" else 1 - share
        log.append(
            Observation(
                str(number), key, 0.0, arm=arm, propensity=propensity, reward=reward,
                counted_s=NOW_S - 300.0 * (count - number),
            )
        )  # fmt: skip
    return regret_view(log, [AS_CAME, "precise"], AS_CAME)


def refused() -> RegretView:
    """Return a regret of which too little is known."""
    found = gained()
    none = np.zeros(0)
    return replace(
        found, numbers=none, at_s=none, regret=none, low=none, high=none, choices=40,
        effective_samples=3.0,
        refusal="3 effective samples of 40 choices: at least 30 are needed; let it be chosen "
        "more often",
    )  # fmt: skip
