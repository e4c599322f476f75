"""What a try is worth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.analytics.gaussian_process import conditioned
from engine.analytics.improvement import Acquisition, Limit, Objective, log_h, mean_log, teaches
from engine.analytics.kernel import Hyperparameters

PUBLISHED = {
    # log(phi(z) + z Phi(z)), worked out with 50 digits by mpmath.
    3.0: 1.09873945,
    0.0: -0.918938533204673,
    -1.0: -2.4851208,
}


@pytest.mark.parametrize("z", list(PUBLISHED))
def test_log_h_has_known_values(z):
    """As the closed form gives them where it is stable."""
    phi = math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    plain = math.log(phi + z * 0.5 * math.erfc(-z / math.sqrt(2)))
    assert log_h(np.array([z]))[0] == pytest.approx(plain, abs=1e-12)
    assert plain == pytest.approx(PUBLISHED[z], abs=1e-6)


@given(st.floats(-1e10, -30.0))
def test_log_h_far_below_follows_its_tail(z):
    """There it is phi(z) / z² to first order, and finite."""
    tail = -0.5 * z * z - 0.5 * math.log(2 * math.pi) - 2 * math.log(-z)
    assert log_h(np.array([z]))[0] == pytest.approx(tail, rel=1e-5, abs=0.01)


def test_log_h_rises_without_a_jump():
    """Across the places where its formula changes."""
    z = np.concatenate([np.linspace(-45, 8, 4000), [-1e6 - 1, -1e6 + 1]])
    z.sort()
    assert (np.diff(log_h(z)) > 0).all()


@given(st.floats(-20, 5))
def test_log_h_slopes_as_its_derivative(z):
    """By finite differences: Phi / h."""
    from scipy.special import log_ndtr

    slope = (log_h(np.array([z + 1e-5])) - log_h(np.array([z - 1e-5])))[0] / 2e-5
    wanted = math.exp(float(log_ndtr(z)) - log_h(np.array([z]))[0])
    assert slope == pytest.approx(wanted, rel=1e-3)


def worth(truths=1, limits=1):
    """Return an acquisition over three numbers and a choice."""
    rng = np.random.default_rng(0)
    points = rng.random((15, 4))
    points[:, 3] = rng.integers(0, 3, 15) / 2
    is_choice = np.array([False, False, False, True])
    process = conditioned(points, is_choice, Hyperparameters(np.array([3.0, 1, 9, 1]), 1.3, 1e-4))
    rewards = rng.normal(size=15)
    best = rewards.max() + 0.3 * rng.normal(size=truths)
    noise = 0.01 if truths > 1 else 0.0
    objective = Objective(process, process.solve(rewards), best, noise)
    limit = Limit(process, process.solve(rng.normal(size=15)), 0.3)
    return Acquisition(objective, [limit] * limits), rng.random((7, 4))


@pytest.mark.parametrize(("truths", "limits"), [(1, 0), (1, 2), (4, 1)])
def test_gradients_are_those_of_finite_differences(truths, limits):
    """Improvement, noise and limits together; a choice has none."""
    acquisition, at = worth(truths, limits)
    values, gradients = acquisition(at)
    np.testing.assert_allclose(values, acquisition.values(at), atol=1e-10)
    for place in range(3):
        step = np.zeros(4)
        step[place] = 1e-6
        slope = (acquisition.values(at + step) - acquisition.values(at - step)) / 2e-6
        np.testing.assert_allclose(gradients[:, place], slope, atol=2e-5, rtol=1e-4)
    np.testing.assert_array_equal(gradients[:, 3], 0.0)


def test_without_anything_feasible_only_the_chance_counts():
    """The worth is then the logarithm of a probability."""
    _, at = worth()
    acquisition, _ = worth()
    only = Acquisition(None, acquisition._limits)
    assert (only.values(at) <= 0).all()


@given(st.lists(st.floats(-700, 50), min_size=2, max_size=8))
def test_the_mean_of_logarithms_is_that_of_what_they_stand_for(logs):
    """Computed without overflow; the shares add up to 1."""
    found, shares = mean_log(np.array([logs]))
    assert shares.sum() == pytest.approx(1.0)
    assert max(logs) - math.log(len(logs)) - 1e-9 <= found[0] <= max(logs) + 1e-9


def test_a_measurement_teaches_little_where_noise_is_larger_than_doubt():
    """The share is that of the formula, and is everything without noise."""
    deviation = np.array([1e-6, 0.1, 3.0])
    logs, _ = teaches(deviation, 0.25)
    wanted = np.log(1 - np.sqrt(0.25 / (0.25 + deviation[1:] ** 2)))
    np.testing.assert_allclose(logs[1:], wanted, rtol=1e-9)
    assert logs[0] < -20
    np.testing.assert_array_equal(teaches(deviation, 0.0)[0], 0.0)
