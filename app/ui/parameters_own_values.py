"""What is typed of the user's own parameters and limits: as entries of settings, and in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.ui.parameters_typed import either, number_in, parts_in, text_of, values_in, values_text
from engine.analytics.own_parameters import (
    BUILT_IN,
    FORBIDDEN,
    NAME,
    OwnParameter,
    own_constraints,
    own_parameters,
)
from engine.analytics.parameters import ChoiceParameter, FloatParameter, LinearConstraint, is_same
from engine.analytics.settings import RangeSettings
from engine.analytics.snapshot import ParameterRange
from engine.decimals import decimals
from engine.errors import SettingsError

PARAMETER, CONSTRAINT = "analytics.ranges.parameter", "analytics.ranges.constraint"
ANY, WHOLE, CHOICE = "float", "int", "choice"
AT_KEY = re.compile(r"analytics\.ranges\.\w+\[\d+\](?:\.(\w+)(?:\.\w+)*)?(?: = .*?)?: (.*)", re.S)
Entries = list[dict[str, Any]]
Problems = dict[str, str]
"""What is wrong, by field; "" for the whole."""
READ: Mapping[str, Callable[[str, Any], Any]] = {
    PARAMETER: own_parameters,
    CONSTRAINT: own_constraints,
}


@dataclass(frozen=True, slots=True)
class TypedParameter:
    """The texts of the form."""

    name: str = ""
    kind: str = ANY
    low: str = ""
    high: str = ""
    is_log: bool = False
    choices: str = ""
    models: str = ""
    parent: str = ""
    """The parameter on which it depends; "" for none."""
    parent_values: str = ""


def typed_from(own: OwnParameter) -> TypedParameter:
    """Return what the form shows of a parameter."""
    found, condition = own.parameter, own.parameter.only_if
    typed = TypedParameter(
        name=found.name,
        models=", ".join(own.models),
        parent="" if condition is None else condition.parameter,
        parent_values="" if condition is None else values_text(sorted(condition.values, key=str)),
    )
    if isinstance(found, ChoiceParameter):
        return replace(typed, kind=CHOICE, choices=values_text(found.choices))
    kind = ANY if isinstance(found, FloatParameter) else WHOLE
    low, high = decimals(found.low, 12), decimals(found.high, 12)
    return replace(typed, kind=kind, low=low, high=high, is_log=found.is_log)


def problems_of(
    typed: TypedParameter, taken: Collection[str], parents: Iterable[OwnParameter]
) -> Problems:
    """Return what cannot be, by field; taken: names of others; parents: those that stand before."""
    found = {"name": _name_problem(typed.name.strip(), taken)}
    if typed.kind == CHOICE:
        found["choices"] = _choices_problem(typed.choices)
    else:
        found["low"] = _bounds_problem(typed)
    parent = next((e.parameter for e in parents if e.parameter.name == typed.parent), None)
    if parent is not None:
        values = values_in(typed.parent_values)
        wrong = [each for each in values if parent.refusal(each)]
        what = [text_of(each) for each in parent.choices] if isinstance(
            parent, ChoiceParameter) else [f"{parent.low:g} to {parent.high:g}"]  # fmt: skip
        if not values:
            found["parent_values"] = f"Say at which values: {', '.join(what)}"
        elif wrong:
            found["parent_values"] = f"{text_of(wrong[0])} is none of {', '.join(what)}"
    return {field: text for field, text in found.items() if text}


def entry_from(typed: TypedParameter) -> dict[str, Any]:
    """Return the entry of what was typed; only where `problems_of` finds nothing wrong."""
    entry: dict[str, Any] = {"name": typed.name.strip()}
    if typed.kind == CHOICE:
        entry["choices"] = list(values_in(typed.choices))
    else:
        kind = float if typed.kind == ANY else int
        for field, text in (("low", typed.low), ("high", typed.high)):
            entry[field] = kind(float(text))
        if typed.is_log:
            entry["is_log"] = True
    if models := [each.strip('"') for each in parts_in(typed.models)]:
        entry["models"] = models
    if typed.parent:
        values = list(values_in(typed.parent_values))
        entry["only_if"] = {"parameter": typed.parent, "values": values}
    return entry


def engine_problems(ranges: RangeSettings, key: str, entries: Entries) -> Problems:
    """Return what the engine would say against `entries` under `key`, by field; empty for fine."""
    try:
        replace(ranges, **{key.rpartition(".")[2]: READ[key](key, entries)})
    except SettingsError as error:
        return told_at(str(error))
    return {}


def told_at(text: str) -> Problems:
    """Return what the engine says, at the field that it names; at "" where it names none."""
    found = AT_KEY.search(text)
    if found is None:
        return {"": text.rpartition("analytics.ranges: ")[2]}
    field, what = found.groups()
    field = {"only_if": "parent_values", "high": "low", "is_log": "low"}.get(field, field)
    return {field or "": what[:1].upper() + what[1:]}


def needed_by(ranges: RangeSettings, name: str) -> str:
    """Return what cannot do without the parameter `name`, and what to do; "" where all can."""
    for each in ranges.parameter:
        condition = each.parameter.only_if
        if condition is not None and condition.parameter == name:
            return f"{each.parameter.name} counts only with {name}: change or remove it first"
    for limit in ranges.constraint:
        if name in limit.weights:
            return f"The limit {constraint_words(limit)} needs {name}: change or remove it first"
    return ""


def parents_for(ranges: RangeSettings, place: int) -> list[OwnParameter]:
    """Return the own parameters on which the one at `place` may depend."""
    return [e for e in ranges.parameter[:place] if not isinstance(e.parameter, FloatParameter)]


def numbers_for(ranges: RangeSettings) -> tuple[ParameterRange, ...]:
    """Return the numbers between which there may be limits."""
    own = [each.parameter for each in ranges.parameter if each.parameter.only_if is None]
    return tuple(
        ParameterRange(each.name, "float", float(each.low), float(each.high))
        for each in (*ranges.numbers().values(), *own)
        if not isinstance(each, ChoiceParameter)
    )


def parameter_words(own: OwnParameter) -> str:
    """Return what a parameter may be, and when it counts."""
    found, condition = own.parameter, own.parameter.only_if
    if isinstance(found, ChoiceParameter):
        words = [either([text_of(each) for each in found.choices])]
    else:
        kind = "any number" if isinstance(found, FloatParameter) else "whole"
        low, high = decimals(found.low, 6), decimals(found.high, 6)
        words = [f"{low} to {high}, {kind}{', by its logarithm' if found.is_log else ''}"]
    if condition is not None:
        values = either(sorted(map(text_of, condition.values)))
        words.append(f"only while {condition.parameter} is {values}")
    if own.models:
        words.append(f"only for {either(own.models)}")
    return " \N{MIDDLE DOT} ".join(words)


def constraint_words(constraint: LinearConstraint) -> str:
    """Return a limit as a formula, such as "temperature + 2 min_p at most 1.5"."""
    text = ""
    for name, weight in constraint.weights.items():
        sign = " + " if weight >= 0 else " \N{MINUS SIGN} "
        text += sign if text else sign.strip().replace("+", "")
        text += name if abs(weight) == 1 else f"{decimals(abs(weight), 6)} {name}"
    return f"{text} \N{LESS-THAN OR EQUAL TO} {decimals(constraint.at_most, 6)}"


def _name_problem(name: str, taken: Collection[str]) -> str:
    if not name:
        return "Give it the name that it has in requests"
    if name in BUILT_IN:
        return f"{name} is built in: its bounds stand above"
    if name in FORBIDDEN:
        return f"{name} is a field of requests, and no parameter"
    if not NAME.fullmatch(name):
        return "Letters, digits and _ only, at most 60, no digit first"
    return f"There is one called {name} already" if name in taken else ""


def _bounds_problem(typed: TypedParameter) -> str:
    low, high = number_in(typed.low), number_in(typed.high)
    if low is None or high is None:
        return "Two numbers are needed, the lowest and the highest"
    if typed.kind == WHOLE and (low % 1 or high % 1):
        return "Whole numbers are needed"
    if low > high:
        return "The lowest is above the highest: exchange them"
    if typed.is_log and low <= 0:
        return "A logarithm needs a lowest value above 0"
    return ""


def _choices_problem(text: str) -> str:
    found: Sequence[Any] = values_in(text)
    if not found:
        return "Name at least one value"
    for place, each in enumerate(found):
        if any(is_same(each, other) for other in found[:place]):
            return f"{text_of(each)} is there twice"
    return ""
