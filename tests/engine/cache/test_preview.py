"""Stored values for people: whatever is stored, something readable comes of it."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cache.codec import Codec
from engine.cache.content import Content, Kind, pack
from engine.cache.dictionary import shipped_dictionary
from engine.cache.preview import (
    hex_dump,
    preview_content,
    preview_frame,
    preview_missing,
    show,
)

MIB = 1024 * 1024
CODEC = Codec(dictionary=shipped_dictionary(), largest_bytes=MIB)
NOW_MS = 1_772_366_400_000


def content(payload: bytes, kind: Kind, *, ttl_ms: int = 60_000) -> Content:
    """Return a value written now."""
    ends_ms = NOW_MS + ttl_ms
    return Content(payload, kind, NOW_MS, ends_ms, ends_ms, ends_ms)


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        ({"größe": [1, 2.5, None]}, "json", '{\n  "größe": [\n    1,\n    2.5,\n    null\n  ]\n}'),
        ('{"b":1, "a": 12345678901234567890.10}', "json",
         '{\n  "b": 1,\n  "a": 12345678901234567890.10\n}'),
        (b' [true]', "json", "[\n  true\n]"),
        (7, "json", "7"),
        ("[draft] Grüße", "text", "[draft] Grüße"),
        ("a\x00b", "text", "a\ufffdb"),
        (b"line\n\tline", "text", "line\n\tline"),
        ("", "text", ""),
        (b"\x89PNG\r\n\x1a\n", "binary",
         "00000000  89 50 4e 47 0d 0a 1a 0a                          .PNG...."),
        (b"a\x00b", "binary", "00000000  61 00 62                                         a.b"),
    ],
)  # fmt: skip
def test_values_are_shown_by_what_they_are(value: object, kind: str, text: str):
    """Objects and JSON are indented, text is text, and other bytes are dumped."""
    assert show(*pack(value), 4000) == (kind, text, False)


@pytest.mark.parametrize(
    "value",
    [{1: b"bytes"}, {"when": datetime(2026, 3, 1, tzinfo=UTC)}, msgspec.msgpack.Ext(5, b"x")],
)
def test_objects_that_json_lacks_are_shown(value: object):
    """Bytes, dates and foreign types in an object have some JSON too."""
    assert show(Kind.OBJECT, msgspec.msgpack.encode(value), 4000).kind == "json"


def test_broken_object_is_dumped():
    """Bytes that should be msgpack and are not are dumped."""
    assert show(Kind.OBJECT, b"\xc1\xff", 4000).kind == "binary"


def test_why_there_is_nothing():
    """A negative entry shows its reason."""
    assert show(Kind.NEGATIVE, b"no such page", 4000) == ("negative", "no such page", False)


@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.BYTES, Kind.NEGATIVE])
def test_long_values_are_cut(kind: Kind):
    """No more than asked for is shown, and it is said that there is more."""
    assert show(kind, b"x" * 101, 100) == (show(kind, b"", 100).kind, "x" * 100, True)
    assert not show(kind, b"x" * 100, 100).is_cut


def test_long_dumps_are_cut_by_lines():
    """A dump has whole lines, at least one, within what was asked for."""
    dump, is_cut = hex_dump(bytes(range(256)), 4 * 78)
    assert is_cut
    assert len(dump.splitlines()) == 4
    assert len(dump) <= 4 * 78
    assert hex_dump(bytes(16), 1)[1] is False


@given(st.binary(max_size=200), st.integers(78, 5000))
def test_dump_holds_every_byte(payload: bytes, most_chars: int):
    """The bytes of a dump, read back, are the first of the value."""
    dump, is_cut = hex_dump(payload, most_chars)
    back = b"".join(bytes.fromhex(line[10:57]) for line in dump.splitlines())
    assert back == payload[: len(back)]
    assert is_cut == (len(back) < len(payload))
    assert len(dump) <= most_chars


@given(st.binary(max_size=300), st.sampled_from(Kind))
def test_no_payload_fails(payload: bytes, kind: Kind):
    """Whatever bytes claim to be, they are shown, within bounds."""
    assert len(show(kind, payload, 500).text) <= 500


def test_frame_of_redis():
    """A frame shows its codec, both sizes, its age and what is left of its time."""
    payload = b'{"role":"user","content":"' + b"hello " * 100 + b'"}'
    frame = CODEC.encode(content(payload, Kind.TEXT))
    shown = preview_frame("k", frame, CODEC, NOW_MS + 15_000, 4000)
    assert shown.key == "k"
    assert shown.kind == "json"
    assert shown.codec == "zstd with dictionary"
    assert (shown.raw_bytes, shown.framed_bytes) == (len(payload), len(frame))
    assert shown.framed_bytes < shown.raw_bytes
    assert shown.ttl_s == 45.0
    assert shown.written_at == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_first_tier_has_no_frame():
    """A value of the first tier is as large as it is."""
    shown = preview_content("k", content(b"abc", Kind.BYTES), NOW_MS, 4000)
    assert (shown.codec, shown.raw_bytes, shown.framed_bytes) == ("none", 3, 3)


def test_old_value_has_no_time_left():
    """A value that is kept only for when making fails has no time left."""
    shown = preview_content("k", content(b"abc", Kind.BYTES, ttl_ms=-5), NOW_MS, 4000)
    assert shown.ttl_s == 0.0


def test_time_that_no_calendar_has():
    """A frame that says it was written in a million years has no time of writing."""
    far = Content(b"x", Kind.BYTES, 2**63, NOW_MS, NOW_MS, NOW_MS)
    assert preview_frame("k", CODEC.encode(far), CODEC, NOW_MS, 4000).written_at is None


def test_foreign_value():
    """What others have put there is dumped, with why it is no frame of ours."""
    shown = preview_frame("k", b"hello from elsewhere", CODEC, NOW_MS, 4000)
    assert shown.kind == "foreign"
    assert "no header" in shown.text
    assert "hello from elsew" in shown.text
    assert (shown.codec, shown.ttl_s, shown.written_at) == ("", None, None)


def test_damaged_frame():
    """A frame that was changed is foreign, not an error."""
    frame = bytearray(CODEC.encode(content(b"abc", Kind.BYTES)))
    frame[-1] ^= 1
    assert preview_frame("k", bytes(frame), CODEC, NOW_MS, 4000).kind == "foreign"


def test_removed_and_missing():
    """What was removed is missing, as what never was."""
    removed = CODEC.encode(content(b"", Kind.REMOVED))
    assert preview_frame("k", removed, CODEC, NOW_MS, 4000) == preview_missing("k")
    assert preview_missing("k").kind == "missing"


@given(st.binary(max_size=120), st.integers(0, 200), st.integers(0, 255))
def test_no_frame_fails(tail: bytes, at: int, byte: int):
    """Random and damaged frames are shown as something."""
    frame = bytearray(CODEC.encode(content(b"x" * 100 + tail, Kind.BYTES)))
    frame[at % len(frame)] = byte
    for each in (bytes(frame), tail, bytes(frame[: at % len(frame)])):
        assert preview_frame("k", each, CODEC, NOW_MS, 400).key == "k"
