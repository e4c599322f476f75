"""What is believed of a function after some measurements."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.analytics.gaussian_process import conditioned, leave_one_out
from engine.analytics.kernel import Hyperparameters, matern, weighted_distances

NO_CHOICE = np.zeros(3, dtype=bool)


def made(seed, count=12, noise=1e-6):
    """Return a posterior and rewards at its points."""
    rng = np.random.default_rng(seed)
    believed = Hyperparameters(rng.uniform(0.5, 20, 3), rng.uniform(0.5, 2), noise)
    points = rng.random((count, 3))
    return conditioned(points, NO_CHOICE, believed), np.sin(5 * points).sum(1)


@given(st.integers(0, 2**32))
def test_measurements_without_noise_are_met(seed):
    """The mean goes through them, and nothing is doubted there."""
    process, rewards = made(seed)
    mean, deviation = process.mean_and_deviation(process.points, process.solve(rewards))
    np.testing.assert_allclose(mean, rewards, atol=1e-2)
    assert deviation.max() < 5e-3


@given(st.integers(0, 2**32), st.integers(0, 3))
def test_growing_is_the_same_as_beginning_again(seed, copies):
    """One row at a time or all at once; also where points repeat."""
    process, _ = made(seed, noise=1e-3)
    rng = np.random.default_rng(seed)
    more = np.vstack([rng.random((3, 3)), process.points[:copies]])
    grown = process
    for unit in more:
        grown = grown.grown(unit)
    anew = conditioned(np.vstack([process.points, more]), NO_CHOICE, process.believed)
    rewards = rng.normal(size=len(anew.points))
    at = rng.random((7, 3))
    one = grown.mean_and_deviation(at, grown.solve(rewards))
    other = anew.mean_and_deviation(at, anew.solve(rewards))
    np.testing.assert_allclose(one[0], other[0], atol=1e-6)
    np.testing.assert_allclose(one[1], other[1], atol=1e-6)


@given(st.integers(0, 2**32))
def test_it_is_the_textbook_posterior(seed):
    """Mean and deviation are those of a plain solution with the whole matrix."""
    process, rewards = made(seed, noise=0.1)
    believed = process.believed
    at = np.random.default_rng(seed).random((5, 3))

    def covariance(a, b):
        squared = weighted_distances(a, b, believed.weights, NO_CHOICE)
        return believed.scale * matern(squared)[0]

    matrix = covariance(process.points, process.points) + 0.1 * np.eye(process.count)
    across = covariance(at, process.points)
    mean, deviation = process.mean_and_deviation(at, process.solve(rewards))
    np.testing.assert_allclose(mean, across @ np.linalg.solve(matrix, rewards), atol=1e-9)
    variance = believed.scale - np.diag(across @ np.linalg.solve(matrix, across.T))
    np.testing.assert_allclose(deviation**2, variance, atol=1e-9)


@pytest.mark.parametrize("apart", [0.0, 1e-12, 1e-6])
def test_identical_points_stay_finite(apart):
    """Forty measurements at one place give finite beliefs, near their mean, doubted elsewhere."""
    rng = np.random.default_rng(0)
    points = np.full((40, 3), 0.4) + apart * rng.random((40, 3))
    process = conditioned(points, NO_CHOICE, Hyperparameters(np.ones(3), 1.0, 1e-6))
    rewards = 0.5 + 1e-3 * rng.normal(size=40)
    for unit in points[:5]:
        process, rewards = process.grown(unit), np.append(rewards, 0.5)
    at = np.vstack([points[:1], np.ones((1, 3))])
    mean, deviation = process.mean_and_deviation(at, process.solve(rewards))
    assert np.isfinite(mean).all()
    assert mean[0] == pytest.approx(0.5, abs=0.01)
    assert 0 < deviation[0] < 0.01 < deviation[1] < 1.0


@given(st.integers(0, 2**32), st.integers(1, 30))
def test_a_variance_is_never_negative(seed, count):
    """Nor is a deviation more than that of the function before anything was measured."""
    process, _ = made(seed, count)
    at = np.vstack([process.points, np.random.default_rng(seed).random((20, 3))])
    deviation = process.deviation(process.covariances(at)[0])
    assert (deviation > 0).all()
    assert (deviation <= np.sqrt(process.believed.scale) + 1e-9).all()


def test_leaving_one_out_is_what_a_posterior_of_the_others_says():
    """The closed form agrees with leaving each out by hand."""
    process, rewards = made(3, noise=0.05)
    above, deviation = leave_one_out(process, process.solve(rewards))
    for index in range(process.count):
        others = np.arange(process.count) != index
        rest = conditioned(process.points[others], NO_CHOICE, process.believed)
        mean, known = rest.mean_and_deviation(process.points[[index]], rest.solve(rewards[others]))
        assert rewards[index] - above[index] == pytest.approx(mean[0], abs=1e-9)
        assert deviation[index] ** 2 == pytest.approx(known[0] ** 2 + 0.05, rel=1e-6)


def test_slopes_are_those_of_finite_differences():
    """The gradient of the mean, by moving each coordinate a little."""
    process, rewards = made(5)
    solved, at = process.solve(rewards), np.array([[0.3, 0.6, 0.2]])
    gradient = process.slopes(at, process.covariances(at)[1] * solved)[0]
    for place in range(3):
        step = np.zeros(3)
        step[place] = 1e-6
        ahead = process.mean_and_deviation(at + step, solved)[0][0]
        behind = process.mean_and_deviation(at - step, solved)[0][0]
        assert gradient[place] == pytest.approx((ahead - behind) / 2e-6, abs=1e-4)
