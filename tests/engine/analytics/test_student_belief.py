"""Student's t posteriors."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.analytics.arms import Arms
from engine.analytics.sharpness import PLAIN, Exploration
from engine.analytics.student_belief import StudentBelief
from engine.analytics.thompson import Thompson
from engine.errors import Rejected


def test_mean_and_spread_are_those_of_the_rewards():
    """With many rewards the posterior is the sample's mean with its standard error."""
    rng = np.random.default_rng(0)
    rewards = rng.normal(40, 3, 500)
    belief = StudentBelief(2, PLAIN)
    for each in rewards:
        belief.note(0, float(each), 0)
    found = belief.posterior(0)
    assert found.mean == pytest.approx(rewards.mean())
    assert found.sd == pytest.approx(rewards.std() / math.sqrt(500), rel=0.01)
    assert (found.high - found.low) / 2 == pytest.approx(1.648 * found.sd, rel=0.02)


@given(st.lists(st.tuples(st.integers(0, 2), st.floats(-1e6, 1e6)), max_size=30), st.data())
def test_the_order_of_rewards_makes_no_difference(
    rewards: list[tuple[int, float]], data: st.DataObject
):
    """Late, batched, out of order: the posterior is the same."""
    one, other = StudentBelief(3, PLAIN), StudentBelief(3, PLAIN)
    for arm, reward in rewards:
        one.note(arm, reward, 0)
    for arm, reward in data.draw(st.permutations(rewards)):
        other.note(arm, reward, 0)
    for arm in range(3):
        a, b = one.posterior(arm), other.posterior(arm)
        assert (a.mean, a.sd) == pytest.approx((b.mean, b.sd), rel=1e-6, abs=1e-6)


def test_rewards_that_hardly_differ_have_a_posterior():
    """Where the variance is next to nothing the interval is too, and is a number."""
    belief = StudentBelief(2, PLAIN)
    for arm, reward in ((0, 1.0), (1, 0.0), (1, 1.4e-45)):
        belief.note(arm, reward, 0)
    found = belief.posterior(0)
    assert (found.low, found.high) == pytest.approx((1.0, 1.0))
    assert belief.posterior(1).high == pytest.approx(0.0, abs=1e-12)


def test_the_best_arm_is_found_at_any_scale():
    """Rewards around a million that differ by a hundred are told apart like those around 1."""
    for scale, offset in ((1.0, 0.0), (100.0, 1e6), (1e-3, -5.0)):
        policy = Thompson(StudentBelief(4, Exploration()), arms=Arms(4), seed=2)
        rng = np.random.default_rng(0)
        chosen = []
        for _ in range(500):
            arm = policy.choose().arm
            policy.reward(arm, offset + scale * float(rng.normal([0, 0.3, 1, 0.5][arm], 0.5)))
            chosen.append(arm)
        assert chosen[-200:].count(2) > 170


def test_propensities_are_frequencies():
    """What is told as the probability of each arm is how often it is chosen."""
    how = Exploration(lasting_floor=0.01)
    policy = Thompson(StudentBelief(4, how), arms=Arms(4), seed=0)
    rng = np.random.default_rng(1)
    for turn in range(24):
        policy.reward(turn % 3, float(rng.normal(turn % 3, 2)))
    told = policy.choose().propensities
    found = np.bincount([policy.choose().arm for _ in range(15_000)], minlength=4) / 15_000
    assert told == pytest.approx(found, abs=0.02)


def test_two_equal_rewards_are_no_certainty():
    """An arm with the same reward twice still has the others' scatter."""
    belief = StudentBelief(2, PLAIN)
    for reward in (1.0, 3.0, 2.0, 4.0):
        belief.note(0, reward, 0)
    for _ in range(2):
        belief.note(1, 2.0, 0)
    assert belief.posterior(1).sd > 0.3


def test_equal_rewards_only():
    """Where nothing scatters at all, nothing breaks."""
    policy = Thompson(StudentBelief(3, Exploration()), arms=Arms(3), seed=0)
    for _ in range(60):
        policy.reward(policy.choose().arm, 0.5)
    assert policy.choose().propensities.sum() == pytest.approx(1.0)
    assert policy.probability_best().sum() == pytest.approx(1.0)


@pytest.mark.parametrize("reward", [math.nan, math.inf, 1e200])
def test_rewards_that_are_none_are_refused(reward: float):
    """By a message that names the value."""
    belief = StudentBelief(1, PLAIN)
    with pytest.raises(Rejected, match="reward"):
        belief.note(0, reward, 0)
    assert belief.total == 0


def test_arms_come_with_a_mean_and_its_weight():
    """A prior is worth its weight in rewards; what is none is refused."""
    belief = StudentBelief(1, PLAIN)
    belief.note(0, 5.0, 0)
    belief.note(0, 7.0, 0)
    belief.add_arm((10.0, 4.0))
    assert belief.posterior(1).mean == 10.0
    belief.note(1, 5.0, 0)
    assert belief.posterior(1).mean == pytest.approx(9.0)
    for prior in ((math.nan, 1.0), (1.0, 0.0)):
        with pytest.raises(Rejected, match="prior"):
            belief.add_arm(prior)


def test_a_restart_changes_nothing():
    """Through JSON and back, beliefs are the same."""
    belief = StudentBelief(2, Exploration(sharpest=2.0))
    for reward in (1.0, 2.0, 4.0):
        belief.note(0, reward, 0)
    again = StudentBelief.from_state(json.loads(json.dumps(belief.state())))
    assert again.posterior(0) == belief.posterior(0)
    assert again.exploration == belief.exploration
