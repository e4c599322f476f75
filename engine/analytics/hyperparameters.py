"""Which hyperparameters are most probable, given the measurements.

Maximum a posteriori by climbs in the logarithms; several at once while measurements are few, when
the posterior has more than one summit. Source of the likelihood and its gradient: Rasmussen and
Williams 2006, eqs. 5.8 and 5.9.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.linalg import lapack  # noqa: TID253 - only the optimiser's own thread loads this

from engine.analytics.kernel import (
    BoolArray,
    FloatArray,
    Hyperparameters,
    matern,
    pair_distances,
    pair_places,
)
from engine.analytics.quasi_newton import Climb

LEAST_NOISE = 1e-8
"""Variance of the noise of a function without noise; with less, the matrix is singular."""
LOW_WEIGHT, HIGH_WEIGHT = math.log(1e-4), math.log(3e3)
LOW_SCALE, HIGH_SCALE = math.log(0.02), math.log(50.0)
LOW_NOISE, HIGH_NOISE = math.log(1e-6), math.log(2.0)
IMPOSSIBLE = -1e10
SUMMITS_BY_COUNT = ((30, 3), (60, 2))
"""Of the posterior of hyperparameters; with more measurements one stands out."""
SIFTED_AFTER = 6
"""Steps after which it shows which climbs lead to the highest of them."""
STARTS = ((0.0, 0.0, -4.0), (2.0, 0.0, -4.0), (-1.5, 0.7, -3.0))
"""Logarithms of weights, scale and noise: medium, short and long lengthscales."""


class Evidence:
    """The log posterior of hyperparameters given points (n, d) and rewards (n,), and its gradient.

    rewards: mean 0, variance 1. is_noisy: the noise is unknown; otherwise it is LEAST_NOISE.
    """

    def __init__(
        self, points: FloatArray, rewards: FloatArray, is_choice: BoolArray, is_noisy: bool
    ) -> None:
        self.size, self.count = points.shape[1], len(points)
        self._rewards, self.is_noisy = rewards, is_noisy
        self._apart = pair_distances(points, is_choice)
        self._places = pair_places(self.count)

    def __call__(self, logs: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return values (b,) and gradients (b, d + 2) at `logs` (b, d + 2)."""
        weights = np.exp(logs[:, : self.size])
        alike, slope = matern(weights @ self._apart)
        values, gradients = self._prior(logs)
        for each in range(len(logs)):
            self._add_likelihood(logs[each], alike[each], slope[each], gradients[each : each + 1])
            values[each] += self._value
        return values, gradients

    def _add_likelihood(
        self, logs: FloatArray, alike: FloatArray, slope: FloatArray, gradient: FloatArray
    ) -> None:
        count, size = self.count, self.size
        scale, noise = math.exp(logs[size]), self._noise(logs)
        matrix = np.zeros((count, count), order="F")
        flat = matrix.ravel(order="K")
        flat[self._places] = scale * alike
        flat[:: count + 1] = scale + noise
        factor, failed = lapack.dpotrf(matrix, lower=1, clean=0, overwrite_a=1)
        if failed:
            self._value = IMPOSSIBLE
            return
        solved, _ = lapack.dpotrs(factor, self._rewards, lower=1)
        half_log_det = float(np.log(np.diagonal(factor)).sum())
        self._value = -0.5 * float(self._rewards @ solved) - half_log_det
        inverse, _ = lapack.dpotri(factor, lower=1, overwrite_c=1)
        apart = -inverse.ravel(order="K")[self._places]
        apart += np.outer(solved, solved).ravel()[self._places]
        trace = float(solved @ solved - np.trace(inverse))
        gradient[0, size] += scale * (float(apart @ alike) + 0.5 * trace)
        gradient[0, size + 1] += 0.5 * (noise - LEAST_NOISE) * trace
        apart *= slope
        gradient[0, :size] += scale * np.exp(logs[:size]) * (self._apart @ apart)

    def _noise(self, logs: FloatArray) -> float:
        return math.exp(logs[self.size + 1]) + LEAST_NOISE if self.is_noisy else LEAST_NOISE

    def _prior(self, logs: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return log priors and gradients: wide around lengthscale 1, scale 1, little noise."""
        size = self.size
        weights, scale = np.exp(logs[:, :size]), np.exp(logs[:, size])
        values = -(0.1 * weights + 0.1 / weights).sum(1) - scale + logs[:, size]
        gradients = np.zeros_like(logs)
        gradients[:, :size] = -0.1 * weights + 0.1 / weights
        gradients[:, size] = 1.0 - scale
        if self.is_noisy:
            noise = np.exp(logs[:, size + 1])
            values += 0.1 * logs[:, size + 1] - 30.0 * noise
            gradients[:, size + 1] = 0.1 - 30.0 * noise
        return values, gradients

    def believed(self, logs: FloatArray) -> Hyperparameters:
        """Return what `logs` (d + 2,) stand for."""
        weights = np.exp(logs[: self.size])
        return Hyperparameters(weights, math.exp(logs[self.size]), self._noise(logs))


class Search:
    """The climbs for one model; they go on from where they stood when measurements are added."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._climb: Climb | None = None

    @property
    def height(self) -> float:
        """The log posterior of the best that was found, up to a constant."""
        return -math.inf if self._climb is None else float(self._climb.values.max())

    def improve(self, evidence: Evidence, steps: int) -> Hyperparameters:
        """Return the most probable hyperparameters found within `steps` more steps."""
        climb = self._climb
        if climb is None:
            low, high = box(self._size)
            metric = np.full(self._size + 2, 0.1)
            starts = first_guesses(self._size)
            climb = Climb(evidence, starts, low=low, high=high, metric=metric, longest=2.0)
            self._climb = climb
        else:
            climb.keep(summits(evidence.count))
            climb.resume(evidence)
        for done in range(steps):
            if done == SIFTED_AFTER:
                climb.keep(summits(evidence.count))
            climb.step(evidence)
            if climb.has_arrived:
                break
        return evidence.believed(climb.points[int(np.argmax(climb.values))])


def summits(count: int) -> int:
    """Return how many summits are worth watching with `count` measurements."""
    return next((kept for most, kept in SUMMITS_BY_COUNT if count <= most), 1)


def first_guesses(size: int) -> FloatArray:
    """Return where climbs begin, (b, size + 2)."""
    return np.array([[weight] * size + [scale, noise] for weight, scale, noise in STARTS])


def believed_at_first(size: int, is_noisy: bool) -> Hyperparameters:
    """Return what is believed before any search."""
    weight, scale, noise = np.exp(STARTS[0])
    return Hyperparameters(
        np.full(size, weight), float(scale), float(noise) if is_noisy else LEAST_NOISE
    )


def box(size: int) -> tuple[FloatArray, FloatArray]:
    """Return the bounds of the logarithms, (size + 2,) each."""
    low = np.array([LOW_WEIGHT] * size + [LOW_SCALE, LOW_NOISE])
    high = np.array([HIGH_WEIGHT] * size + [HIGH_SCALE, HIGH_NOISE])
    return low, high
