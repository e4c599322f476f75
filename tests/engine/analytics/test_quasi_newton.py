"""Climbing from many points at once."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.analytics.quasi_newton import Climb, climb


def hill(top):
    """Return a crooked hill with its top at `top`."""
    steep = np.array([[3.0, 1.0], [1.0, 9.0]])

    def evaluate(points):
        away = points - top
        return -np.einsum("bi,ij,bj->b", away, steep, away), -2 * away @ steep

    return evaluate


@given(st.floats(0, 1), st.floats(0, 1))
def test_every_climb_reaches_the_top(x, y):
    """From wherever it begins."""
    top = np.array([x, y])
    starts = np.random.default_rng(0).random((5, 2))
    found = climb(hill(top), starts, np.full(2, 0.1), 60)
    np.testing.assert_allclose(found.points, np.tile(top, (5, 1)), atol=0.02)


def test_a_top_outside_is_approached_along_the_edge():
    """Climbs end at the edge of the box, at its highest point."""
    found = climb(hill(np.array([1.5, 0.5])), np.full((1, 2), 0.3), np.full(2, 0.1), 60)
    np.testing.assert_allclose(found.points, [[1.0, 0.5 + 0.5 / 9]], atol=0.02)


@given(st.integers(0, 2**32))
def test_no_climb_ever_goes_down(seed):
    """Not even where the function is rugged, or not finite in places."""
    rng = np.random.default_rng(seed)
    waves = rng.normal(size=(2, 3)) * 20

    def evaluate(points):
        phase = points @ waves
        values = np.sin(phase).sum(1)
        values[points[:, 0] > 0.8] = -np.inf
        return values, np.cos(phase) @ waves.T

    starts = rng.random((4, 2)) * 0.8
    climbs = Climb(evaluate, starts, metric=np.full(2, 0.1))
    for _ in range(10):
        before = climbs.values.copy()
        climbs.step(evaluate)
        assert (climbs.values >= before).all()
        assert (climbs.points[:, 0] <= 0.8).all()
