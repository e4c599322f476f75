"""What suggestions have lost or gained against leaving every request as it came.

The cumulative regret against a baseline (Wu et al., "Conservative bandits", 2016): the sum over
the choices so far of what the baseline would have earned less what was earned; below 0 more was
gained. What the baseline would have earned is the doubly robust estimate of each choice (Dudik,
Langford, Li 2011), so that the regret follows drift; see `engine.analytics.off_policy`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.analytics.observations import Observation
from engine.analytics.off_policy import (
    NINETY_PERCENT,
    ChoiceLog,
    effective_samples,
    refusal_of,
    robust_values,
)
from engine.analytics.regret_view import RegretView
from engine.analytics.snapshot import Floats

MOST_POINTS = 400
"""Of the course; more than a plot has pixels for would not be seen."""


def regret_view(
    observations: Sequence[Observation], arms: Sequence[str], baseline: str
) -> RegretView:
    """Return the course of the regret, or why there is none.

    observations: rewarded choices with their propensities, oldest first, of one study. arms: all
    names there are; what was chosen of others is left out.
    """
    places = {name: place for place, name in enumerate(arms)}
    known = [each for each in observations if each.arm in places]
    model, task_type = known[0].key if known else ("", "")
    log = _log(known, places, baseline)
    refusal = refusal_of(log)
    numbers, at_s, regret, low, high = np.zeros((5, 0)) if refusal else _course(log, known)
    return RegretView(
        model=model,
        task_type=task_type,
        baseline=baseline,
        choices=len(known),
        effective_samples=effective_samples(log.weights),
        numbers=numbers,
        at_s=at_s,
        regret=regret,
        low=low,
        high=high,
        refusal=refusal,
    )


def _log(known: Sequence[Observation], places: dict[str, int], baseline: str) -> ChoiceLog:
    target = np.zeros((len(known), len(places)))
    target[:, places[baseline]] = 1.0
    return ChoiceLog(
        arms=np.array([places[each.arm] for each in known], dtype=np.int_),
        rewards=np.array([each.reward for each in known], dtype=np.float64),
        propensities=np.array([each.propensity for each in known], dtype=np.float64),
        target=target,
    )


def _course(log: ChoiceLog, known: Sequence[Observation]) -> Floats:
    """Return numbers, times, regret and its interval, shape (5, n), n <= MOST_POINTS."""
    lost = robust_values(log) - log.rewards
    count = len(lost)
    numbers = np.arange(1.0, count + 1)
    regret = np.cumsum(lost)
    # The choices vary about their mean up to there: the sum varies as so many of them.
    spread = np.maximum(np.cumsum(lost**2) - regret**2 / numbers, 0.0)
    reach = NINETY_PERCENT * np.sqrt(spread)
    at_s = np.array([each.counted_s or each.made_s for each in known])
    shown = np.unique(np.linspace(0, count - 1, min(count, MOST_POINTS)).round().astype(np.intp))
    rows = np.stack((numbers, at_s, regret, regret - reach, regret + reach))
    return np.asarray(rows[:, shown], dtype=np.float64)
