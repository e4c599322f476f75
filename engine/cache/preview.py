"""Stored values for people: pretty JSON, text, or a hex dump. Nothing stored makes this fail."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Literal, NamedTuple

import msgspec

from engine.cache.codec import BadFrame, Codec
from engine.cache.content import Content, Kind
from engine.cache.snapshot import ValuePreview

DUMPED_BYTES = 16
"""In a line of a hex dump."""
DUMP_LINE_CHARS = 77
_JSON_START = re.compile(rb"\s*[\[{]")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Shown(NamedTuple):
    """A value as people see it."""

    kind: Literal["json", "text", "binary", "negative", "foreign", "missing"]
    text: str
    is_cut: bool


def preview_frame(
    key: str, frame: bytes, codec: Codec, now_ms: int, most_chars: int
) -> ValuePreview:
    """Return what lies in Redis under `key`, decoded; foreign where it is no frame of ours."""
    try:
        header, content = codec.header(frame), codec.decode(frame)
    except BadFrame as error:
        text, is_cut = hex_dump(frame, most_chars)
        return ValuePreview(
            key=key,
            kind="foreign",
            text=f"{error}\n\n{text}",
            codec="",
            raw_bytes=len(frame),
            framed_bytes=len(frame),
            ttl_s=None,
            written_at=None,
            is_cut=is_cut,
        )
    if content.kind is Kind.REMOVED:
        return preview_missing(key)
    return _preview(key, content, now_ms, most_chars, (header.codec, len(frame)))


def preview_content(key: str, content: Content, now_ms: int, most_chars: int) -> ValuePreview:
    """Return what the first tier has under `key`; it is in no frame there."""
    return _preview(key, content, now_ms, most_chars, ("none", len(content.payload)))


def preview_missing(key: str) -> ValuePreview:
    """Return that nothing is there."""
    return ValuePreview(
        key=key,
        kind="missing",
        text="",
        codec="",
        raw_bytes=0,
        framed_bytes=0,
        ttl_s=None,
        written_at=None,
    )


def show(kind: Kind, payload: bytes, most_chars: int) -> Shown:
    """Return `payload` for people, cut after `most_chars`."""
    if kind is Kind.NEGATIVE:
        return Shown("negative", *_cut(payload.decode("utf-8", "replace"), most_chars))
    json = _json_of_object(payload) if kind is Kind.OBJECT else _json_of_text(payload)
    if json is not None:
        return Shown("json", *_cut(json, most_chars))
    text = None if kind is Kind.OBJECT else _plain_text(payload, kind)
    if text is not None:
        return Shown("text", *_cut(text, most_chars))
    return Shown("binary", *hex_dump(payload, most_chars))


def hex_dump(payload: bytes, most_chars: int) -> tuple[str, bool]:
    """Return offsets, bytes and ASCII in lines of 16 bytes, and whether some were left out."""
    lines = max(1, most_chars // DUMP_LINE_CHARS)
    shown = payload[: lines * DUMPED_BYTES]
    rows = []
    for at in range(0, len(shown), DUMPED_BYTES):
        part = shown[at : at + DUMPED_BYTES]
        letters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        rows.append(f"{at:08x}  {part.hex(' '):<47}  {letters}")
    return "\n".join(rows), len(shown) < len(payload)


def _preview(
    key: str, content: Content, now_ms: int, most_chars: int, frame: tuple[str, int]
) -> ValuePreview:
    codec, framed_bytes = frame
    kind, text, is_cut = show(content.kind, content.payload, most_chars)
    return ValuePreview(
        key=key,
        kind=kind,
        text=text,
        codec=codec,
        raw_bytes=len(content.payload),
        framed_bytes=framed_bytes,
        ttl_s=max(0, content.expires_ms - now_ms) / 1000,
        written_at=_moment(content.written_ms),
        is_cut=is_cut,
    )


def _json_of_object(payload: bytes) -> str | None:
    """Return msgpack as JSON, as far as JSON can say it."""
    try:
        value = msgspec.msgpack.decode(payload)
        return _formatted(msgspec.json.encode(value, enc_hook=repr))
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError):
        return None


def _json_of_text(payload: bytes) -> str | None:
    if not _JSON_START.match(payload):
        return None
    try:
        return _formatted(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _formatted(json: bytes) -> str:
    return msgspec.json.format(json, indent=2).decode()


def _plain_text(payload: bytes, kind: Kind) -> str | None:
    """Return the text in `payload`; None for bytes that are none."""
    if kind is Kind.TEXT:
        return _UNPRINTABLE.sub("\ufffd", payload.decode("utf-8", "replace"))
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if _UNPRINTABLE.search(text) else text


def _cut(text: str, most_chars: int) -> tuple[str, bool]:
    return text[:most_chars], len(text) > most_chars


def _moment(unix_ms: int) -> datetime | None:
    """Return the time in UTC; None for one that no calendar has."""
    try:
        return datetime.fromtimestamp(unix_ms / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None
