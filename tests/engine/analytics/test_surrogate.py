"""One measured quantity as a Gaussian process."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analytics.surrogate import Surrogate

NO_CHOICE = np.zeros(2, dtype=bool)


def measured(count=30):
    """Return points and what was measured there."""
    points = np.random.default_rng(0).random((count, 2))
    return points, 100.0 + 20.0 * np.sin(3 * points[:, 0]) + 5 * points[:, 1]


def test_predictions_are_in_the_unit_of_what_was_measured():
    """After a search, new points are predicted within their deviations."""
    surrogate = Surrogate(NO_CHOICE, is_noisy=False, is_bent=True)
    points, values = measured(40)
    surrogate.improve(points[:30], values[:30], 40)
    mean, deviation = surrogate.condition(points[:30], values[:30]).predict(points[30:])
    assert np.abs(mean - values[30:]).max() < 1.0
    assert (np.abs(mean - values[30:]) < 4 * deviation + 0.01).all()


def test_conditioning_on_more_grows_the_same_belief():
    """A posterior that grew says what a new one says."""
    points, values = measured()
    grown, anew = (Surrogate(NO_CHOICE, is_noisy=False, is_bent=False) for _ in range(2))
    first = grown.condition(points[:20], values[:20])
    at = np.random.default_rng(1).random((5, 2))
    one, other = grown.condition(points, values), anew.condition(points, values)
    assert one.process.count == 30
    assert first.process.count == 20
    np.testing.assert_allclose(one.predict(at), other.predict(at), rtol=1e-4, atol=1e-3)


def test_expecting_leaves_the_mean_and_narrows_the_doubt():
    """As if what is believed had been measured."""
    points, values = measured(12)
    belief = Surrogate(NO_CHOICE, is_noisy=False, is_bent=False).condition(points, values)
    at = np.array([[0.5, 0.5], [0.9, 0.1]])
    expecting = belief.expecting(at[:1])
    before, after = belief.predict(at), expecting.predict(at)
    np.testing.assert_allclose(after[0], before[0], rtol=1e-6)
    assert after[1][0] < 0.1 * before[1][0]
    assert after[1][1] <= before[1][1]


@pytest.mark.parametrize("value", [0.0, 7.0, -1e12, 1e-200])
def test_equal_measurements_are_believed(value):
    """Whatever their size."""
    points = np.random.default_rng(0).random((12, 2))
    surrogate = Surrogate(NO_CHOICE, is_noisy=True, is_bent=True)
    surrogate.improve(points, np.full(12, value), 5)
    mean, deviation = surrogate.condition(points, np.full(12, value)).predict(points)
    np.testing.assert_allclose(mean, value)
    assert np.isfinite(deviation).all()


def test_each_is_predicted_from_all_others():
    """In its own unit, near what was measured where the function is smooth."""
    points, values = measured(40)
    surrogate = Surrogate(NO_CHOICE, is_noisy=False, is_bent=True)
    surrogate.improve(points, values, 40)
    mean, deviation = surrogate.condition(points, values).without_each()
    assert np.median(np.abs(mean - values)) < 0.5
    assert (deviation > 0).all()
