"""Which parameters are chosen: the space of the search, and the arms to begin with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import ceil, floor

from engine.analytics.observations import AS_CAME, kept
from engine.analytics.own_parameters import FORBIDDEN
from engine.analytics.settings import RangeSettings
from engine.analytics.snapshot import ParameterRange, Value, Values
from engine.analytics.space import (
    ChoiceParameter,
    IntParameter,
    Parameter,
    Space,
)
from engine.analytics.spaces import Spaces
from engine.errors import Rejected, SettingsError

MOST_ARMS = 32
LONGEST_NAME = 60
PRESETS: tuple[tuple[str, Mapping[str, float]], ...] = (
    ("precise", {"temperature": 0.2, "top_p": 0.9}),
    ("balanced", {"temperature": 0.7, "top_p": 0.95}),
    ("free", {"temperature": 1.0, "top_p": 1.0}),
)
"""What people usually choose between. None has temperature 0: such answers come from the cache,
and a client that did not ask for that must not get the same words again."""


@dataclass(frozen=True, slots=True)
class Arm:
    """A named choice of parameters."""

    name: str
    values: Values = field(default_factory=dict)
    """Empty leaves the request as it came."""
    is_own: bool = False
    """Somebody has added it."""


def starting_arms(ranges: RangeSettings) -> tuple[Arm, ...]:
    """Return the arms of a new study: the request as it came, and the presets in the ranges."""
    bounds = ranges.numbers()
    arms = [Arm(AS_CAME)]
    for name, preset in PRESETS:
        values: dict[str, Value] = {
            key: min(bounds[key].high, max(bounds[key].low, value))
            for key, value in preset.items()
            if key in bounds
        }
        if all(values != dict(each.values) for each in arms):
            arms.append(Arm(name, values))
    return tuple(arms)


def checked_arm(name: str, values: Values) -> Arm:
    """Return an arm that somebody adds. Raises Rejected, which names what is wrong with it."""
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise Rejected(
            f"arm {name[:LONGEST_NAME]!r}: give it a name of at most {LONGEST_NAME} letters",
            param="name",
        )
    for key, value in values.items():
        if key in FORBIDDEN:
            raise Rejected(f"arm {name}: {key} is no parameter: leave it out", param=key)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and not -1e300 <= value <= 1e300:  # type: ignore[operator]
            raise Rejected(f"arm {name}: {key} = {value}: give a finite number", param=key)
    return Arm(name.strip(), {key: kept(value) for key, value in values.items()}, is_own=True)


def spaces_of(ranges: RangeSettings) -> Spaces:
    """Return the spaces of all models. Raises SettingsError for what contradicts itself."""
    return Spaces(ranges.numbers().values(), ranges.parameter, ranges.constraint)


def space_of(ranges: RangeSettings) -> Space | None:
    """Return the space of all parameters; None where every one is switched off.

    Raises SettingsError for bounds that contradict each other.
    """
    return spaces_of(ranges).whole


def checked_ranges(ranges: RangeSettings) -> RangeSettings:
    """Return `ranges`, whose bounds are in order. Raises SettingsError naming the keys."""
    for name in ("temperature", "top_p", "max_tokens"):
        low, high = getattr(ranges, f"{name}_low"), getattr(ranges, f"{name}_high")
        if low > high:
            raise SettingsError(
                f"analytics.ranges.{name}_low = {low} is above {name}_high = {high}: exchange them"
            )
    return ranges


def with_bounds(space: Space, bounds: Mapping[str, tuple[float, float]]) -> Space:
    """Return `space` with narrower numbers. Raises Rejected where a bound lies outside of it."""
    parameters: list[Parameter] = []
    for each in space.parameters:
        if each.name not in bounds or isinstance(each, ChoiceParameter):
            parameters.append(each)
            continue
        low, high = bounds[each.name]
        low, high = max(low, each.low), min(high, each.high)
        if isinstance(each, IntParameter):
            low, high = ceil(low), floor(high)
        if low > high:
            raise Rejected(
                f"constraint {each.name}: nothing from {bounds[each.name][0]:g} to "
                f"{bounds[each.name][1]:g} is within the {each.low:g} to {each.high:g} of the "
                "settings: widen one of them",
                param=f"constraints.{each.name}",
                code="invalid_constraint",
            )
        if isinstance(each, IntParameter):
            parameters.append(replace(each, low=int(low), high=int(high)))
        else:
            parameters.append(replace(each, low=low, high=high))
    return Space(parameters, space.constraints)


def described(space: Space | None) -> tuple[ParameterRange, ...]:
    """Return the parameters of `space` as the world may see them."""
    found = []
    for each in () if space is None else space.parameters:
        if isinstance(each, ChoiceParameter):
            found.append(ParameterRange(each.name, "choice", choices=each.choices))
        else:
            kind = "int" if isinstance(each, IntParameter) else "float"
            found.append(
                ParameterRange(
                    each.name,
                    "int" if kind == "int" else "float",
                    float(each.low),
                    float(each.high),
                    each.is_log,
                )
            )
    return tuple(found)
