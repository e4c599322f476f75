"""The policies by name, and any of them again from its state."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from engine.analytics.arms import Arms
from engine.analytics.bandits import Plain, Policy, State, part
from engine.analytics.beta_belief import UNIFORM, BetaBelief
from engine.analytics.contextual_arms import ContextualArms
from engine.analytics.counts import AllCounts, Counts, FadingCounts, WindowCounts
from engine.analytics.drifting_counts import DriftingCounts
from engine.analytics.kl_ucb import KlUcb
from engine.analytics.linear import LinearBandit
from engine.analytics.sharpness import EVEN, Exploration
from engine.analytics.student_belief import StudentBelief
from engine.analytics.thompson import Thompson

Seed = int | np.random.Generator
NARROWED = Exploration()


def beta_thompson(
    arms: int,
    *,
    seed: Seed,
    counts: Counts | None = None,
    exploration: Exploration = NARROWED,
    prior: tuple[float, float] = UNIFORM,
) -> Thompson:
    """Return Thompson sampling for rewards from 0 to 1 that do not change."""
    belief = BetaBelief(counts or AllCounts(arms), exploration, prior=prior)
    return Thompson(belief, arms=Arms(arms), seed=seed)


def drifting_thompson(arms: int, *, seed: Seed) -> Thompson:
    """Return the same for rewards that may change: it notices by itself."""
    return beta_thompson(arms, seed=seed, counts=DriftingCounts(arms))


def fading_thompson(arms: int, *, seed: Seed, gamma: float) -> Thompson:
    """Return the same for rewards that keep changing: memory of 1 / (1 - gamma) choices.

    Draws are not narrowed: what fades must be looked at again.
    """
    counts = FadingCounts(arms, gamma=gamma)
    return beta_thompson(arms, seed=seed, counts=counts, exploration=EVEN)


def window_thompson(arms: int, *, seed: Seed, window: int) -> Thompson:
    """Return the same with the rewards of the last `window` choices."""
    counts = WindowCounts(arms, window=window)
    return beta_thompson(arms, seed=seed, counts=counts, exploration=EVEN)


def gaussian_thompson(arms: int, *, seed: Seed, exploration: Exploration = NARROWED) -> Thompson:
    """Return Thompson sampling for rewards of any size."""
    return Thompson(StudentBelief(arms, exploration), arms=Arms(arms), seed=seed)


def top_two_thompson(arms: int, *, seed: Seed, challenger_share: float = 0.5) -> Thompson:
    """Return what finds out soonest which arm is best, whatever it costs meanwhile."""
    belief = BetaBelief(AllCounts(arms), EVEN)
    return Thompson(belief, arms=Arms(arms), seed=seed, challenger_share=challenger_share)


def policy_from(state: Mapping[str, Plain]) -> Policy:
    """Return the policy whose `state()` this is. Raises ValueError where it is none of these."""
    kinds: dict[Plain, Callable[[Mapping[str, Plain]], Policy]] = {
        "thompson": _thompson_from,
        "kl_ucb": KlUcb.from_state,
        "linear": LinearBandit.from_state,
        "contextual": ContextualArms.from_state,
    }
    kind = state.get("kind")
    if not isinstance(kind, str) or kind not in kinds:
        raise ValueError(f"policy: {kind!r} is none of {', '.join(map(str, kinds))}")
    try:
        return kinds[kind](state)
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"policy: its state is damaged ({error!r})") from error


def _thompson_from(state: Mapping[str, Plain]) -> Thompson:
    belief: State = part(state, "belief")
    if belief.get("kind") == "student":
        return Thompson.from_state(state, StudentBelief.from_state(belief))
    return Thompson.from_state(state, BetaBelief.from_state(belief))
