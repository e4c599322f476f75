"""Whole answers as streams."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from engine.coordinator.events import data_of, split
from engine.coordinator.unrolling import unrolled
from engine.errors import Damaged
from engine.exchange import DONE, LlmRequest
from tests.engine.coordinator.fake_provider import whole


def chunks(body: bytes, **asked: Any) -> list[Any]:
    said = unrolled(body, LlmRequest("m", {"stream": True, **asked}))
    assert said.endswith(DONE)
    return [msgspec.json.decode(data_of(event)) for event in split(said[: -len(DONE)])]


def test_the_words_come_as_a_chunk():
    """One chunk has the words, the next one the end."""
    words, end = chunks(whole("hello").body)
    assert words["object"] == "chat.completion.chunk"
    assert words["choices"][0]["delta"]["content"] == "hello"
    assert (words["choices"][0]["finish_reason"], "message" in words["choices"][0]) == (None, False)
    assert end["choices"] == [{"index": 0, "finish_reason": "stop", "delta": {}}]


def test_tokens_come_where_they_were_asked_for():
    """A last chunk without choices has the usage, as OpenAI does it."""
    found = chunks(whole().body, stream_options={"include_usage": True})
    assert (found[-1]["choices"], found[-1]["usage"]["prompt_tokens"]) == ([], 9)
    assert all("usage" not in chunk for chunk in found[:-1])


def test_tool_calls_are_numbered():
    """Clients put tool calls together by their index."""
    body = msgspec.json.encode(
        {
            "object": "chat.completion",
            "choices": [{"index": 0, "message": {"tool_calls": [{"id": "a"}, {"id": "b"}]}}],
        }
    )
    calls = chunks(body)[0]["choices"][0]["delta"]["tool_calls"]
    assert calls == [{"index": 0, "id": "a"}, {"index": 1, "id": "b"}]


def test_what_is_no_tool_call_goes_along_as_it_is():
    """What a server writes wrongly is for the client to see, and no mistake of ours."""
    body = b'{"choices":[{"message":{"tool_calls":["x"]}}]}'
    assert chunks(body)[0]["choices"][0]["delta"]["tool_calls"] == ["x"]


def test_a_completion_keeps_its_text():
    """What is no chat has text and keeps its kind."""
    body = b'{"object":"text_completion","choices":[{"text":"x","finish_reason":"length"}]}'
    words, end = chunks(body)
    assert (words["object"], words["choices"][0]["text"]) == ("text_completion", "x")
    assert end["choices"][0] == {"index": 0, "finish_reason": "length", "text": ""}


@pytest.mark.parametrize("body", [b"{}", b'{"choices":3}', b'{"choices":[1]}'])
def test_what_has_no_choices_is_damaged(body: bytes):
    """An answer that is none does not become a stream."""
    with pytest.raises(Damaged, match="choices"):
        unrolled(body, LlmRequest("m", {}))
