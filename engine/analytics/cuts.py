"""Cuts through what is believed: along one parameter, over two, and how much each matters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analytics.beliefs import Beliefs
from engine.analytics.space import FloatArray, Space, Value

SAMPLES = 256
"""Points over which importances are averaged: enough for two digits."""


@dataclass(frozen=True, slots=True)
class Slice:
    """What is believed along one parameter, the others as at a base; arrays of shape (n,).

    mean, deviation: of the reward. acquisition: what a try is worth, 1 for the most worthwhile of
    the slice. feasible: probability that all constraints hold.
    """

    points: tuple[Value, ...]
    mean: FloatArray
    deviation: FloatArray
    acquisition: FloatArray
    feasible: FloatArray


@dataclass(frozen=True, slots=True)
class Contour:
    """What is believed over two parameters, the others as at a base; arrays (len(y), len(x))."""

    x: tuple[Value, ...]
    y: tuple[Value, ...]
    mean: FloatArray
    deviation: FloatArray
    feasible: FloatArray


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Each measurement as predicted from all others; arrays (n,), in rewards."""

    observed: FloatArray
    predicted: FloatArray
    deviation: FloatArray


def slice_through(
    beliefs: Beliefs, name: str, base: FloatArray, count: int, rng: np.random.Generator
) -> Slice:
    """Return what is believed along the parameter `name` at about `count` values of it.

    base: (d,), where all other parameters stay. Raises Rejected where there is no such parameter.
    """
    space = beliefs.space
    ticks = ticked(space, name, count)
    units = np.repeat(base[None], len(ticks), 0)
    units[:, space.place(name)] = ticks
    mean, deviation = beliefs.reward(units)
    worth = beliefs.acquisition(np.empty((0, space.size)), rng).values(units)
    acquisition = np.exp(worth - worth.max())
    points = tuple(space.parameter(name).from_unit(float(each)) for each in ticks)
    return Slice(points, mean, deviation, acquisition, beliefs.feasibility(units))


def contour_over(beliefs: Beliefs, x: str, y: str, base: FloatArray, count: int) -> Contour:
    """Return what is believed over the parameters `x` and `y`, at about `count` values of each.

    base: (d,), where all others stay. Raises Rejected where there is no such parameter.
    """
    space = beliefs.space
    across, up = ticked(space, x, count), ticked(space, y, count)
    units = np.repeat(base[None], len(across) * len(up), 0)
    units[:, space.place(x)] = np.tile(across, len(up))
    units[:, space.place(y)] = np.repeat(up, len(across))
    mean, deviation = beliefs.reward(units)
    shape = (len(up), len(across))
    return Contour(
        tuple(space.parameter(x).from_unit(float(each)) for each in across),
        tuple(space.parameter(y).from_unit(float(each)) for each in up),
        mean.reshape(shape),
        deviation.reshape(shape),
        beliefs.feasibility(units).reshape(shape),
    )


def base(beliefs: Beliefs) -> FloatArray:
    """Return the point (d,) through which is cut: the best, or the first without one."""
    index = beliefs.best()
    point: FloatArray = beliefs.units[0 if index is None else index]
    return point


def ticked(space: Space, name: str, count: int) -> FloatArray:
    """Return at most `count` places (m,) of the parameter `name`, evenly spread, ends included."""
    grid = space.grid(name)
    if grid is None:
        return np.linspace(0.0, 1.0, count)
    if len(grid) <= count:
        return grid
    return grid[np.unique(np.linspace(0, len(grid) - 1, count).round().astype(np.intp))]


def importances(beliefs: Beliefs, rng: np.random.Generator) -> dict[str, float]:
    """Return by parameter how much the believed reward depends on it; they add up to 1.

    The total effect of each (Jansen 1999): half the mean squared change of the mean when only
    that parameter is drawn anew. All are 0 where the mean is flat.
    """
    space = beliefs.space
    base, other = space.sample(rng, SAMPLES), space.sample(rng, SAMPLES)
    before = beliefs.reward(base)[0]
    effects = np.zeros(space.size)
    for place in range(space.size):
        moved = base.copy()
        moved[:, place] = other[:, place]
        changed = beliefs.reward(space.snap(moved))[0] - before
        effects[place] = 0.5 * float(np.mean(changed**2))
    total = effects.sum()
    flat = 1e-18 * (1.0 + float(np.mean(before**2)))
    shares = effects / total if total > flat else np.zeros(space.size)
    names = [each.name for each in space.parameters]
    return dict(zip(names, map(float, shares), strict=True))


def left_out(beliefs: Beliefs) -> LeftOut:
    """Return each measurement of the task as predicted from all others."""
    own = beliefs.are_own
    predicted, deviation = beliefs.objective.without_each()
    level = beliefs.level
    return LeftOut(beliefs.rewards[own], predicted[own] + level, deviation[own])
