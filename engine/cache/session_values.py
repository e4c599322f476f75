"""Sessions as their users see them, and how they are written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

import msgspec

from engine.cache.ports import SessionRecord
from engine.cache.snapshot import SessionRow
from engine.errors import Damaged, Refused

STAMP_BYTES = 16
"""Before each message: a random word of who wrote it and a number, so that it is known again."""


class Conflict(Refused):
    """Somebody else has updated the session since it was read."""


class SessionGone(Refused):
    """The session has ended or was removed."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session at one moment."""

    id: str
    owner: str
    version: int
    """Grows with every update of `data`; hand it to `update()`."""
    data: Any
    """Whatever msgpack can hold."""
    created_at: datetime
    touched_at: datetime
    expires_at: datetime
    messages: int
    """How many its chat history has."""


def gone(session_id: str) -> SessionGone:
    """Return the error of a session that is not there any more."""
    return SessionGone(f"the session {session_id} has ended or was removed: create a new one")


def is_same(stored: SessionRecord | None, record: SessionRecord) -> bool:
    """Tell whether version and data are those of `record`."""
    return stored is not None and (stored.version, stored.data) == (record.version, record.data)


def new_record(
    session_id: str, owner: str, data: object, now_ms: int, lasts_s: float
) -> SessionRecord:
    """Return a session that begins now. Raises TypeError for data that msgspec cannot write."""
    ends_ms = now_ms + max(1, round(1000 * lasts_s))
    return SessionRecord(session_id, owner, 1, encoded(data), now_ms, now_ms, ends_ms)


def session_of(record: SessionRecord) -> Session:
    """Return what `record` holds. Raises Damaged where its data is no msgpack."""
    return Session(
        id=record.id,
        owner=record.owner,
        version=record.version,
        data=decoded(record.data),
        created_at=moment(record.created_ms),
        touched_at=moment(record.touched_ms),
        expires_at=moment(record.expires_ms),
        messages=record.messages,
    )


def row_of(record: SessionRecord) -> SessionRow:
    """Return `record` as a row of the list, without its data."""
    return SessionRow(
        id=record.id,
        owner=record.owner,
        version=record.version,
        messages=record.messages,
        created_at=moment(record.created_ms),
        touched_at=moment(record.touched_ms),
        expires_at=moment(record.expires_ms),
    )


def moment(unix_ms: int) -> datetime:
    """Return the moment in UTC; what no calendar can show becomes its last day."""
    try:
        return datetime.fromtimestamp(unix_ms / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return datetime.max.replace(tzinfo=UTC)


def encoded(value: object) -> bytes:
    """Return `value` as msgpack. Raises TypeError for what msgspec cannot write."""
    return msgspec.msgpack.encode(value)


def decoded(payload: bytes) -> Any:
    """Return what `encoded()` wrote, of plain types. Raises Damaged for anything else."""
    try:
        return msgspec.msgpack.decode(payload)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Damaged(f"{len(payload)} bytes of a session are no msgpack; remove it") from error


def stamps(word: bytes) -> Iterator[bytes]:
    """Yield what stands before each message, for ever; word: 8 random bytes of the process."""
    for number in count(1):
        yield word + number.to_bytes(STAMP_BYTES - len(word), "big")


def messages_of(frames: Sequence[bytes]) -> tuple[list[Any], int]:
    """Return what the messages in `frames` say, and how many of them could not be read."""
    messages, damaged = [], 0
    for frame in frames:
        try:
            messages.append(decoded(frame[STAMP_BYTES:]))
        except Damaged:
            damaged += 1
    return messages, damaged
