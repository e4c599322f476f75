"""Values that somebody asks about beside those that were tried: where they lie, and what is odd."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from engine.analytics.answers import written
from engine.analytics.linear_bounds import describe
from engine.analytics.parameters import (
    ChoiceParameter,
    FloatParameter,
    IntParameter,
    Number,
    Parameter,
    Value,
    is_same,
)
from engine.analytics.snapshot import Values
from engine.analytics.space import Space
from engine.errors import Rejected

LARGEST = 1e15
FEW = 20
"""Rated answers below which the intervals are rough: with 15 thumbs they hold 7 of 10 truths."""


class Tried(NamedTuple):
    """One answer: its parameters, and what it earned (0 to 1) and took; None for not known."""

    values: Values
    reward: float | None
    latency_ms: float | None


def counting(values: Values, known: Space | None) -> tuple[dict[str, Value], list[str]]:
    """Return the values that count, and why each other one does not: its condition is not met."""
    kept, told = dict(values), []
    for parameter in () if known is None else known.parameters:
        condition = parameter.only_if
        has = None if condition is None else values.get(condition.parameter)
        if parameter.name not in kept or condition is None or has is None:
            continue
        if condition.parameter not in kept or not _is_among(has, condition.values):
            wanted = " or ".join(sorted(map(str, condition.values)))
            told.append(
                f"{parameter.name} is left out: it counts only while {condition.parameter} is "
                f"{wanted}"
            )
            del kept[parameter.name]
    return kept, told


def space_around(values: Values, tried: Iterable[Tried], known: Space | None) -> Space:
    """Return a space of the parameters in `values` that holds these and everything tried.

    Raises Rejected, which names the parameter, where a value is of another kind, or nothing is
    known of the parameter at all.
    """
    described = {} if known is None else {each.name: each for each in known.parameters}
    rows = list(tried)
    return Space(
        [
            _parameter(name, value, [row.values[name] for row in rows if name in row.values],
                       described.get(name))
            for name, value in values.items()
        ]
    )  # fmt: skip


def warnings_of(values: Values, tried: Sequence[Tried], known: Space | None) -> list[str]:
    """Return what makes it a guess that `values` will do as predicted, one sentence each."""
    told = []
    described = {} if known is None else {each.name: each for each in known.parameters}
    for name, value in values.items():
        seen = [row.values[name] for row in tried if name in row.values]
        told += [_never_tried(name, value, seen), _not_allowed(name, value, described.get(name))]
    for constraint in () if known is None else known.constraints:
        weights = constraint.weights
        if weights.keys() <= values.keys():
            total = sum(weight * float(values[name]) for name, weight in weights.items())
            if total > constraint.at_most + 1e-9:
                told.append(f"the search keeps {describe(constraint)}, and this is {total:.3g}")
    return [each for each in told if each]


def evidence_of(values: Values, alike: Sequence[Tried], space: Space | None) -> list[str]:
    """Return what a prediction for `values` stands on, one sentence each.

    alike: answers with a value for each of them.
    """
    rewards = [row.reward for row in alike if row.reward is not None]
    if not rewards:
        return []
    what = f"values for {_listed(values)}" if values else "nothing filled in"
    told = [f"{_answers(len(rewards))} had {what}"]
    same = [row for row in alike if dict(row.values) == dict(values)]
    earned = [row.reward for row in same if row.reward is not None]
    if earned and len(values) > 0:
        told.append(
            f"{_answers(len(earned))} had just these values and earned {np.mean(earned):.2f} on "
            "average"
        )
    elif space is not None:
        told += _nearest(values, alike, space)
    return told


def _nearest(values: Values, alike: Sequence[Tried], space: Space) -> list[str]:
    """Return what was tried nearest to `values`."""
    at = space.encode(values)
    groups: dict[tuple[Value, ...], list[float]] = {}
    for row in alike:
        if row.reward is not None:
            groups.setdefault(tuple(row.values[name] for name in values), []).append(row.reward)
    found: list[tuple[float, dict[str, Value], list[float]]] = []
    for each, rewards in groups.items():
        there = dict(zip(values, each, strict=True))
        unit = space.encode(there)
        if unit is not None and at is not None:
            found.append((float(np.abs(unit - at).sum()), there, rewards))
    if not found:
        return []
    distance, there, rewards = min(found, key=lambda each: each[0])
    how = "just these values" if distance == 0 else f"the nearest values ({written(there)})"
    return [f"{_answers(len(rewards))} had {how} and earned {np.mean(rewards):.2f} on average"]


def _parameter(
    name: str, value: Value, seen: Sequence[Value], known: Parameter | None
) -> Parameter:
    numbers = [each for each in seen if not isinstance(each, str | bool)]
    if isinstance(known, ChoiceParameter) or (known is None and len(numbers) < len(seen)):
        choices: list[Value] = list(known.choices) if isinstance(known, ChoiceParameter) else []
        for each in (*seen, value):
            if not _is_among(each, choices):
                choices.append(each)
        return ChoiceParameter(name, tuple(choices))
    if known is None and not seen:
        raise Rejected(f"{name}: the settings do not describe it, and no answer had it", param=name)
    if isinstance(value, str | bool) or not math.isfinite(value) or abs(value) > LARGEST:
        raise Rejected(f"{name} = {value}: give a number", param=name)
    bounds = () if known is None else (known.low, known.high)
    places = [float(each) for each in (*numbers, value, *bounds)]
    low, high = min(places), max(places)
    is_log = known is not None and known.is_log and low > 0
    if isinstance(known, IntParameter):
        if float(value) != int(value):
            raise Rejected(f"{name} = {value:g}: give a whole number", param=name)
        return IntParameter(name, math.floor(low), math.ceil(high), is_log)
    return FloatParameter(name, low, high, is_log)


def _never_tried(name: str, value: Value, seen: Sequence[Value]) -> str:
    if not seen:
        return f"{name} was never tried"
    numbers = [float(each) for each in seen if not isinstance(each, str | bool)]
    if isinstance(value, str | bool) or not numbers:
        return "" if _is_among(value, seen) else f"{name} {value} was never tried"
    low, high = min(numbers), max(numbers)
    if low <= value <= high:
        return ""
    way = "above" if value > high else "below"
    tried = f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"
    return f"{name} {value:.6g} lies {way} everything that was tried ({tried})"


def _not_allowed(name: str, value: Value, known: Parameter | None) -> str:
    if known is None:
        return ""
    if isinstance(known, ChoiceParameter):
        is_one = known.index(value) is not None
        return "" if is_one else f"{name} {value} is none of the choices in the settings"
    if _is_within(known, value):
        return ""
    return f"{name} {value:.6g} lies outside the {known.low:g} to {known.high:g} of the settings"


def _is_within(known: Number, value: Value) -> bool:
    return not isinstance(value, str | bool) and known.low <= value <= known.high


def _is_among(value: Value, others: Iterable[Value]) -> bool:
    return any(is_same(value, each) for each in others)


def _answers(count: int) -> str:
    return f"{count:,} rated answer{'' if count == 1 else 's'}"


def _listed(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
