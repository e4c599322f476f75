"""The bandit of a study: Thompson sampling that notices by itself when rewards have changed."""

from __future__ import annotations

from random import Random

from engine.analytics.bandits import Policy
from engine.analytics.policies import drifting_thompson
from engine.analytics.study import PolicyMaker


def policy_maker(random: Random) -> PolicyMaker:
    """Return what makes the bandits of studies; each draws from a generator of its own."""

    def make(arms: int) -> Policy:
        return drifting_thompson(arms, seed=random.getrandbits(63))

    return make
