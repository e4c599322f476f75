"""KL-UCB."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.analytics.kl_ucb import PRECISION, KlUcb, divergence, upper_bound
from engine.analytics.sharpness import PLAIN
from engine.errors import Rejected


def play(policy: KlUcb, means: list[float], turns: int, seed: int = 0) -> list[int]:
    """Return what was chosen, each choice rewarded at once."""
    rng, chosen = np.random.default_rng(seed), []
    for _ in range(turns):
        choice = policy.choose()
        policy.reward(choice.arm, float(rng.random() < means[choice.arm]))
        chosen.append(choice.arm)
    return chosen


@given(st.floats(0, 1), st.floats(1e-6, 20))
def test_the_bound_is_where_the_divergence_reaches_the_level(mean: float, level: float):
    """Below it the divergence is at most the level, just above it is more."""
    bound = upper_bound(mean, level)
    assert mean <= bound <= 1.0
    if mean < bound < 1.0:
        assert divergence(mean, bound) <= level
    if bound + 2 * PRECISION < 1.0:
        assert divergence(mean, bound + 2 * PRECISION) > level


def test_the_best_arm_is_found():
    """Every arm is tried, and most choices go to the best."""
    chosen = play(KlUcb(arms=4, seed=0), [0.3, 0.4, 0.8, 0.5], 600)
    assert set(chosen[:20]) == {0, 1, 2, 3}
    assert chosen[-200:].count(2) > 170


def test_it_is_certain_but_for_the_floor():
    """Propensities are 1 less the floors, and the floors; they add up to 1."""
    policy = KlUcb(arms=3, seed=0)
    play(policy, [0.2, 0.9, 0.2], 50)
    found = policy.choose().propensities
    assert sorted(found) == pytest.approx([0.01, 0.01, 0.98])
    sure = KlUcb(arms=3, seed=0, exploration=PLAIN)
    assert sure.choose().propensity == 1.0


def test_arms_come_and_go():
    """A new arm is tried next, a removed one never; with none left it says so."""
    policy = KlUcb(arms=2, seed=0, exploration=PLAIN)
    play(policy, [0.5, 0.4], 40)
    assert policy.choose().arm in (0, 1)
    assert policy.add_arm((3.0, 1.0)) == 2
    assert policy.choose().arm == 2
    policy.remove_arm(2)
    assert 2 not in play(policy, [0.5, 0.4], 40)
    assert policy.probability_best()[2] == 0.0
    assert policy.probability_best().sum() == pytest.approx(1.0)
    with pytest.raises(Rejected, match="allow one"):
        policy.choose(allowed=np.array([False, False, True]))


def test_bad_rewards_are_refused():
    """NaN, what is above 1, and arms that do not exist."""
    policy = KlUcb(arms=2, seed=0)
    for arm, reward in ((0, float("nan")), (0, 1.5), (7, 0.5)):
        with pytest.raises(Rejected):
            policy.reward(arm, reward)
    assert policy.posterior(0).rewards == 0


def test_a_restart_changes_nothing():
    """Through JSON and back, the same arms are chosen."""
    policy = KlUcb(arms=3, seed=3)
    play(policy, [0.4, 0.5, 0.6], 70)
    again = KlUcb.from_state(json.loads(json.dumps(policy.state())))
    assert play(again, [0.4, 0.5, 0.6], 80) == play(policy, [0.4, 0.5, 0.6], 80)
