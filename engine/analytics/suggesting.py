"""A suggestion, and what may not be suggested: what is known already, and what is awaited."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.analytics.beliefs import Beliefs
from engine.analytics.space import FloatArray, Space, Value

SAME = 1e-6
"""Points whose coordinates all differ by less are one: no measurement could tell them apart."""
BESIDE = 1e-3
"""Points that are tried at the same time differ by more: one must teach what the other does not."""
MOST_LISTED = 4096
"""Finite spaces up to this size are searched for a value that was not tried."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What to try next, and what is expected of it.

    unit: its point (d,). mean, deviation: the believed reward, None before there is a belief.
    feasible: the probability that all constraints hold. gain: by how much it is expected to
    better the best. why: a sentence. is_repeat: everything there is was tried or is awaited.
    """

    values: dict[str, Value]
    unit: FloatArray
    why: str
    mean: float | None = None
    deviation: float | None = None
    feasible: float | None = None
    gain: float | None = None
    is_repeat: bool = False

    @property
    def predicted(self) -> float | None:
        """The believed reward, None before there is a belief."""
        return self.mean


class Pending:
    """Values that were given out and of which nothing was told yet."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._awaited: list[tuple[dict[str, Value], int]] = []

    def __len__(self) -> int:
        return len(self._awaited)

    def place(self, space: Space) -> None:
        """Look up where they lie in another space from now on."""
        self._space = space

    def add(self, values: Mapping[str, Value], task: int) -> None:
        """Await what `values` give."""
        self._awaited.append((dict(values), task))

    def drop(self, values: Mapping[str, Value], task: int) -> None:
        """Await `values` once less, where they are awaited at all."""
        entry = (dict(values), task)
        if entry in self._awaited:
            self._awaited.remove(entry)

    def units(self, task: int) -> FloatArray:
        """Return the points of one task that are awaited, (p, d)."""
        found = [self._space.encode(values) for values, own in self._awaited if own == task]
        known = [each for each in found if each is not None]
        return np.array(known).reshape(len(known), self._space.size)


def first_new(ranked: FloatArray, told: FloatArray, awaited: FloatArray) -> FloatArray | None:
    """Return the first point (d,) of `ranked` (m, d) that is neither told nor awaited; or None.

    told: (n, d), of which it differs by SAME; awaited: (p, d), by BESIDE.
    """
    for unit in ranked:
        if is_new(unit, told, SAME) and is_new(unit, awaited, BESIDE):
            found: FloatArray = unit
            return found
    return None


def is_new(unit: FloatArray, known: FloatArray, reach: float) -> bool:
    """Tell whether some coordinate of `unit` (d,) differs by more than `reach` from each known."""
    return not len(known) or bool(np.abs(known - unit).max(1).min() > reach)


def listed(space: Space) -> FloatArray | None:
    """Return every allowed point of a finite space (m, d); None where they are more than a few."""
    grids = [space.grid_at(place) for place in range(space.size)]
    lengths = [0 if grid is None else len(grid) for grid in grids]
    if not all(lengths) or np.prod(np.array(lengths, dtype=float)) > MOST_LISTED:
        return None
    meshed = np.meshgrid(*[grid for grid in grids if grid is not None], indexing="ij")
    points = space.snap(np.stack([each.ravel() for each in meshed], axis=1))
    points = np.unique(points, axis=0)
    return points[space.allowed(points)]


def described(beliefs: Beliefs, unit: FloatArray, log_gain: float) -> Suggestion:
    """Return the point `unit` (d,) as a suggestion with what is believed of it.

    log_gain: its acquisition, of which the expected gain on the model's scale is the exponential.
    """
    mean, deviation = (float(each[0]) for each in beliefs.reward(unit[None]))
    feasible = float(beliefs.feasibility(unit[None])[0]) if beliefs.limits else None
    index = beliefs.best()
    if index is None:
        why = "nothing that keeps all limits is known yet: this is the likeliest to"
        return Suggestion(beliefs.space.decode(unit), unit, why, mean, deviation, feasible)
    best = float(beliefs.reward(beliefs.units[index][None])[0][0])
    gain = math.exp(min(log_gain, 50.0)) * beliefs.objective.warp.spread
    if mean >= best:
        why = f"{mean:.3g} is expected here, where the best known is {best:.3g}"
    elif mean + deviation >= best:
        why = f"it may be as good as the best known, {best:.3g}: {mean:.3g} ± {deviation:.2g}"
    else:
        why = f"little is known here: {mean:.3g} ± {deviation:.2g} is expected"
    return Suggestion(beliefs.space.decode(unit), unit, why, mean, deviation, feasible, gain)
