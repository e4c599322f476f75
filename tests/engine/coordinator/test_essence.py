"""What is read of an answer."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.coordinator.essence import essence_of, shown, words_of
from engine.errors import Damaged
from engine.exchange import Usage

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ("choices", "data", "content", "usage", "stop_reason", "delta", "message", "error")


def read(**body: Any) -> Any:
    return essence_of(msgspec.json.encode(body))


def test_openai_answers_are_read():
    """Tokens, those of them that were cached, and why it ended."""
    found = read(
        choices=[{"finish_reason": "length", "message": {"content": "x"}}],
        usage={
            "prompt_tokens": 7,
            "completion_tokens": 3,
            "prompt_tokens_details": {"cached_tokens": 5},
        },
    )
    assert found.is_answer
    assert (found.finish_reason, found.counted(), found.problem) == ("length", Usage(7, 3, 5), "")


def test_anthropic_answers_are_read():
    """What its cache read and wrote is part of the prompt here."""
    found = read(
        type="message",
        content=[],
        stop_reason="end_turn",
        usage={"input_tokens": 2, "output_tokens": 3, "cache_read_input_tokens": 40},
    )
    assert found.is_answer
    assert (found.finish_reason, found.counted()) == ("end_turn", Usage(42, 3, 40))


def test_a_streamed_count_is_put_together():
    """Anthropic tells the prompt at the beginning and the answer at the end."""
    begun = read(type="message_start", message={"usage": {"input_tokens": 9, "output_tokens": 1}})
    ended = read(
        type="message_delta", delta={"stop_reason": "tool_use"}, usage={"output_tokens": 30}
    )
    assert ended.counted(begun.counted()) == Usage(9, 30)
    assert ended.finish_reason == "tool_use"


def test_embeddings_are_answers():
    """They have data instead of choices."""
    assert read(object="list", data=[{"embedding": [0.1]}]).is_answer


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        ({"message": "no memory", "code": 1}, "no memory"),
        ("out of luck", "out of luck"),
        ({"error": {"message": "deep"}}, "deep"),
        ({"code": 7}, '{"code":7}'),
        (None, ""),
        ("", ""),
        (False, ""),
    ],
)
def test_errors_are_put_into_words(error: Any, problem: str):
    """Whatever shape an error has, something readable comes of it; null is none."""
    assert read(error=error).problem == problem


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[1]", b'"x"', b"{", b'{"a":"\xff"', b"\xff\xfe"]
)
def test_what_is_no_json_object_is_damaged(body: bytes):
    """It says what came instead."""
    with pytest.raises(Damaged):
        essence_of(body)


@given(st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_no_shape_of_a_field_does_harm(body: dict[str, Any]):
    """Fields that are not what they should be are passed over, and nothing else is raised."""
    found = read(**body)
    assert isinstance(found.finish_reason, str)
    assert isinstance(found.problem, str)
    usage = found.counted()
    assert usage is None or isinstance(usage.prompt_tokens, int)


@given(st.binary(max_size=60))
def test_no_bytes_do_harm(body: bytes):
    """Whatever a server sends is an answer or damaged."""
    words_of(body)
    shown(body)
    try:
        essence_of(body)
    except Damaged:
        return


@pytest.mark.parametrize("count", ["many", -10, 10**12, 10**400, 0.5])
def test_a_wrong_count_does_not_hide_the_rest(count: object):
    """An answer whose tokens are no number of tokens still is one, and says why it ended."""
    body = {"choices": [{"finish_reason": "stop"}], "usage": {"completion_tokens": count}}
    found = essence_of(json.dumps(body).encode())
    assert found.is_answer
    assert (found.finish_reason, found.counted()) == ("stop", None)
