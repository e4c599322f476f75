"""What a try is worth: the logarithm of the expected improvement, by the chance to be feasible.

Source: Ament et al. 2023 (logEI, logNEI), eq. 9 for `log_h`; Gardner et al. 2014 (constraints).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import erfcx, log_ndtr, ndtr  # noqa: TID253 - only the optimiser's thread

from engine.analytics.gaussian_process import LEAST_VARIANCE, GaussianProcess
from engine.analytics.kernel import FloatArray

HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)
HALF_LOG_HALF_PI = 0.5 * math.log(math.pi / 2)
FAR = -1e6
"""Below, erfcx loses what the difference needs, and the tail is phi(z) / z²."""


def log_h(z: FloatArray) -> FloatArray:
    """Return log(phi(z) + z Phi(z)) for any z, of the same shape."""
    found = np.empty_like(z)
    near = z > -1.0
    at = z[near]
    found[near] = np.log(np.exp(-0.5 * at * at - HALF_LOG_2PI) + at * ndtr(at))
    at = z[~near]
    tail = np.log(erfcx(-at / math.sqrt(2)) * -at) + HALF_LOG_HALF_PI
    tail = np.minimum(tail, -1e-16)
    rest = np.where(tail > -0.693, np.log(-np.expm1(tail)), np.log1p(-np.exp(tail)))
    rest = np.where(at < FAR, -2 * np.log(-at), rest)
    found[~near] = -0.5 * at * at - HALF_LOG_2PI + rest
    return found


@dataclass(frozen=True, slots=True)
class Objective:
    """The reward as the acquisition sees it.

    solved: (n,), of the rewards. best: (s,), what is to be bettered: one where there is no noise,
    else draws of what it may be. noise: variance of a measurement, 0 where one tells the truth.
    """

    process: GaussianProcess
    solved: FloatArray
    best: FloatArray
    noise: float = 0.0


@dataclass(frozen=True, slots=True)
class Limit:
    """A constraint as the acquisition sees it: feasible where its value is at most `edge`."""

    process: GaussianProcess
    solved: FloatArray
    edge: float


class Acquisition:
    """The logarithm of the expected improvement, plus those of the chances to be feasible.

    Without an objective (nothing feasible is known yet) only the chances count.
    """

    def __init__(self, objective: Objective | None, limits: Sequence[Limit]) -> None:
        self._objective, self._limits = objective, tuple(limits)

    def values(self, units: FloatArray) -> FloatArray:
        """Return the worth (m,) of tries at `units` (m, d)."""
        total = np.zeros(len(units))
        if self._objective is not None:
            process = self._objective.process
            alike, _ = process.covariances(units)
            deviation = process.deviation(alike)
            z = aims(alike @ self._objective.solved, deviation, self._objective.best)
            total += mean_log(log_h(z))[0] + np.log(deviation)
            total += teaches(deviation, self._objective.noise)[0]
        for limit in self._limits:
            mean, deviation = limit.process.mean_and_deviation(units, limit.solved)
            total += log_ndtr((limit.edge - mean) / deviation)
        return total

    def __call__(self, units: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the worth (m,) and its gradient (m, d) at `units`."""
        total, gradient = np.zeros(len(units)), np.zeros_like(units)
        if self._objective is not None:
            self._add_improvement(self._objective, units, total, gradient)
        for limit in self._limits:
            self._add_chance(limit, units, total, gradient)
        return total, gradient

    def _add_improvement(
        self, objective: Objective, units: FloatArray, total: FloatArray, gradient: FloatArray
    ) -> None:
        process = objective.process
        alike, slope = process.covariances(units)
        turned, deviation = known(process, alike)
        z = aims(alike @ objective.solved, deviation, objective.best)
        worth = log_h(z)
        value, share = mean_log(worth)
        lesson, steeper = teaches(deviation, objective.noise)
        total += value + np.log(deviation) + lesson
        # d worth/d mean = Phi/h / sd and d (worth + log sd)/d sd = phi/h / sd, each by its share.
        by_mean = (share * np.exp(log_ndtr(z) - worth)).sum(1) / deviation
        by_deviation = (share * np.exp(-0.5 * z * z - HALF_LOG_2PI - worth)).sum(1) / deviation
        by_deviation += steeper
        pull = by_mean[:, None] * objective.solved - (by_deviation / deviation)[:, None] * turned
        gradient += process.slopes(units, slope * pull)

    def _add_chance(
        self, limit: Limit, units: FloatArray, total: FloatArray, gradient: FloatArray
    ) -> None:
        process = limit.process
        alike, slope = process.covariances(units)
        turned, deviation = known(process, alike)
        z = (limit.edge - alike @ limit.solved) / deviation
        chance = log_ndtr(z)
        total += chance
        steep = np.exp(-0.5 * z * z - HALF_LOG_2PI - chance) / deviation
        pull = -steep[:, None] * limit.solved + (steep * z / deviation)[:, None] * turned
        gradient += process.slopes(units, slope * pull)


def aims(mean: FloatArray, deviation: FloatArray, best: FloatArray) -> FloatArray:
    """Return (m, s): how many deviations (m,) each mean (m,) lies above each of `best` (s,)."""
    above: FloatArray = (mean[:, None] - best) / deviation[:, None]
    return above


def teaches(deviation: FloatArray, noise: float) -> tuple[FloatArray, FloatArray]:
    """Return the log of what one noisy measurement teaches, and its slope by the deviation; (m,).

    Source: the factor 1 - sqrt(noise / (noise + deviation²)) of Huang et al. 2006: where the noise
    is larger than the doubt, measuring again is worth little. 0 without noise.
    """
    if noise <= 0.0:
        return np.zeros_like(deviation), np.zeros_like(deviation)
    both = deviation**2 + noise
    root = np.sqrt(both)
    # 1 - sqrt(noise)/root, without the cancellation where the deviation is small.
    share = deviation**2 / (root * (root + math.sqrt(noise)))
    return np.log(share), math.sqrt(noise) * deviation / (both * root * share)


def known(process: GaussianProcess, alike: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return covariances (m, n) times the precision matrix, (m, n), and deviations (m,).

    By the factor twice and not by the precision matrix, which would first have to be made.
    """
    half = alike @ process.inverse.T
    variance = process.believed.scale - np.einsum("ij,ij->i", half, half)
    floor = LEAST_VARIANCE * process.believed.scale
    return half @ process.inverse, np.sqrt(np.maximum(variance, floor))


def mean_log(logs: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the log of the mean of exp(logs) over columns (m,), and each column's share (m, s)."""
    if logs.shape[1] == 1:
        return logs[:, 0], np.ones_like(logs)
    top = logs.max(1, keepdims=True)
    shares = np.exp(logs - top)
    total = shares.sum(1, keepdims=True)
    return (top + np.log(total / logs.shape[1]))[:, 0], shares / total
