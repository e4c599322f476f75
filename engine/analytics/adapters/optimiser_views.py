"""What an optimiser believes, as pictures: slices, a contour, importances, calibration."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.analytics.adapters.reward_interval import NINETY, interval
from engine.analytics.beliefs import Beliefs
from engine.analytics.cuts import left_out
from engine.analytics.observations import StudyKey
from engine.analytics.optimiser import Optimiser
from engine.analytics.search_view import CalibrationView, ContourView, SearchView, SliceView
from engine.analytics.snapshot import Floats, Value
from engine.analytics.space import ChoiceParameter, Space
from engine.analytics.suggesting import Suggestion

POINTS = 41
"""Of a slice; fewer where the parameter has fewer values."""
CONTOUR_POINTS = 25
DRAWN = 128
"""Points over which all other parameters are averaged for the importances."""
STEPS = 16


def search_view(
    optimiser: Optimiser, key: StudyKey, taken_s: float, pair: tuple[str, str] | None
) -> SearchView:
    """Return everything that is drawn. Takes some 20 ms.

    pair: the parameters of the contour; None takes the two that matter most.
    """
    space, count = optimiser.space, own_count(optimiser)
    if not count:
        reason = "no rated answer has values for all parameters of the search"
        return SearchView(taken_s, *key, reason=reason)
    beliefs, best, following = optimiser.beliefs(), optimiser.best(), optimiser.ask()
    centre = following.values if best is None else best.values
    shares = importances(beliefs, space)
    if pair is None and space.size >= 2:
        x, y = sorted(shares, key=lambda name: -shares[name])[:2]
        pair = (x, y)
    return SearchView(
        taken_s,
        *key,
        observations=count,
        slices={
            each.name: slice_view(beliefs, space, each.name, centre, following)
            for each in space.parameters
        },
        contour=None if pair is None else contour_view(beliefs, space, pair, centre),
        importances=shares,
        calibration=calibration_view(beliefs),
        best={} if best is None else best.values,
        best_reward=None if best is None else interval(best.mean, best.deviation),
        next=following.values,
    )


def own_count(optimiser: Optimiser) -> int:
    """Return how many measurements in the space are of the study itself, not of other tasks."""
    if optimiser.tasks == 1 or not optimiser.count:
        return optimiser.count
    return int(optimiser.beliefs().are_own.sum())  # with other tasks all are in view


def slice_view(
    beliefs: Beliefs,
    space: Space,
    name: str,
    centre: Mapping[str, Value],
    following: Suggestion,
) -> SliceView:
    """Return the reward along one parameter, all others as in `centre`."""
    values, units = _along(space, name, centre, POINTS)
    mean, deviation = beliefs.reward(units)
    worth = beliefs.acquisition(np.empty((0, space.size)), np.random.default_rng(0)).values(units)
    worth = np.exp(worth - worth.max())
    return SliceView(
        points=values,
        mean=np.clip(mean, 0, 1),
        low=np.clip(mean - NINETY * deviation, 0, 1),
        high=np.clip(mean + NINETY * deviation, 0, 1),
        acquisition=worth,
        feasible=beliefs.feasibility(units),
        next=following.values.get(name),
    )


def contour_view(
    beliefs: Beliefs, space: Space, pair: tuple[str, str], centre: Mapping[str, Value]
) -> ContourView:
    """Return the reward over two parameters, all others as in `centre`."""
    x_values, x_units = _along(space, pair[0], centre, CONTOUR_POINTS)
    y_values, y_units = _along(space, pair[1], centre, CONTOUR_POINTS)
    units = np.repeat(y_units, len(x_values), axis=0)
    place = space.place(pair[0])
    units[:, place] = np.tile(x_units[:, place], len(y_values))
    shape = (len(y_values), len(x_values))
    mean, _ = beliefs.reward(units)
    return ContourView(
        x_name=pair[0],
        y_name=pair[1],
        x=x_values,
        y=y_values,
        mean=np.clip(mean, 0, 1).reshape(shape),
        feasible=beliefs.feasibility(units).reshape(shape),
    )


def importances(beliefs: Beliefs, space: Space) -> dict[str, float]:
    """Return by how much each parameter by itself moves the reward; they add up to 1.

    The variance of the mean reward given the parameter, averaged over all others (first-order
    Sobol indices, Sobol 1993); equal shares where nothing moves it.
    """
    drawn = space.sample(np.random.default_rng(0), DRAWN)
    moved = []
    for place, parameter in enumerate(space.parameters):
        steps = min(STEPS, _count(space, parameter.name, STEPS))
        means = []
        for at in np.linspace(0, 1, steps):
            units = drawn.copy()
            units[:, place] = at
            means.append(float(beliefs.reward(space.snap(units))[0].mean()))
        moved.append(float(np.var(means)))
    total = sum(moved)
    names = [each.name for each in space.parameters]
    if total <= 1e-12:
        return {name: 1 / len(names) for name in names}
    return {name: each / total for name, each in zip(names, moved, strict=True)}


def calibration_view(beliefs: Beliefs) -> CalibrationView:
    """Return each reward as predicted from all others."""
    found = left_out(beliefs)
    return CalibrationView(found.observed, found.predicted, found.deviation)


def _along(
    space: Space, name: str, centre: Mapping[str, Value], most: int
) -> tuple[tuple[Value, ...], Floats]:
    """Return values of one parameter, and their points (n, d) with all others as in `centre`."""
    base = space.encode(centre)
    if base is None:
        base = np.full(space.size, 0.5)
    place = space.place(name)
    units = np.repeat(base[None], _count(space, name, most), axis=0)
    units[:, place] = np.linspace(0, 1, len(units))
    units = space.snap(units)
    parameter = space.parameter(name)
    return tuple(parameter.from_unit(float(at)) for at in units[:, place]), units


def _count(space: Space, name: str, most: int) -> int:
    """Return how many values of a parameter are looked at."""
    grid, parameter = space.grid(name), space.parameter(name)
    if isinstance(parameter, ChoiceParameter):
        return len(parameter.choices)
    return most if grid is None else min(most, len(grid))
