"""The spaces of the search: one for each model, of what is built in and what the user describes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from engine.analytics.own_parameters import OwnParameter
from engine.analytics.space import ChoiceParameter, LinearConstraint, Parameter, Space
from engine.errors import SettingsError


class Spaces:
    """The spaces of models: the same object for those with the same parameters.

    numbers: what is built in. own: what the user describes, with constraints between all.
    Raises SettingsError for parameters and constraints that contradict each other.
    """

    def __init__(
        self,
        numbers: Iterable[Parameter],
        own: Sequence[OwnParameter] = (),
        constraints: Sequence[LinearConstraint] = (),
    ) -> None:
        self._own = {each.parameter.name: each for each in own}
        self._constraints = constraints
        self.whole = whole_space(numbers, own, constraints)
        """What any model may have; None where every parameter is switched off."""
        self._by_names: dict[tuple[str, ...], Space | None] = {}

    def of(self, model: str) -> Space | None:
        """Return the space for requests to `model`; None where it has no parameter."""
        if not self._own:
            return self.whole
        kept: list[Parameter] = []
        for each in () if self.whole is None else self.whole.parameters:
            is_there = each.name not in self._own or self._own[each.name].is_for(model)
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
        said = [each for each in self._constraints if names.issuperset(each.weights)]
        return Space(parameters, said) if parameters else None


def whole_space(
    numbers: Iterable[Parameter],
    own: Sequence[OwnParameter],
    constraints: Sequence[LinearConstraint],
) -> Space | None:
    """Return the space of all parameters; None where there are none.

    Raises SettingsError for bounds, conditions and constraints that contradict each other.
    """
    parameters = [*numbers, *(each.parameter for each in own)]
    names = [each.name for each in parameters]
    for place, constraint in enumerate(constraints):
        for name in constraint.weights:
            if name not in names:
                raise SettingsError(
                    f"analytics.ranges.constraint[{place}].weights.{name}: there is no such "
                    f"parameter; known: {', '.join(names)}"
                )
    try:
        return Space(parameters, constraints) if parameters else None
    except SettingsError as error:
        raise SettingsError(f"analytics.ranges: {error}") from error


def goes_on(before: Space, after: Space) -> bool:
    """Tell whether `after` is `before` with other choices, so that what was learnt stays."""
    if len(before.parameters) != len(after.parameters) or before.constraints != after.constraints:
        return False
    return all(map(_goes_on, before.parameters, after.parameters))


def _goes_on(before: Parameter, after: Parameter) -> bool:
    if isinstance(before, ChoiceParameter) and isinstance(after, ChoiceParameter):
        return replace(before, choices=after.choices) == after
    return before == after
