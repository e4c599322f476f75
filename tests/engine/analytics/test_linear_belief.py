"""Bayesian ridge regression, reward by reward."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from engine.analytics.linear_belief import LinearBelief
from engine.errors import Rejected


def filled(count: int, seed: int = 0) -> tuple[LinearBelief, np.ndarray, np.ndarray]:
    """Return a belief of one arm with its contexts and rewards."""
    rng = np.random.default_rng(seed)
    contexts = rng.normal(size=(count, 4))
    rewards = contexts @ [0.5, -1.0, 0.0, 2.0] + 0.3 * rng.normal(size=count)
    belief = LinearBelief(1, 4, ridge=0.5, noise_sd=0.5)
    for x, r in zip(contexts, rewards, strict=True):
        belief.note(0, float(r), x)
    return belief, contexts, rewards


@pytest.mark.parametrize("count", [3, 50, 5000])
def test_it_is_ridge_regression(count: int):
    """Mean and variance are those of the normal equations solved at once."""
    belief, contexts, rewards = filled(count)
    precision = contexts.T @ contexts + 0.5 * np.eye(4)
    at = np.array([1.0, 2.0, -1.0, 0.5])
    means, variances = belief.predict(at)
    assert means[0] == pytest.approx(at @ np.linalg.solve(precision, contexts.T @ rewards))
    assert variances[0] == pytest.approx(at @ np.linalg.solve(precision, at), rel=1e-6)


def test_the_noise_is_learnt():
    """After 5,000 rewards its standard deviation is known to 3 %."""
    assert math.sqrt(filled(5000)[0].noise_variance) == pytest.approx(0.3, rel=0.03)


def test_the_same_context_over_and_over_breaks_nothing():
    """Ten thousand equal contexts leave a variance above 0 and the right mean."""
    belief = LinearBelief(1, 2, ridge=0.5, noise_sd=0.5)
    at = np.array([1.0, 1.0])
    for turn in range(10_000):
        belief.note(0, float(turn % 2), at)
    means, variances = belief.predict(at)
    assert means[0] == pytest.approx(0.5, abs=0.01)
    assert 0 < variances[0] < 2e-4


def test_order_makes_no_difference():
    """Rewards in reverse give the same weights."""
    belief, contexts, rewards = filled(60)
    other = LinearBelief(1, 4, ridge=0.5, noise_sd=0.5)
    for x, r in zip(contexts[::-1], rewards[::-1], strict=True):
        other.note(0, float(r), x)
    assert other.predict(contexts[0]) == (
        pytest.approx(belief.predict(contexts[0])[0]),
        pytest.approx(belief.predict(contexts[0])[1]),
    )


@pytest.mark.parametrize(
    "context", [None, np.ones(3), np.ones((2, 4)), np.array([1, 2, np.nan, 0]), np.full(4, 1e300)]
)
def test_contexts_that_are_none_are_refused(context: np.ndarray | None):
    """The message says what is needed."""
    with pytest.raises(Rejected, match="context"):
        LinearBelief(1, 4, ridge=0.5, noise_sd=0.5).checked(context)


def test_parameters_are_checked():
    """A ridge of 0 leaves the weights unknown for ever."""
    with pytest.raises(ValueError, match="ridge"):
        LinearBelief(1, 4, ridge=0.0, noise_sd=0.5)


def test_a_restart_changes_nothing():
    """Through JSON and back, it predicts the same; an arm more begins at nothing."""
    belief, contexts, _ = filled(30)
    again = LinearBelief.from_state(json.loads(json.dumps(belief.state())))
    assert again.predict(contexts[3]) == belief.predict(contexts[3])
    assert again.noise_variance == belief.noise_variance
    assert again.mean_context == pytest.approx(belief.mean_context)
    again.add_arm()
    assert again.predict(contexts[3])[0][1] == 0.0
