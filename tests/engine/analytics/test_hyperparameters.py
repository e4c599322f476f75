"""Which hyperparameters are most probable."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.analytics.hyperparameters import (
    LEAST_NOISE,
    Evidence,
    Search,
    believed_at_first,
    first_guesses,
)
from engine.analytics.kernel import matern, weighted_distances


def evidence(is_noisy=True, count=15, seed=0):
    """Return the evidence of some points, one of whose parameters is a choice."""
    rng = np.random.default_rng(seed)
    points = rng.random((count, 3))
    points[:, 2] = rng.integers(0, 3, count) / 2
    rewards = np.sin(6 * points[:, 0]) + points[:, 2] + 0.1 * rng.normal(size=count)
    rewards = (rewards - rewards.mean()) / rewards.std()
    is_choice = np.array([False, False, True])
    return Evidence(points, rewards, is_choice, is_noisy), points, rewards, is_choice


@pytest.mark.parametrize("is_noisy", [True, False])
def test_gradients_are_those_of_finite_differences(is_noisy):
    """For weights, scale and noise, of several guesses at once."""
    found, *_ = evidence(is_noisy)
    logs = np.random.default_rng(1).normal(size=(3, 5)) * 0.5
    logs[:, 4] -= 3
    _, gradients = found(logs)
    for place in range(5):
        step = np.zeros(5)
        step[place] = 1e-5
        slope = (found(logs + step)[0] - found(logs - step)[0]) / 2e-5
        np.testing.assert_allclose(gradients[:, place], slope, atol=1e-5, rtol=1e-5)


def test_the_likelihood_is_the_textbook_formula():
    """Differences between two guesses agree with the plain formula and the priors."""
    found, points, rewards, is_choice = evidence()

    def plain(logs):
        weights, scale, noise = np.exp(logs[:3]), math.exp(logs[3]), math.exp(logs[4])
        alike = matern(weighted_distances(points, points, weights, is_choice))[0]
        matrix = scale * alike + (noise + LEAST_NOISE) * np.eye(len(points))
        fit = -0.5 * rewards @ np.linalg.solve(matrix, rewards)
        prior = (
            -(0.1 * weights + 0.1 / weights).sum() + logs[3] - scale + 0.1 * logs[4] - 30 * noise
        )
        return fit - 0.5 * np.linalg.slogdet(matrix)[1] + prior

    logs = np.array([[0.3, -0.2, 0.5, 0.1, -3.0], [1.0, 1.0, -1.0, 0.5, -2.0]])
    values, _ = found(logs)
    assert values[0] - values[1] == pytest.approx(plain(logs[0]) - plain(logs[1]))


def test_a_search_climbs_and_finds_what_matters():
    """The parameter on which nothing depends gets the smallest weight."""
    found, *_ = evidence(count=40)
    search = Search(3)
    believed = search.improve(found, 60)
    assert believed.weights[1] < 0.3 * believed.weights[0]
    assert search.height > found(first_guesses(3))[0].max()


def test_a_search_goes_on_where_it_stood():
    """Twice a few steps lead as high as many at once."""
    found, *_ = evidence(count=25)
    apart, at_once = Search(3), Search(3)
    apart.improve(found, 30)
    apart.improve(found, 30)
    at_once.improve(found, 60)
    assert apart.height == pytest.approx(at_once.height, abs=0.05)


def test_rewards_that_are_all_equal_do_no_harm():
    """Nothing is learnt, and what is believed stays finite."""
    points = np.random.default_rng(0).random((12, 2))
    found = Evidence(points, np.zeros(12), np.zeros(2, dtype=bool), False)
    believed = Search(2).improve(found, 30)
    assert np.isfinite([*believed.weights, believed.scale, believed.noise]).all()


def test_before_any_search_lengthscales_are_medium():
    """A function is believed to bend once or so over the whole range."""
    believed = believed_at_first(4, False)
    np.testing.assert_array_equal(believed.weights, np.ones(4))
    assert believed.noise == LEAST_NOISE
