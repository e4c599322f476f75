"""How alike two points are: Matérn-5/2 with a weight for each parameter.

Source: Rasmussen and Williams 2006, eq. 4.17 with nu = 5/2; choices by Hamming distance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

ROOT5 = math.sqrt(5.0)


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """What a Gaussian process believes of its function.

    weights: (d,), the inverse squared lengthscale of each parameter. scale: variance of the
    function. noise: variance of a measurement. All for rewards of mean 0 and variance 1.
    """

    weights: FloatArray
    scale: float
    noise: float


def matern(squared: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the correlation at weighted squared distances, and its derivative by them.

    squared: any shape, at least 0. With r = sqrt(5 s) they are (1 + r + r²/3) exp(-r) and
    -5/6 (1 + r) exp(-r).
    """
    r = np.sqrt(squared)
    r *= ROOT5
    decay = np.exp(-r)
    slope = 1.0 + r
    r *= r
    r /= 3.0
    r += slope
    r *= decay
    slope *= decay
    slope *= -5.0 / 6.0
    return r, slope


def weighted_distances(
    one: FloatArray, other: FloatArray, weights: FloatArray, is_choice: BoolArray
) -> FloatArray:
    """Return weighted squared distances (n, m) between points (n, d) and (m, d).

    The square is expanded into a matrix product: it is off by 1e-15 of the weights, which a
    kernel that is smooth in the squared distance does not see. Choices lie exactly on their grid.
    """
    roots = np.sqrt(np.where(is_choice, 0.0, weights))
    a, b = one * roots, other * roots
    squared = (-2.0 * a) @ b.T
    squared += np.einsum("ij,ij->i", a, a)[:, None]
    squared += np.einsum("ij,ij->i", b, b)
    np.maximum(squared, 0.0, out=squared)
    for place in np.flatnonzero(is_choice):
        squared += weights[place] * (one[:, place, None] != other[None, :, place])
    found: FloatArray = squared
    return found


def pair_distances(points: FloatArray, is_choice: BoolArray) -> FloatArray:
    """Return squared distances by parameter of all pairs i > j, (d, n (n - 1) / 2).

    points: (n, d). The order of the pairs is that of `pair_places`.
    """
    count = len(points)
    second, first = np.triu_indices(count, 1)
    apart = (points[first] - points[second]).T
    apart *= apart
    if is_choice.any():
        apart[is_choice] = apart[is_choice] != 0.0
    return np.ascontiguousarray(apart)


def pair_places(count: int) -> NDArray[np.intp]:
    """Return where the pairs i > j lie in a matrix (n, n) that is stored by columns."""
    second, first = np.triu_indices(count, 1)
    places: NDArray[np.intp] = second * count + first
    return places
