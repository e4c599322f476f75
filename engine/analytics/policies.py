"""The bandit of a study: Thompson sampling that notices by itself when rewards have changed."""

from __future__ import annotations

from random import Random

from engine.analytics.arms import Arms
from engine.analytics.bandits import Policy
from engine.analytics.beta_belief import BetaBelief
from engine.analytics.drifting_counts import DriftingCounts
from engine.analytics.sharpness import Exploration
from engine.analytics.study import PolicyMaker
from engine.analytics.thompson import Thompson


def policy_maker(random: Random) -> PolicyMaker:
    """Return what makes the bandits of studies; each draws from a generator of its own."""

    def make(arms: int) -> Policy:
        belief = BetaBelief(DriftingCounts(arms), Exploration())
        return Thompson(belief, arms=Arms(arms), seed=random.getrandbits(64))

    return make
