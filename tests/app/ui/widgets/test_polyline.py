from __future__ import annotations

import numpy as np

from app.ui.widgets.polyline import polygon


def test_points_arrive_unchanged():
    """Every point of the array is the same point of the polygon, in the same order."""
    points = np.random.default_rng(1).normal(size=(500, 2))
    shape = polygon(points)
    assert [(p.x(), p.y()) for p in shape] == [tuple(p) for p in points.tolist()]


def test_no_points_give_an_empty_polygon():
    """Nothing to draw is an empty polygon, not an error."""
    assert polygon(np.zeros((0, 2))).isEmpty()


def test_polygon_outlives_the_array():
    """The polygon holds a copy: changing the array later changes nothing."""
    points = np.ones((3, 2))
    shape = polygon(points)
    points[:] = 7
    assert shape.at(0).x() == 1
