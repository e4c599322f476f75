"""How sessions are written and shown."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cache.ports import SessionRecord
from engine.cache.session_values import (
    STAMP_BYTES,
    decoded,
    encoded,
    messages_of,
    moment,
    row_of,
    session_of,
    stamps,
)
from engine.errors import Damaged

RECORD = SessionRecord("a", "ann", 3, encoded({"n": [1, None]}), 1_000, 2_000, 3_000, 7)


def test_session_of_a_record():
    """A session has its data decoded and its times as moments."""
    session = session_of(RECORD)
    assert (session.id, session.owner, session.version, session.messages) == ("a", "ann", 3, 7)
    assert session.data == {"n": [1, None]}
    assert session.touched_at == datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC)
    row = row_of(RECORD)
    assert (row.created_at, row.expires_at) == (session.created_at, session.expires_at)


@given(st.binary(max_size=40))
def test_any_bytes_are_data_or_damaged(payload: bytes):
    """Whatever lies in Redis is decoded or Damaged, nothing else."""
    with contextlib.suppress(Damaged):
        decoded(payload)


def test_data_that_is_too_deep():
    """Data that is nested beyond reason is Damaged."""
    with pytest.raises(Damaged):
        decoded(b"\x91" * 99_999 + b"\x01")


def test_unreadable_messages_are_counted():
    """Messages that are no msgpack, or cut, are left out."""
    stamp = b"x" * STAMP_BYTES
    good = [stamp + encoded("hi"), stamp + encoded({"role": "user"})]
    assert messages_of([good[0], b"", stamp, stamp + b"\xc1", good[1]]) == (
        ["hi", {"role": "user"}],
        3,
    )


def test_every_message_is_stamped_anew():
    """No two stamps are alike; each has its fixed size and names its writer."""
    made = list(islice(stamps(b"12345678"), 1000))
    assert len(set(made)) == 1000
    assert {(len(each), each[:8]) for each in made} == {(STAMP_BYTES, b"12345678")}


def test_unwritable_data_is_a_programming_mistake():
    """What msgspec cannot write is a TypeError."""
    with pytest.raises(TypeError):
        encoded(object())


def test_moment_never_fails():
    """A time that no calendar can show is its last day."""
    assert moment(10**18).year == 9999
    assert moment(0) == datetime(1970, 1, 1, tzinfo=UTC)
