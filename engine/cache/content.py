"""What a value is: a payload, its kind, and its times. In both tiers and in frames alike."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, TypeVar

import msgspec

from engine.errors import Damaged

T = TypeVar("T")

_RAW = (bytes, bytearray, memoryview)
"""Bytes are kept as they are: text that is asked for as bytes is no Base64 of them."""


class Kind(IntEnum):
    """What the payload is."""

    BYTES = 0
    TEXT = 1
    """UTF-8."""
    OBJECT = 2
    """msgpack."""
    NEGATIVE = 3
    """There is nothing, as UTF-8 text says; asking again soon is no use."""
    REMOVED = 4
    """It was removed; what is older must not come back."""


# A Struct is made in a tenth of the time of a frozen dataclass, and one is made with every get.
class Content(msgspec.Struct, frozen=True):
    """What a value is in both tiers. Times are unix milliseconds."""

    payload: bytes
    kind: Kind
    written_ms: int
    fresh_until_ms: int
    """From then on a new one is made, while this one may still be used."""
    expires_ms: int
    """From then on it is used only where a new one cannot be made."""
    ends_ms: int
    """From then on it is gone."""
    cost_ms: int = 0
    """How long making it took."""


def pack(value: object) -> tuple[Kind, bytes]:
    """Return `value` as a kind and bytes.

    Takes bytes, text and whatever msgspec can write as msgpack: numbers, lists, mappings, structs,
    dataclasses, dates. Raises TypeError for anything else, with the type's name.
    """
    if isinstance(value, bytes | bytearray | memoryview):
        return Kind.BYTES, bytes(value)
    if isinstance(value, str):
        return Kind.TEXT, value.encode("utf-8", "surrogatepass")
    try:
        return Kind.OBJECT, msgspec.msgpack.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise TypeError(
            f"a {type(value).__name__} cannot be kept: {error}; give bytes, text, numbers, lists, "
            "mappings or dataclasses of those"
        ) from error


def unpack(content: Content, kind: type[T] | Any = Any) -> T:
    """Return the value of `content` as a `kind`. Raises Damaged where it is none."""
    payload = content.payload
    try:
        if content.kind is Kind.OBJECT:
            made: T = msgspec.msgpack.decode(payload, type=kind)
            return made
        if content.kind in (Kind.NEGATIVE, Kind.REMOVED):
            raise Damaged("a negative entry has no value: ask for its kind first")
        value: Any = payload if content.kind is Kind.BYTES else _text(payload)
        converted: T = value if kind is Any else msgspec.convert(value, kind, builtin_types=_RAW)
        return converted
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        wanted = getattr(kind, "__name__", str(kind))
        raise Damaged(
            f"a cached value is no {wanted}: {error}; remove it or ask for Any"
        ) from error


def _text(payload: bytes) -> str:
    return payload.decode("utf-8", "surrogatepass")
