"""What an arm would have earned, had it always been chosen, from what was logged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.analytics.answers import OffPolicyView
from engine.analytics.observations import Observation
from engine.analytics.off_policy import ChoiceLog, estimate
from engine.analytics.snapshot import Estimate


def off_policy_view(
    observations: Sequence[Observation], arms: Sequence[str], arm: str
) -> OffPolicyView:
    """Return the estimate for always choosing `arm`, or why there is none.

    observations: rewarded choices with their propensities. arms: all names there are, removed ones
    included; what was chosen of others is left out.
    """
    places = {name: place for place, name in enumerate(arms)}
    known = [each for each in observations if each.arm in places]
    target = np.zeros((len(known), len(arms)))
    target[:, places[arm]] = 1.0
    found = estimate(
        ChoiceLog(
            arms=np.array([places[each.arm] for each in known], dtype=np.int_),
            rewards=np.array([each.reward for each in known], dtype=np.float64),
            propensities=np.array([each.propensity for each in known], dtype=np.float64),
            target=target,
        )
    )
    reward = None
    if found.mean is not None and found.low is not None and found.high is not None:
        inside = [min(1.0, max(0.0, each)) for each in (found.mean, found.low, found.high)]
        reward = Estimate(*inside)
    return OffPolicyView(
        reward=reward,
        effective_samples=found.effective_samples,
        observations=found.choices,
        method=found.method,
        refusal=found.refusal,
    )
