"""How alike two points are."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.analytics.kernel import matern, pair_distances, pair_places, weighted_distances


@given(st.floats(0, 20))
def test_matern_is_the_textbook_formula(r):
    """At any distance; its slope is the derivative by the squared distance."""
    alike, slope = matern(np.array([r * r]))
    root = math.sqrt(5) * r
    assert math.isclose(alike[0], (1 + root + root**2 / 3) * math.exp(-root), abs_tol=1e-14)
    step = 1e-5 * (1 + r * r)
    ahead = matern(np.array([r * r + 2 * step]))[0][0]
    behind = matern(np.array([r * r]))[0][0]
    middle = matern(np.array([r * r + step]))[1][0]
    assert math.isclose(middle, (ahead - behind) / (2 * step), rel_tol=0.05, abs_tol=1e-9)
    assert slope[0] <= 0


@given(st.integers(0, 2**32))
def test_distances_are_those_of_a_slow_loop(seed):
    """Numbers by their squares, choices by whether they differ."""
    rng = np.random.default_rng(seed)
    one, other, weights = rng.random((4, 3)), rng.random((5, 3)), rng.random(3) * 9
    one[:, 2], other[:, 2] = rng.integers(0, 2, 4), rng.integers(0, 2, 5)
    is_choice = np.array([False, False, True])
    found = weighted_distances(one, other, weights, is_choice)
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            wanted = weights[:2] @ (a[:2] - b[:2]) ** 2 + weights[2] * (a[2] != b[2])
            assert math.isclose(found[i, j], wanted, abs_tol=1e-12)


def test_pairs_are_where_they_are_said_to_be():
    """Distances of pairs, put at their places, give the matrix below its diagonal."""
    points = np.random.default_rng(0).random((6, 2))
    is_choice = np.zeros(2, dtype=bool)
    matrix = np.zeros((6, 6), order="F")
    matrix.ravel(order="K")[pair_places(6)] = pair_distances(points, is_choice).sum(0)
    wanted = weighted_distances(points, points, np.ones(2), is_choice)
    np.testing.assert_allclose(matrix, np.tril(wanted, -1), atol=1e-12)
