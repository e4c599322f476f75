"""A chat answer is the same message in Anthropic's dialect, whole and in events."""

from __future__ import annotations

from itertools import count
from random import Random
from typing import Any

import msgspec
import pytest
from anthropic.types import Message, RawMessageStreamEvent, Usage
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from engine.gateway.messages_stream import MessageEvents, error_event, to_message
from engine.gateway.sse import EventReader
from tests.engine.gateway.chats import ANSWERS, JSON, Said
from tests.engine.gateway.fake_router import MODEL

EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)
CALL = ("call_0", "look", {"at": 1})


def message(said: Said) -> dict[str, Any]:
    """Return the whole message of `said`."""
    ids = count(1)
    return to_message(said.whole(), id="1", model=MODEL, ids=lambda: str(next(ids)))


def events(said: Said, random: Random | None = None) -> list[dict[str, Any]]:
    """Return the events of `said`, decoded."""
    made = MessageEvents(id="1", model=MODEL, prompt_tokens=3, ids=lambda: "x")
    reader = EventReader()
    told = made.begin()
    for piece in said.pieces(random or Random(0))[:-1]:
        told += made.take(msgspec.json.decode(piece[5:]))
    return [msgspec.json.decode(data) for data in reader.feed(told + made.end())]


def put_together(told: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the message that `told` builds, as Anthropic's documentation says."""
    made: dict[str, Any] = {}
    for each in told:
        match each["type"]:
            case "message_start":
                made = each["message"]
            case "content_block_start":
                assert each["index"] == len(made["content"])
                made["content"].append(each["content_block"] | {"_json": ""})
            case "content_block_delta":
                block, delta = made["content"][each["index"]], dict(each["delta"])
                kind = delta.pop("type")
                if kind == "input_json_delta":
                    block["_json"] += delta["partial_json"]
                else:
                    ((name, words),) = delta.items()
                    block[name] = block[name] + words
            case "content_block_stop":
                block = made["content"][each["index"]]
                if block["_json"]:
                    block["input"] = msgspec.json.decode(block["_json"])
                del block["_json"]
            case "message_delta":
                made |= each["delta"]
                made["usage"] |= each["usage"]
    return made


@given(ANSWERS, st.randoms(use_true_random=False))
def test_events_build_the_whole_message(said: Said, random: Random):
    """However the answer was cut, its events build the message it is in one piece."""
    assert put_together(events(said, random)) == message(said)


@given(ANSWERS, st.randoms(use_true_random=False))
def test_every_event_has_the_shape_of_the_sdk(said: Said, random: Random):
    """The SDK's own types accept the message and each of its events, none left out."""
    Message.model_validate(message(said), strict=True)
    told = events(said, random)
    for each in told:
        if each["type"] != "ping":
            EVENT.validate_python(each, strict=True)
    kinds = [each["type"] for each in told]
    assert kinds[:2] == ["message_start", "ping"]
    assert kinds[-2:] == ["message_delta", "message_stop"]


def test_blocks_of_every_kind():
    """Thoughts, words and calls are blocks of their own, in this order."""
    made = message(Said("Hm.", "Look:", calls=(CALL,), finish_reason="tool_calls"))
    assert made["content"] == [
        {"type": "thinking", "thinking": "Hm.", "signature": ""},
        {"type": "text", "text": "Look:", "citations": None},
        {"type": "tool_use", "id": "call_0", "name": "look", "input": {"at": 1}}
        | {"caller": {"type": "direct"}},
    ]
    usage = Usage.model_validate(made["usage"], strict=True)
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens) == (16, 5, 9)
    assert usage.output_tokens_details is not None
    assert usage.output_tokens_details.thinking_tokens == 4


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (Said(text="a"), "end_turn"),
        (Said(text="a", finish_reason="length"), "max_tokens"),
        (Said(calls=(CALL,), finish_reason="tool_calls"), "tool_use"),
        (Said(calls=(CALL,), finish_reason="stop"), "tool_use"),
        (Said(calls=(CALL,), finish_reason="length"), "max_tokens"),
        (Said(text="a", finish_reason="content_filter"), "refusal"),
        (Said(refusal="No."), "refusal"),
    ],
)
def test_why_it_stopped(said: Said, reason: str):
    """Each reason to stop has its word."""
    assert message(said)["stop_reason"] == reason
    assert events(said)[-2]["delta"]["stop_reason"] == reason


def test_the_stop_word_is_told_where_it_is_known():
    """A server that says at which word it stopped has that told."""
    answer = Said(text="a").whole()
    answer["choices"][0]["stop_reason"] = "###"
    made = to_message(answer, id="1", model=MODEL, ids=str)
    assert (made["stop_reason"], made["stop_sequence"]) == ("stop_sequence", "###")


def test_arguments_that_are_no_json_can_be_seen():
    """Arguments that a model wrote badly are not lost."""
    answer = Said(calls=(CALL,)).whole()
    answer["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"] = "{oops"
    made = to_message(answer, id="1", model=MODEL, ids=str)
    assert made["content"][0]["input"] == {"arguments": "{oops"}


def test_without_a_count_the_estimate_stays():
    """Where a server counts nothing, the first event's estimate is not set to 0."""
    told = events(Said(text="a", usage=None))
    assert told[0]["message"]["usage"]["input_tokens"] == 3
    assert put_together(told)["usage"]["input_tokens"] == 3


@pytest.mark.parametrize(
    ("error", "kind"),
    [({"message": "gone"}, "api_error"), ({"type": "rate_limit_error"}, "overloaded_error")],
)
def test_a_break_is_an_error_and_no_end(error: dict[str, Any], kind: str):
    """An answer that broke off ends with an error, never with `message_stop`."""
    made = MessageEvents(id="1", model=MODEL, prompt_tokens=3, ids=str)
    made.take({"choices": [{"delta": {"content": "a"}}]})
    made.take({"error": error})
    told = made.end()
    assert told.startswith(b"event: error\n")
    assert b"message_stop" not in told
    assert msgspec.json.decode(EventReader().feed(told)[0])["error"]["type"] == kind
    assert made.end("late").startswith(b"event: error\n")
    assert error_event("gone").startswith(b"event: error\n")


@given(JSON)
def test_nothing_a_server_sends_breaks_it(junk: Any):
    """Whatever stands in an answer, a message comes out."""
    made = to_message(junk, id="1", model=MODEL, ids=lambda: "x")
    Message.model_validate(made, strict=True)
