"""Reading what clients send, which may be anything: a wrong value is told by its place and type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.gateway.asking import Malformed

JsonObject = dict[str, Any]

KINDS = {
    type(None): "null",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "a list",
    dict: "an object",
}


def wrong(param: str, value: Any, wanted: str) -> Malformed:
    """Return the error that says what `param` must be instead of `value`."""
    kind = KINDS.get(type(value), "that")
    return Malformed(f"'{param}' must be {wanted}, not {kind}", param=param, code="invalid_type")


def text(value: Any, param: str) -> str:
    """Return `value`. Raises Malformed where it is no string."""
    if not isinstance(value, str):
        raise wrong(param, value, "a string")
    return value


def whole(value: Any, param: str) -> int:
    """Return `value`. Raises Malformed where it is no whole number."""
    if type(value) is not int:
        raise wrong(param, value, "a whole number")
    return value


def entries(value: Any, param: str) -> list[Any]:
    """Return `value`. Raises Malformed where it is no list."""
    if not isinstance(value, list):
        raise wrong(param, value, "a list")
    return value


def entry(value: Any, param: str) -> JsonObject:
    """Return `value`. Raises Malformed where it is no object."""
    if not isinstance(value, dict):
        raise wrong(param, value, "an object")
    return value


def required(body: Mapping[str, Any], name: str, param: str = "") -> Any:
    """Return the field `name`. Raises Malformed where it is not there."""
    if body.get(name) is None:
        param = param or name
        raise Malformed(f"'{param}' is required", param=param, code="missing_required_parameter")
    return body[name]
