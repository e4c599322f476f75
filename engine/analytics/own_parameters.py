"""Parameters that the user describes, as `[[analytics.ranges.parameter]]` in the settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from engine.analytics.parameters import (
    ChoiceParameter,
    Condition,
    FloatParameter,
    IntParameter,
    LinearConstraint,
    Parameter,
    Value,
)
from engine.errors import SettingsError

FORBIDDEN = frozenset(
    {"model", "messages", "prompt", "stream", "stream_options", "input", "tools", "user"}
)
"""Fields of a request that are no parameters."""
BUILT_IN = ("temperature", "top_p", "max_tokens")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,59}")
MOST_CHOICES = 64
LONGEST_CHOICE = 200
KEYS = frozenset({"name", "low", "high", "is_log", "choices", "models", "only_if"})


@dataclass(frozen=True, slots=True)
class OwnParameter:
    """A parameter that somebody has described. models: patterns, such as "gpt-5*"; () for all."""

    parameter: Parameter
    models: tuple[str, ...] = ()

    def is_for(self, model: str) -> bool:
        """Tell whether requests to `model` may have it."""
        name = model.lower()
        return not self.models or any(fnmatchcase(name, each.lower()) for each in self.models)


def own_parameters(name: str, value: Any) -> tuple[OwnParameter, ...]:
    """Return what `[[name]]` describes. Raises SettingsError naming the key that is wrong."""
    found = [_own_parameter(at, entry) for at, entry in _entries(name, value)]
    names = [each.parameter.name for each in found]
    for place, each in enumerate(names):
        if each in names[:place]:
            raise SettingsError(f"{name}[{place}].name = {each!r}: there is one already: rename it")
    return tuple(found)


def entry_of(own: OwnParameter) -> dict[str, Any]:
    """Return what `own_parameters` reads as `own`, without what goes without saying."""
    found = own.parameter
    entry: dict[str, Any] = {"name": found.name}
    if isinstance(found, ChoiceParameter):
        entry["choices"] = list(found.choices)
    else:
        entry |= {"low": found.low, "high": found.high}
        if found.is_log:
            entry["is_log"] = True
    if own.models:
        entry["models"] = list(own.models)
    if found.only_if is not None:
        values = sorted(found.only_if.values, key=lambda each: (str(type(each)), each))
        entry["only_if"] = {"parameter": found.only_if.parameter, "values": values}
    return entry


def constraint_entry(constraint: LinearConstraint) -> dict[str, Any]:
    """Return what `own_constraints` reads as `constraint`; whole numbers without a point."""
    weights = {name: _shortest(weight) for name, weight in constraint.weights.items()}
    return {"weights": weights, "at_most": _shortest(constraint.at_most)}


def own_constraints(name: str, value: Any) -> tuple[LinearConstraint, ...]:
    """Return what `[[name]]` describes. Raises SettingsError naming the key that is wrong."""
    found = []
    for at, entry in _entries(name, value):
        _check_keys(at, entry, frozenset({"weights", "at_most"}))
        weights, most = entry.get("weights"), entry.get("at_most")
        if (
            not isinstance(weights, Mapping)
            or not weights
            or not all(map(_is_number, weights.values()))
        ):
            raise _wrong(f"{at}.weights", weights, "must be numbers by names of parameters")
        if not isinstance(most, int | float) or not _is_number(most):
            raise _wrong(f"{at}.at_most", most, "must be a finite number")
        found.append(LinearConstraint({n: float(w) for n, w in weights.items()}, float(most)))
    return tuple(found)


def _own_parameter(at: str, entry: Mapping[str, Any]) -> OwnParameter:
    _check_keys(at, entry, KEYS)
    name = entry.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name) or name in FORBIDDEN:
        raise _wrong(f"{at}.name", name, "must be the name of a parameter of requests")
    if name in BUILT_IN:
        raise _wrong(f"{at}.name", name, f"is there already: see analytics.ranges.{name}_low")
    condition = _condition(f"{at}.only_if", entry.get("only_if"))
    if ("choices" in entry) == ("low" in entry or "high" in entry):
        raise SettingsError(f"{at} ({name}): give it choices, or low and high")
    try:
        if "choices" in entry:
            if "is_log" in entry:
                raise _wrong(f"{at}.is_log", entry["is_log"], "choices have none: leave it out")
            choices = _values(f"{at}.choices", entry["choices"])
            parameter: Parameter = ChoiceParameter(name, choices, condition)
        else:
            parameter = _number(at, name, entry, condition)
    except SettingsError as error:
        raise error if str(error).startswith(at) else SettingsError(f"{at}: {error}") from error
    return OwnParameter(parameter, _models(f"{at}.models", entry.get("models", [])))


def _number(
    at: str, name: str, entry: Mapping[str, Any], condition: Condition | None
) -> FloatParameter | IntParameter:
    """Return a whole number where both bounds are written as such, else any number."""
    low, high, is_log = entry.get("low"), entry.get("high"), entry.get("is_log", False)
    for key, bound in (("low", low), ("high", high)):
        if not _is_number(bound):
            raise _wrong(f"{at}.{key}", bound, "must be a finite number")
    if not isinstance(is_log, bool):
        raise _wrong(f"{at}.is_log", is_log, "must be true or false")
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    if isinstance(low, int) and isinstance(high, int):
        return IntParameter(name, low, high, is_log, condition)
    return FloatParameter(name, float(low), float(high), is_log, condition)


def _condition(at: str, value: Any) -> Condition | None:
    if value is None:
        return None
    if not isinstance(value, Mapping) or set(value) != {"parameter", "values"}:
        raise _wrong(at, value, 'must be { parameter = "...", values = [...] }')
    if not isinstance(value["parameter"], str):
        raise _wrong(f"{at}.parameter", value["parameter"], "must be a name in quotes")
    return Condition(value["parameter"], frozenset(_values(f"{at}.values", value["values"])))


def _values(at: str, value: Any) -> tuple[Value, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= MOST_CHOICES:
        raise _wrong(at, value, f"must be a list of 1 to {MOST_CHOICES} values")
    for each in value:
        is_text = isinstance(each, str) and len(each) <= LONGEST_CHOICE
        if not (is_text or isinstance(each, bool) or _is_number(each)):
            raise _wrong(at, each, "must be short texts, finite numbers, true or false")
    return tuple(value)


def _models(at: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
        raise _wrong(at, value, 'must be a list of names or patterns, such as ["gpt-5*"]')
    return tuple(value)


def _entries(name: str, value: Any) -> list[tuple[str, Mapping[str, Any]]]:
    is_list = isinstance(value, list) and all(isinstance(each, Mapping) for each in value)
    if not is_list:
        raise SettingsError(f"{name}: write each as a group of its own, under [[{name}]]")
    return [(f"{name}[{place}]", each) for place, each in enumerate(value)]


def _check_keys(at: str, entry: Mapping[str, Any], known: frozenset[str]) -> None:
    for key in entry:
        if key not in known:
            raise SettingsError(
                f"{at}.{key}: there is no such setting; known here: {', '.join(sorted(known))}"
            )


def _shortest(number: float) -> float | int:
    return int(number) if number == int(number) else number


def _is_number(value: object) -> bool:
    is_one = isinstance(value, int | float) and not isinstance(value, bool)
    return is_one and -1e15 <= value <= 1e15  # type: ignore[operator]


def _wrong(key: str, value: object, remedy: str) -> SettingsError:
    return SettingsError(f"{key} = {value!r}: {remedy}")
