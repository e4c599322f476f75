"""Points that keep linear inequalities."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.analytics.linear_bounds import project, violation, walk


@given(st.integers(0, 2**32))
def test_a_projection_keeps_what_can_be_kept(seed):
    """Where a point is known to keep all rows, one is found from anywhere."""
    rng = np.random.default_rng(seed)
    rows, known = rng.normal(size=(3, 4)), rng.random(4)
    limits = rows @ known + 0.01
    found = project(rows, limits, rng.random(4))
    assert found is not None
    assert violation(rows, limits, found[None])[0] <= 0
    assert ((found >= 0) & (found <= 1)).all()


def test_a_contradiction_has_no_point():
    """Nothing is both at most 0.2 and at least 0.8."""
    rows = np.array([[1.0], [-1.0]])
    assert project(rows, np.array([0.2, -0.8]), np.array([0.5])) is None


def test_a_walk_never_leaves_and_spreads_evenly():
    """In the triangle below the diagonal both halves are met equally often."""
    rows, limits = np.array([[1.0, 1.0]]), np.array([1.0])
    points = walk(rows, limits, np.array([0.2, 0.2]), np.random.default_rng(0), 2000)
    assert (violation(rows, limits, points) <= 0).all()
    np.testing.assert_allclose(points.mean(0), 1 / 3, atol=0.03)
