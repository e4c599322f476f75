"""Chances and losses by quadrature, against draws and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from engine.analytics.best_arm import (
    beta_marginals,
    chances,
    expected_losses,
    interval,
    student_marginals,
)

CASES = [
    ([1.0, 1.0], [1.0, 1.0]),
    ([0.2, 3.0, 1.0], [0.9, 2.0, 1.0]),
    ([900.0, 12.0, 2.0], [700.0, 10.0, 4.0]),
    ([1e6, 1e6, 5.0], [1.001e6, 1e6, 1.0]),
    ([0.05, 40.0], [0.05, 40.0]),
]


@pytest.mark.parametrize(("alpha", "beta"), CASES)
def test_chances_are_those_of_draws(alpha: list[float], beta: list[float]):
    """The probability of being best is within 0.004 of 400,000 draws; the loss likewise."""
    draws = np.random.default_rng(0).beta(alpha, beta, (400_000, len(alpha)))
    shares = np.bincount(draws.argmax(1), minlength=len(alpha)) / len(draws)
    marginals = beta_marginals(np.array(alpha), np.array(beta))
    assert chances(marginals) == pytest.approx(shares, abs=4e-3)
    losses = (draws.max(1, keepdims=True) - draws).mean(0)
    assert expected_losses(marginals) == pytest.approx(losses, abs=2e-3)


def test_two_uniform_arms_in_closed_form():
    """Two arms of which nothing is known: 1/2 each, E[max] = 2/3, so each loses 1/6."""
    marginals = beta_marginals(np.ones(2), np.ones(2))
    assert chances(marginals) == pytest.approx([0.5, 0.5], abs=1e-9)
    assert expected_losses(marginals) == pytest.approx([1 / 6, 1 / 6], abs=1e-3)


def test_two_normal_arms_in_closed_form():
    """P(a > b) is Phi of the difference over its sd."""
    marginals = student_marginals(
        np.array([1.0, 0.4]), np.array([0.3, 0.5]), np.array([np.inf, np.inf])
    )
    wanted = stats.norm.cdf(0.6 / np.hypot(0.3, 0.5))
    assert chances(marginals)[0] == pytest.approx(wanted, abs=1e-3)


@pytest.mark.parametrize("freedom", [1.0, 2.0, 5.0, 40.0])
def test_students_distribution(freedom: float):
    """Heavy tails are reached: distribution functions are within 0.006 of scipy's."""
    marginals = student_marginals(np.array([2.0]), np.array([0.7]), np.array([freedom]))
    wanted = stats.t.cdf(marginals.points, freedom, 2.0, 0.7)
    assert np.abs(marginals.distributions[0] - wanted).max() < 6e-3


@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 1.0), (30.0, 4.0), (0.5, 0.5), (2e4, 1e4)])
def test_intervals_hold_ninety_percent(alpha: float, beta: float):
    """The bounds are the 5 and 95 % quantiles."""
    low, high = interval(beta_marginals(np.array([alpha]), np.array([beta])))
    found = stats.beta.cdf([low, high], alpha, beta)
    assert found == pytest.approx([0.05, 0.95], abs=3e-3)


@given(st.lists(st.tuples(st.floats(0.05, 1e6), st.floats(0.05, 1e6)), min_size=1, max_size=8))
def test_chances_add_up_to_one(shapes: list[tuple[float, float]]):
    """Chances are finite, not negative, and add up to 1 for any shapes; losses are not negative."""
    alpha, beta = np.array(shapes).T
    marginals = beta_marginals(alpha, beta)
    found = chances(marginals)
    assert found.sum() == pytest.approx(1.0)
    assert (found >= 0).all()
    assert (expected_losses(marginals) >= 0).all()
    assert np.isfinite(expected_losses(marginals)).all()
