"""The policies of studies: Thompson sampling that notices changes by itself, and a linear one."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from engine.analytics.bandits import Policy
from engine.analytics.contextual_arms import ContextualArms
from engine.analytics.policies import drifting_thompson
from engine.analytics.study import PolicyMaker


@dataclass(frozen=True, slots=True)
class PolicyMakers:
    """What makes the policies of studies, by whether they look at what is known of a request."""

    plain: PolicyMaker
    contextual: PolicyMaker


def policy_makers(random: Random) -> PolicyMakers:
    """Return what makes the policies of studies; each draws from a generator of its own."""

    def plain(arms: int) -> Policy:
        return drifting_thompson(arms, seed=random.getrandbits(63))

    def contextual(arms: int) -> Policy:
        return ContextualArms(arms, seed=random.getrandbits(63))

    return PolicyMakers(plain, contextual)
