"""Values as bytes, and back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from engine.cache.content import Content, Kind, pack, unpack
from engine.errors import Damaged


def content(payload: bytes, kind: Kind = Kind.BYTES) -> Content:
    """Return what a value of `payload` may look like."""
    return Content(payload, kind, 1_700_000_000_000, 2**40, 2**41, 2**42, cost_ms=250)


@dataclass
class Turn:
    """A turn of a chat."""

    role: str
    at: datetime
    scores: list[float]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (b"\x00\xff", Kind.BYTES),
        ("grüße \ud800", Kind.TEXT),
        (None, Kind.OBJECT),
        (7, Kind.OBJECT),
        ({"a": [1, 2.5, None, True], "b": {"c": b"raw"}}, Kind.OBJECT),
    ],
)
def test_plain_values_come_back_as_they_were(value: object, kind: Kind):
    """Bytes, text and objects are told apart and survive."""
    found, payload = pack(value)
    assert found is kind
    back: object = unpack(content(payload, found))
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize("value", [bytearray(b"abc"), memoryview(b"abc")])
def test_views_of_bytes_are_bytes(value: object):
    """Other forms of bytes are copied."""
    assert pack(value) == (Kind.BYTES, b"abc")


def test_typed_values_come_back_typed():
    """Who asks for a type gets it."""
    turn = Turn("user", datetime(2026, 3, 1, tzinfo=UTC), [0.5])
    kind, payload = pack(turn)
    assert unpack(content(payload, kind), Turn) == turn
    assert unpack(content(b"abc"), bytearray) == bytearray(b"abc")


def test_what_cannot_be_kept_is_named():
    """A TypeError says which type it was, also for what is too large or contains itself."""
    circle: list[object] = []
    circle.append(circle)
    for value, name in ((object(), "object"), (2**70, "int"), (circle, "list"), ({1j}, "set")):
        with pytest.raises(TypeError, match=name):
            pack(value)


@pytest.mark.parametrize(
    ("payload", "kind", "wanted"),
    [
        (b"\xc1", Kind.OBJECT, Any),
        (msgspec.msgpack.encode([1, 2]), Kind.OBJECT, Turn),
        (b"\x91" * 100_000, Kind.OBJECT, Any),
        (b"\xdd\xff\xff\xff\xff", Kind.OBJECT, Any),
        (b"\xff", Kind.TEXT, Any),
        (b"text", Kind.TEXT, int),
        (b"bytes", Kind.BYTES, str),
        (b"no such model", Kind.NEGATIVE, Any),
        (b"", Kind.REMOVED, Any),
    ],
)
def test_a_value_that_does_not_fit_is_damaged(payload: bytes, kind: Kind, wanted: Any):
    """Whatever is wrong with a value, the caller hears one error."""
    with pytest.raises(Damaged):
        unpack(content(payload, kind), wanted)
