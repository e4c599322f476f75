"""An answer comes out of the cache as it went in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.coordinator.kept_answer import (
    PIECE_BYTES,
    KeptAnswer,
    is_complete,
    joined,
    kept_from,
    read,
    written,
)
from engine.exchange import Reply, Task, Usage
from tests.engine.coordinator.answering import EVENTS, chat, whole


@given(st.lists(st.binary(max_size=PIECE_BYTES // 2)))
def test_joining_keeps_the_bytes_and_the_ends(pieces: list[bytes]):
    """The bytes are the same, no piece is empty or much too large, and each ends where one did."""
    found = joined(pieces)
    assert b"".join(found) == b"".join(pieces)
    assert all(len(piece) < 2 * PIECE_BYTES for piece in found)
    ends, at = {0}, 0
    for piece in pieces:
        at += len(piece)
        ends.add(at)
    at = 0
    for piece in found:
        at += len(piece)
        assert at in ends


@given(
    st.lists(st.binary(max_size=20), min_size=1),
    st.none() | st.tuples(*[st.integers(0, 2**31)] * 3),
    st.floats(0, 1e10),
)
def test_what_is_written_can_be_read(
    pieces: list[bytes], tokens: tuple[int, int, int] | None, fresh_until_s: float
):
    """Every field comes back."""
    answer = KeptAnswer("m", "e", "anthropic", pieces, True, "stop", tokens, fresh_until_s)
    assert read(written(answer)) == answer


@given(st.none() | st.binary())
def test_what_is_none_of_ours_is_no_answer(found: bytes | None):
    """Nothing, and bytes of somebody else, are read as nothing; never an error."""
    assert read(found) is None


def test_a_reply_is_kept_with_what_it_took():
    """Tokens and the reason of its end go along; its cost and its tries do not."""
    reply = Reply("m", "e", body=whole(), usage=Usage(3, 4, 1), finish_reason="stop", cost_usd=9)
    kept = kept_from(reply, [whole()], 5.0)
    assert (kept.usage, kept.pieces, kept.is_stream) == (Usage(3, 4, 1), [whole()], False)
    assert kept_from(Reply("m", "e"), [b""], 5.0).usage is None


@pytest.mark.parametrize(
    ("reason", "is_whole"),
    [
        ("stop", True),
        ("length", True),
        ("tool_calls", True),
        ("content_filter", False),
        ("", False),
    ],
)
def test_the_reason_of_the_end_decides(reason: str, is_whole: bool):
    """What ended by itself, or at the length that was asked for, is complete; a filter's cut is
    not.
    """
    assert is_complete(chat(), Reply("m", "e"), [whole(reason)]) is is_whole


def test_a_problem_is_never_complete():
    """Whatever the bytes say, an answer that broke is not given to others."""
    assert not is_complete(chat(), Reply("m", "e", problem="broke"), [whole()])
    assert not is_complete(chat(), Reply("m", "e"), [])
    assert not is_complete(chat(task=Task.EMBEDDING), Reply("m", "e"), [b""])


def test_anthropic_says_why_in_its_own_place():
    """A whole answer of Anthropic's has one reason, beside the content."""
    reply = Reply("m", "e", dialect="anthropic")
    assert is_complete(chat(), reply, [b'{"stop_reason": "end_turn", "content": []}'])
    assert not is_complete(chat(), reply, [b'{"stop_reason": "refusal", "content": []}'])


def test_the_events_of_a_stream_are_joined():
    """What came in many pieces is kept in few."""

    async def nothing():
        yield b""

    reply = Reply("m", "e", stream=nothing(), finish_reason="stop")
    assert kept_from(reply, EVENTS, 0.0).pieces == [b"".join(EVENTS)]
    assert is_complete(chat(), reply, list(EVENTS))
