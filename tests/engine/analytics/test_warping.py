"""Rewards on a common scale."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.analytics.warping import bend, fitted, unbend


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40), st.booleans())
def test_rewards_come_back(rewards, is_bent):
    """To the scale and back, whatever they are."""
    given_rewards = np.array(rewards)
    warp = fitted(given_rewards, is_bent)
    back = warp.to_reward(warp.to_scale(given_rewards))
    np.testing.assert_allclose(back, given_rewards, rtol=1e-6, atol=1e-6 * np.ptp(given_rewards))


@given(st.lists(st.floats(-1e3, 1e3), min_size=8, max_size=40, unique=True))
def test_order_is_kept(rewards):
    """A better reward stays better."""
    ordered = np.sort(np.array(rewards))
    assert (np.diff(fitted(ordered, True).to_scale(ordered)) >= 0).all()


def test_a_few_bad_rewards_do_not_hide_the_good():
    """A long tail below is drawn together; one above is left as it is."""
    rng = np.random.default_rng(0)
    tail = -np.exp(rng.normal(size=200) * 1.5)
    assert fitted(tail, True).power > 1.3
    assert fitted(-tail, True).power == 1.0
    assert fitted(tail, False).power == 1.0


@pytest.mark.parametrize("power", [1.0, 1.4, 2.0])
def test_bending_has_a_second_source(power):
    """It is Yeo and Johnson's formula, value by value."""

    def plain(y):
        if y >= 0:
            return ((y + 1) ** power - 1) / power
        if power == 2.0:
            return -math.log(1 - y)
        return -((1 - y) ** (2 - power) - 1) / (2 - power)

    at = np.array([-30.0, -1.0, -0.1, 0.0, 0.2, 5.0])
    np.testing.assert_allclose(bend(at, power), [plain(y) for y in at], atol=1e-12)
    np.testing.assert_allclose(unbend(bend(at, power), power), at, atol=1e-9)


def test_equal_rewards_have_a_scale_of_one():
    """Nothing is divided by nothing."""
    warp = fitted(np.full(20, 3.0), True)
    np.testing.assert_array_equal(warp.to_scale(np.full(2, 3.0)), 0.0)
    assert warp.to_reward(np.array(0.0)) == 3.0


def test_a_deviation_is_told_in_rewards():
    """On an unbent scale it is the scale's spread."""
    warp = fitted(np.array([0.0, 10.0]), False)
    assert warp.reward_deviation(np.array(0.3), np.array(2.0)) == pytest.approx(10.0)


def test_rewards_that_mostly_repeat_are_not_bent():
    """Thumbs up and down stay as they are: the mean of what is bent would not be their mean."""
    thumbs = np.array([1.0] * 60 + [0.0] * 20)
    assert fitted(thumbs, True).power == 1.0
    assert fitted(-np.random.default_rng(0).gamma(0.5, size=80), True).power > 1.0
