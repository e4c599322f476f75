"""What is believed of a function after some measurements: mean and deviation everywhere.

Source: Rasmussen and Williams 2006, algorithm 2.1; growth by one row of the inverse Cholesky
factor in O(n²), so that a new measurement needs no new factorisation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack  # noqa: TID253 - only the optimiser's own thread loads this

from engine.analytics.kernel import (
    BoolArray,
    FloatArray,
    Hyperparameters,
    matern,
    weighted_distances,
)

FIRST_JITTER = 1e-8
LEAST_VARIANCE = 1e-12
"""Of the scale. Rounding may bring a variance below 0; nothing is ever known more surely."""


@dataclass(frozen=True, slots=True)
class GaussianProcess:
    """A posterior; it never changes, growing returns another.

    points: (n, d). inverse: (n, n), the inverse of the lower Cholesky factor of kernel plus noise.
    """

    believed: Hyperparameters
    is_choice: BoolArray
    points: FloatArray
    inverse: FloatArray
    noise: float
    """The variance that was added to the diagonal: the noise, and what it took to factor."""

    @property
    def count(self) -> int:
        """How many measurements it knows."""
        return len(self.points)

    def is_start_of(self, points: FloatArray) -> bool:
        """Tell whether its points are the first of `points` (m, d), in the same order."""
        return self.count <= len(points) and np.array_equal(self.points, points[: self.count])

    def covariances(self, units: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return covariances (m, n) of `units` (m, d) with the points, and their slopes.

        The slope is the derivative by the weighted squared distance.
        """
        squared = weighted_distances(units, self.points, self.believed.weights, self.is_choice)
        alike, slope = matern(squared)
        alike *= self.believed.scale
        slope *= self.believed.scale
        return alike, slope

    def grown(self, unit: FloatArray) -> GaussianProcess:
        """Return the posterior with one more point (d,)."""
        alike = self.covariances(unit[None])[0][0]
        row = self.inverse @ alike
        rest = self.believed.scale + self.noise - row @ row
        root = math.sqrt(max(rest, self.noise, LEAST_VARIANCE * self.believed.scale))
        count = self.count
        inverse = np.zeros((count + 1, count + 1))
        inverse[:count, :count] = self.inverse
        inverse[count, :count] = -(row @ self.inverse) / root
        inverse[count, count] = 1.0 / root
        points = np.vstack([self.points, unit])
        return GaussianProcess(self.believed, self.is_choice, points, inverse, self.noise)

    def solve(self, rewards: FloatArray) -> FloatArray:
        """Return (K + noise)^-1 times `rewards` (n,) or (n, s)."""
        solved: FloatArray = self.inverse.T @ (self.inverse @ rewards)
        return solved

    def mean(self, units: FloatArray, solved: FloatArray) -> FloatArray:
        """Return the mean (m,) at `units` (m, d); solved: (n,), of the rewards."""
        mean: FloatArray = self.covariances(units)[0] @ solved
        return mean

    def mean_and_deviation(
        self, units: FloatArray, solved: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation (m,) at `units` (m, d); solved: of the rewards."""
        alike, _ = self.covariances(units)
        return alike @ solved, self.deviation(alike)

    def deviation(self, alike: FloatArray) -> FloatArray:
        """Return the standard deviation (m,) of the function where covariances are (m, n)."""
        known = alike @ self.inverse.T
        variance = self.believed.scale - np.einsum("ij,ij->i", known, known)
        floor = LEAST_VARIANCE * self.believed.scale
        deviation: FloatArray = np.sqrt(np.maximum(variance, floor))
        return deviation

    def slopes(self, units: FloatArray, coefficients: FloatArray) -> FloatArray:
        """Return the gradient (m, d) by `units` of the sum of c_i k(unit, point_i).

        coefficients: (m, n), c times the slope of `covariances`. Choices have none.
        """
        total = coefficients.sum(1)
        moved = units * total[:, None] - coefficients @ self.points
        gradient: FloatArray = 2.0 * np.where(self.is_choice, 0.0, self.believed.weights) * moved
        return gradient


def conditioned(
    points: FloatArray, is_choice: BoolArray, believed: Hyperparameters
) -> GaussianProcess:
    """Return the posterior given measurements at `points` (n, d).

    Points that are (nearly) one make the matrix singular: the diagonal is raised until it factors.
    """
    squared = weighted_distances(points, points, believed.weights, is_choice)
    alike = np.asfortranarray(matern(squared)[0] * believed.scale)
    np.fill_diagonal(alike, believed.scale)
    factor, noise = factored(alike, believed.noise, FIRST_JITTER * believed.scale)
    inverse, _ = lapack.dtrtri(factor, lower=1, overwrite_c=1)
    return GaussianProcess(believed, is_choice, points, np.ascontiguousarray(inverse), noise)


def factored(matrix: FloatArray, noise: float, jitter: float) -> tuple[FloatArray, float]:
    """Return the lower Cholesky factor of matrix + noise I, and the noise that it took.

    matrix: (n, n), symmetric, finite. jitter: what is added first where it does not factor; then
    ten times as much, and so on.
    """
    added = noise
    while True:
        raised = matrix.copy(order="F")
        np.einsum("ii->i", raised)[:] += added
        factor, failed = lapack.dpotrf(raised, lower=1, clean=1, overwrite_a=1)
        if not failed:
            return factor, added
        added = max(10.0 * added, jitter)


def leave_one_out(process: GaussianProcess, solved: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return for each point how far its reward lies above its prediction by all others, and the
    deviation of that prediction, noise included; shapes (n,).

    Source: Rasmussen and Williams 2006, eqs. 5.10 to 5.12.
    """
    precision: NDArray[np.float64] = np.einsum("ij,ij->j", process.inverse, process.inverse)
    return solved / precision, 1.0 / np.sqrt(precision)
