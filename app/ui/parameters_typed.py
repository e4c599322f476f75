"""Values of parameters as people type them, and back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from engine.analytics.snapshot import ParameterRange, StudyView, Value
from engine.decimals import decimals

WHOLE = re.compile(r"[+-]?\d{1,15}")
FLAGS = {"true": True, "false": False}
PART = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[^,"]*)\s*(?:,|$)')
ESCAPED = re.compile(r"\\(.)")
DIGITS = 12


def value_in(text: str) -> Value | None:
    """Return what was typed: a number, true or false, else a text; None where nothing was.

    In double quotes everything is a text.
    """
    text = text.strip()
    if not text:
        return None
    if len(text) > 1 and text[0] == text[-1] == '"':
        return ESCAPED.sub(r"\1", text[1:-1])
    if text.lower() in FLAGS:
        return FLAGS[text.lower()]
    if WHOLE.fullmatch(text):
        return int(text)
    number = number_in(text)
    return text if number is None else number


def number_in(text: str) -> float | None:
    """Return the number that `text` is; None where it is none that is finite."""
    try:
        found = float(text.strip())
    except ValueError:
        return None
    return found if abs(found) < float("inf") else None


def text_of(value: Value) -> str:
    """Return `value` so that `value_in` finds it again."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return decimals(value, DIGITS)
    if isinstance(value, int):
        return str(value)
    is_plain = value_in(value) == value and value == value.strip() and not set(',"=') & set(value)
    if is_plain and value:
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def values_in(text: str) -> tuple[Value, ...]:
    """Return the values of `text`, with commas between; empty parts are left out."""
    found = (value_in(part) for part in parts_in(text))
    return tuple(each for each in found if each is not None)


def values_text(values: Iterable[Value]) -> str:
    """Return `values` so that `values_in` finds them again."""
    return ", ".join(map(text_of, values))


def parts_in(text: str) -> tuple[str, ...]:
    """Return what stands between commas, those in quotes aside."""
    parts, at = [], 0
    while at < len(text):
        found = PART.match(text, at)
        if found is None:  # a quote that does not end
            parts.append(text[at:].strip())
            break
        parts.append(found.group(1).strip())
        at = found.end()
    return tuple(each for each in parts if each)


def pairs_in(text: str) -> dict[str, Value]:
    """Return "top_k = 40, min_p = 0.1" as values by name. Raises ValueError with what is wrong."""
    found: dict[str, Value] = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, sign, typed = part.partition("=")
        value = value_in(typed)
        if not sign or not name.strip() or value is None:
            raise ValueError(f"{part}: write it as name = value")
        found[name.strip()] = value
    return found


def pairs_text(values: Iterable[tuple[str, Value]]) -> str:
    """Return values by name so that `pairs_in` finds them again."""
    return ", ".join(f"{name} = {text_of(value)}" for name, value in values)


def either(texts: Sequence[str]) -> str:
    """Return "low, medium or high"."""
    *first, last = texts
    return f"{', '.join(first)} or {last}" if first else last


def range_text(found: ParameterRange) -> str:
    """Return from where to where a parameter goes, or what it may be."""
    if found.kind == "choice":
        return either([text_of(each) for each in found.choices])
    low, high = decimals(found.low, 6), decimals(found.high, 6)
    if low == high:
        return f"tried: {low}"
    return f"{low} to {high}{', whole' if found.kind == 'int' else ''}"


def asked_parameters(study: StudyView) -> tuple[ParameterRange, ...]:
    """Return what may be asked about: the parameters of the settings, and others that arms have."""
    known = {each.name for each in study.parameters}
    more: dict[str, list[Value]] = {}
    for arm in study.arms:
        for name, value in arm.values.items():
            if name not in known and value not in more.setdefault(name, []):
                more[name].append(value)
    return (*study.parameters, *(_range(name, values) for name, values in more.items()))


def _range(name: str, values: Sequence[Value]) -> ParameterRange:
    numbers = [float(each) for each in values if not isinstance(each, str | bool)]
    if len(numbers) < len(values):
        return ParameterRange(name, "choice", choices=tuple(values))
    return ParameterRange(name, "float", min(numbers), max(numbers))
