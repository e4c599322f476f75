"""The first points of a study, spread so that no part of the space is left out."""

from __future__ import annotations

import numpy as np

from engine.analytics.space import FloatArray, Space

TRIES = 60
"""Latin squares that are drawn; the one whose nearest two points lie furthest apart is taken."""


def first_points(space: Space, rng: np.random.Generator, count: int) -> FloatArray:
    """Return `count` allowed points (count, d).

    Source: maximin Latin hypercubes (Morris and Mitchell 1995), the best of some random ones.
    """
    best, widest = latin(rng, count, space.size), -1.0
    for _ in range(TRIES):
        points = latin(rng, count, space.size)
        apart = ((points[:, None] - points[None]) ** 2).sum(2)
        nearest = float(apart[np.triu_indices(count, 1)].min(initial=np.inf))
        if nearest > widest:
            best, widest = points, nearest
    return space.shape(best, rng)


def latin(rng: np.random.Generator, count: int, size: int) -> FloatArray:
    """Return points (count, size): each of `count` equal parts of every side is hit once."""
    places = np.argsort(rng.random((count, size)), axis=0)
    points: FloatArray = (places + rng.random((count, size))) / count
    return points
