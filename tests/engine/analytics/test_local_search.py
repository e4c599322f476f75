"""Where the acquisition is highest."""

from __future__ import annotations

import numpy as np

from engine.analytics.local_search import Effort, LocalSearch
from engine.analytics.space import (
    ChoiceParameter,
    FloatParameter,
    IntParameter,
    LinearConstraint,
    Space,
)


class Peak:
    """A worth with one top."""

    def __init__(self, top):
        self.top = np.array(top)

    def values(self, units):
        return -((units - self.top) ** 2).sum(1)

    def __call__(self, units):
        return self.values(units), -2 * (units - self.top)


def found(space, top, good=()):
    """Return the best point of a search."""
    search = LocalSearch(
        space=space,
        acquisition=Peak(top),
        good=np.array(good).reshape(len(good), space.size),
        metric=np.ones(space.size),
        rng=np.random.default_rng(0),
    )
    return search.ranked(Effort(64, 4, 20))[0]


def test_the_top_is_climbed():
    """To a thousandth, in four dimensions."""
    space = Space([FloatParameter(f"x{each}", 0, 1) for each in range(4)])
    top = [0.123, 0.9, 0.5, 0.0]
    np.testing.assert_allclose(found(space, top), top, atol=1e-3)


def test_grids_are_swept_and_numbers_climbed_together():
    """The nearest place of each grid, short or long, beside the climbed number."""
    space = Space(
        [IntParameter("x", 0, 200), ChoiceParameter("y", (1, 2, 3)), FloatParameter("z", 0, 1)]
    )
    at = found(space, [0.333, 0.45, 0.777], good=[[0.3, 0.0, 0.5]])
    np.testing.assert_allclose(at, [0.335, 0.5, 0.777], atol=6e-3)
    assert space.is_allowed(space.decode(at))


def test_a_constraint_is_kept():
    """Where the top is not allowed, the best that is lies at the border."""
    space = Space(
        [FloatParameter("x", 0, 1), FloatParameter("y", 0, 1)],
        [LinearConstraint({"x": 1, "y": 1}, 1.0)],
    )
    at = found(space, [0.9, 0.9], good=[[0.4, 0.4]])
    assert space.is_allowed(space.decode(at))
    assert at.sum() > 0.95


def test_candidates_are_allowed_and_some_lie_near_good_points():
    """Half anywhere, half around."""
    space = Space([FloatParameter("x", 0, 1), ChoiceParameter("y", ("a", "b"))])
    search = LocalSearch(
        space=space,
        acquisition=Peak([0.0, 0.0]),
        good=np.array([[0.25, 1.0]]),
        metric=np.ones(2),
        rng=np.random.default_rng(0),
    )
    points = search.candidates(200)
    assert all(space.is_allowed(space.decode(each)) for each in points)
    assert (np.abs(points[:, 0] - 0.25) < 0.05).mean() > 0.25
