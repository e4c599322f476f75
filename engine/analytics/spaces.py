"""The spaces of the search: one for each model, of what is built in and what the user describes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.analytics.space import (
    ChoiceParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    Space,
)
from engine.errors import SettingsError

if TYPE_CHECKING:
    from engine.analytics.settings import RangeSettings


class Spaces:
    """The spaces that follow from ranges: the same object for models with the same parameters.

    Raises SettingsError for parameters and constraints that contradict each other.
    """

    def __init__(self, ranges: RangeSettings) -> None:
        self._ranges = ranges
        self.whole = space_of(ranges)
        """What any model may have; None where every parameter is switched off."""
        self._by_names: dict[tuple[str, ...], Space | None] = {}

    def of(self, model: str) -> Space | None:
        """Return the space for requests to `model`; None where it has no parameter."""
        if not self._ranges.parameter:
            return self.whole
        kept: list[Parameter] = []
        own = {each.parameter.name: each for each in self._ranges.parameter}
        for each in () if self.whole is None else self.whole.parameters:
            is_there = each.name not in own or own[each.name].is_for(model)
            parents = {found.name for found in kept}
            if is_there and (each.only_if is None or each.only_if.parameter in parents):
                kept.append(each)
        names = tuple(each.name for each in kept)
        if names not in self._by_names:
            self._by_names[names] = self._made(kept)
        return self._by_names[names]

    def _made(self, parameters: Sequence[Parameter]) -> Space | None:
        names = {each.name for each in parameters}
        # A constraint says nothing where one of its parameters is not there.
        said = [each for each in self._ranges.constraint if names.issuperset(each.weights)]
        return Space(parameters, said) if parameters else None


def space_of(ranges: RangeSettings) -> Space | None:
    """Return the space of all parameters; None where every one is switched off.

    Raises SettingsError for bounds, conditions and constraints that contradict each other.
    """
    own = [each.parameter for each in ranges.parameter]
    parameters: list[Parameter] = [*numbers_of(ranges).values(), *own]
    names = [each.name for each in parameters]
    for place, constraint in enumerate(ranges.constraint):
        for name in constraint.weights:
            if name not in names:
                raise SettingsError(
                    f"analytics.ranges.constraint[{place}].weights.{name}: there is no such "
                    f"parameter; known: {', '.join(names)}"
                )
    try:
        return Space(parameters, ranges.constraint) if parameters else None
    except SettingsError as error:
        raise SettingsError(f"analytics.ranges: {error}") from error


def numbers_of(ranges: RangeSettings) -> dict[str, FloatParameter | IntParameter]:
    """Return the parameters that are built in, by name, without those that are switched off."""
    found: dict[str, FloatParameter | IntParameter] = {}
    if ranges.temperature:
        found["temperature"] = FloatParameter(
            "temperature", ranges.temperature_low, ranges.temperature_high
        )
    if ranges.top_p:
        found["top_p"] = FloatParameter("top_p", ranges.top_p_low, ranges.top_p_high)
    if ranges.max_tokens:
        found["max_tokens"] = IntParameter(
            "max_tokens", ranges.max_tokens_low, ranges.max_tokens_high, is_log=True
        )
    return found


def goes_on(before: Space, after: Space) -> bool:
    """Tell whether `after` is `before` with other choices, so that what was learnt stays."""
    if len(before.parameters) != len(after.parameters) or before.constraints != after.constraints:
        return False
    return all(map(_goes_on, before.parameters, after.parameters))


def _goes_on(before: Parameter, after: Parameter) -> bool:
    if isinstance(before, ChoiceParameter) and isinstance(after, ChoiceParameter):
        return replace(before, choices=after.choices) == after
    return before == after
