"""The first points of a study."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.analytics.design import first_points, latin
from engine.analytics.space import ChoiceParameter, FloatParameter, LinearConstraint, Space


@given(st.integers(0, 2**32), st.integers(1, 20))
def test_each_part_of_every_side_is_hit_once(seed, count):
    """A Latin hypercube leaves no stripe empty."""
    points = latin(np.random.default_rng(seed), count, 3)
    for place in range(3):
        assert sorted((points[:, place] * count).astype(int)) == list(range(count))


def test_they_lie_further_apart_than_by_chance():
    """The nearest two are further apart than those of most single squares."""
    space = Space([FloatParameter(f"x{each}", 0, 1) for each in range(4)])

    def nearest(points):
        apart = ((points[:, None] - points[None]) ** 2).sum(2) + 9 * np.eye(len(points))
        return apart.min()

    rng = np.random.default_rng(0)
    chosen = [nearest(first_points(space, rng, 10)) for _ in range(10)]
    drawn = [nearest(latin(rng, 10, 4)) for _ in range(10)]
    assert np.mean(chosen) > 1.5 * np.mean(drawn)


def test_they_are_allowed():
    """Grids and constraints are kept."""
    space = Space(
        [FloatParameter("x", 0, 1), ChoiceParameter("y", (1, 2)), FloatParameter("z", 0, 1)],
        [LinearConstraint({"x": 1, "z": 1}, 0.4)],
    )
    points = first_points(space, np.random.default_rng(0), 10)
    assert points.shape == (10, 3)
    assert all(space.is_allowed(space.decode(each)) for each in points)
