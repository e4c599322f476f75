"""What somebody wants of parameters: limits for latency and cost, and bounds of their values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite

from engine.analytics.snapshot import Value, Values
from engine.errors import Rejected

MAX_LATENCY, MAX_COST = "max_latency", "max_cost"


@dataclass(frozen=True, slots=True)
class Bound:
    """What one parameter may be: from `low` to `high`, or one of `choices` where there are any.

    Nothing where `low` is above `high`: it stays open.
    """

    low: float = 0.0
    high: float = 0.0
    choices: tuple[Value, ...] = ()
    is_required: bool = True
    """Whether leaving the parameter to the server is out, too."""

    def allows(self, value: Value) -> bool:
        """Tell whether `value` may be used."""
        if self.choices:
            return any(each == value and _is_bool(each) == _is_bool(value) for each in self.choices)
        if isinstance(value, str | bool):
            return False
        return self.low <= value <= self.high

    @property
    def words(self) -> str:
        """What it must be, such as "from 0.1 to 0.5"."""
        if self.choices:
            return f"one of {', '.join(map(str, self.choices))}"
        if self.low > self.high:
            return "known to this kind of request"
        return f"from {self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one suggestion; 0 and "no bound" mean none."""

    max_latency_ms: float = 0.0
    """For 95 of 100 answers."""
    max_cost_usd: float = 0.0
    """On average."""
    bounds: Mapping[str, Bound] = field(default_factory=dict)

    def refusal(self, values: Values) -> str:
        """Return why `values` are out of the bounds; "" where they are not.

        A parameter that is left open is the server's choice, and keeps no bound that is required.
        """
        for name, bound in self.bounds.items():
            if name not in values:
                if not bound.is_required:
                    continue
                return f"leaves {name} open, which must be {bound.words}"
            if not bound.allows(values[name]):
                return f"{name} {values[name]} is not {bound.words}"
        return ""

    def tightened(self, max_latency_ms: float, max_cost_usd: float) -> Limits:
        """Return these limits, and those of the settings where they are tighter."""
        return Limits(
            _tighter(self.max_latency_ms, max_latency_ms),
            _tighter(self.max_cost_usd, max_cost_usd),
            self.bounds,
        )


def limits_from(constraints: Mapping[str, object] | None) -> Limits:
    """Return what `constraints` mean.

    Keys are "max_latency" (ms), "max_cost" (USD) and names of parameters, with a value, a pair
    (low, high), {"low": ..., "high": ...} or {"choices": [...]}. Raises Rejected, which names the
    key, its value and what it may be.
    """
    given = dict(constraints or {})
    latency_ms = _positive(MAX_LATENCY, given.pop(MAX_LATENCY, None), "milliseconds")
    cost_usd = _positive(MAX_COST, given.pop(MAX_COST, None), "US dollars")
    bounds = {name: _bound(name, wanted) for name, wanted in given.items() if wanted is not None}
    return Limits(latency_ms, cost_usd, bounds)


def _bound(name: str, wanted: object) -> Bound:
    if isinstance(wanted, Mapping):
        if set(wanted) == {"choices"} and isinstance(wanted["choices"], list | tuple):
            return _one_of(name, tuple(wanted["choices"]))
        if wanted and set(wanted) <= {"low", "high"}:
            return _between(name, wanted.get("low", -1e300), wanted.get("high", 1e300))
    elif isinstance(wanted, list | tuple) and len(wanted) == 2:
        return _between(name, *wanted)
    elif isinstance(wanted, str | bool):
        return Bound(choices=(wanted,))
    elif isinstance(wanted, int | float):
        return _between(name, wanted, wanted)
    raise _wrong(name, wanted, 'give a value, (low, high) or {"choices": [...]}')


def _one_of(name: str, choices: tuple[object, ...]) -> Bound:
    plain = tuple(each for each in choices if isinstance(each, str | bool | int | float))
    if not plain or len(plain) != len(choices):
        raise _wrong(name, choices, "give at least one choice: texts, numbers, true or false")
    return Bound(choices=plain)


def _between(name: str, low: object, high: object) -> Bound:
    if not _is_number(low) or not _is_number(high):
        raise _wrong(name, (low, high), "give two finite numbers")
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    if low > high:
        raise _wrong(name, (low, high), "the lower bound is above the upper: exchange them")
    return Bound(float(low), float(high))


def _positive(name: str, value: object, unit: str) -> float:
    if value is None:
        return 0.0
    if not _is_number(value) or not isinstance(value, int | float) or value <= 0:
        raise _wrong(name, value, f"give {unit} above 0, or leave it out")
    return float(value)


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -1e300 <= value <= 1e300 and isfinite(value)


def _is_bool(value: Value) -> bool:
    return isinstance(value, bool)


def _tighter(one: float, other: float) -> float:
    known = [each for each in (one, other) if each > 0]
    return min(known, default=0.0)


def _wrong(name: str, value: object, remedy: str) -> Rejected:
    return Rejected(
        f"constraint {name} = {value!r}: {remedy}",
        param=f"constraints.{name}",
        code="invalid_constraint",
    )
