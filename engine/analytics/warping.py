"""Rewards brought to a common scale, and bent where a few bad ones would hide the good.

Source: Yeo and Johnson 2000; maximum likelihood over a grid of powers, which needs no solver.
Only powers of 1 and more: they spread the good end and draw the bad one together. Less than 1
would press the good end together, and with it what is searched for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from engine.analytics.kernel import FloatArray

POWERS = np.linspace(1.0, 2.0, 11)
FEWEST = 8
"""Fewer rewards do not tell their distribution."""
LARGEST = 1e3


@dataclass(frozen=True, slots=True)
class Warp:
    """From rewards to a scale on which they have mean 0 and variance 1, and back."""

    middle: float = 0.0
    spread: float = 1.0
    power: float = 1.0
    mean: float = 0.0
    deviation: float = 1.0

    def to_scale(self, rewards: FloatArray) -> FloatArray:
        """Return `rewards`, any shape, on the scale."""
        bent = bend((np.asarray(rewards, dtype=np.float64) - self.middle) / self.spread, self.power)
        scaled: FloatArray = (bent - self.mean) / self.deviation
        return scaled

    def to_reward(self, scaled: FloatArray) -> FloatArray:
        """Return rewards for values on the scale, any shape."""
        bent = np.asarray(scaled, dtype=np.float64) * self.deviation + self.mean
        rewards: FloatArray = unbend(bent, self.power) * self.spread + self.middle
        return rewards

    def reward_deviation(self, mean: FloatArray, deviation: FloatArray) -> FloatArray:
        """Return the deviation in rewards: half the way from one deviation below to one above."""
        up = unbend((mean + deviation) * self.deviation + self.mean, self.power)
        down = unbend((mean - deviation) * self.deviation + self.mean, self.power)
        half: FloatArray = (0.5 * self.spread) * (up - down)
        return half


def fitted(rewards: FloatArray, is_bent: bool) -> Warp:
    """Return the scale for `rewards` (n,), finite; is_bent: the power may be above 1.

    Rewards that mostly repeat (thumbs up or down) are not bent: no power makes them more normal,
    and the mean of what is bent is not the mean reward (0.13 too high with thumbs).
    """
    middle, spread = float(np.mean(rewards)), float(np.std(rewards))
    if not (spread > 1e-12 * max(abs(middle), 1e-290) and math.isfinite(spread)):
        return Warp(middle=middle)
    if not is_bent or len(rewards) < FEWEST or 2 * len(np.unique(rewards)) < len(rewards):
        return Warp(middle=middle, spread=spread)
    at = (rewards - middle) / spread
    power = float(POWERS[int(np.argmax(likelihoods(at)))])
    bent = bend(at, power)
    return Warp(middle, spread, power, float(bent.mean()), float(bent.std()) or 1.0)


def likelihoods(at: FloatArray) -> FloatArray:
    """Return the log likelihood of each of POWERS for values `at` (n,), up to a constant."""
    ups = np.log1p(np.maximum(at, 0.0))
    downs = np.log1p(np.maximum(-at, 0.0))
    rest = np.maximum(2.0 - POWERS, 1e-9)[:, None]
    bent = np.expm1(POWERS[:, None] * ups) / POWERS[:, None] - np.expm1(rest * downs) / rest
    stretch = float(ups.sum() - downs.sum())
    found: FloatArray = (POWERS - 1.0) * stretch
    found -= 0.5 * len(at) * np.log(np.maximum(bent.var(1), 1e-300))
    return found


def bend(at: FloatArray, power: float) -> FloatArray:
    """Return Yeo and Johnson's transform of `at` for `power` in [1, 2]."""
    if power == 1.0:
        return at
    up = ((1.0 + np.maximum(at, 0.0)) ** power - 1.0) / power
    below = np.log1p(np.maximum(-at, 0.0))
    rest = 2.0 - power
    down = below if rest < 1e-9 else np.expm1(rest * below) / rest
    bent: FloatArray = np.where(at >= 0, up, -down)
    return bent


def unbend(bent: FloatArray, power: float) -> FloatArray:
    """Return what `bend` had made `bent` of; far below, where nothing is, it ends at -LARGEST."""
    if power == 1.0:
        return bent
    up = np.maximum(1.0 + power * bent, 1.0) ** (1.0 / power) - 1.0
    below, rest = np.maximum(-bent, 0.0), 2.0 - power
    logs = below if rest < 1e-9 else np.log1p(rest * below) / rest
    down = np.expm1(np.minimum(logs, math.log1p(LARGEST)))
    return np.where(bent >= 0, up, -down)
