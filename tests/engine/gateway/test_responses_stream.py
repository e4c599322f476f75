"""A chat answer is the same response, whole and in events."""

from __future__ import annotations

from itertools import count
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from engine.gateway.responses_stream import ResponseEvents
from engine.gateway.responses_wire import repeated
from engine.gateway.sse import EventReader
from tests.engine.gateway.chats import ANSWERS, JSON, Said
from tests.engine.gateway.fake_router import MODEL

EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
HEAD = {"id": "resp_1", "object": "response", "created_at": 5, "model": MODEL} | repeated({})
CALL = ("call_0", "look", {"at": 1})
TOKEN = {
    "token": "a",
    "logprob": -0.5,
    "bytes": None,
    "top_logprobs": [{"token": "b", "logprob": -1}],
}


def made(kept: list[dict[str, Any]], *, has_logprobs: bool = False) -> ResponseEvents:
    """Return events that keep their response in `kept`."""
    ids = count(1)
    return ResponseEvents(
        head=HEAD,
        has_logprobs=has_logprobs,
        ids=lambda: str(next(ids)),
        wall=lambda: 7.9,
        keep=kept.append,
    )


def whole(said: Said) -> dict[str, Any]:
    """Return the response that is made of the answer in one piece."""
    events = made([])
    events.take(said.whole())
    events.end()
    return events.response


def decoded(told: bytes) -> list[dict[str, Any]]:
    """Return the events in `told`."""
    return [msgspec.json.decode(data) for data in EventReader().feed(told)]


def streamed(said: Said, random: Random) -> list[dict[str, Any]]:
    """Return the events of `said`."""
    events = made([])
    told = events.begin()
    for piece in said.pieces(random)[:-1]:
        told += events.take(msgspec.json.decode(piece[5:]))
    return decoded(told + events.end())


def put_together(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the items that the deltas of `told` build."""
    items: list[dict[str, Any]] = []
    for each in told:
        match each["type"].removeprefix("response."):
            case "output_item.added":
                assert each["output_index"] == len(items)
                items.append(each["item"])
            case "content_part.added":
                items[-1]["content"].append(each["part"])
            case "output_text.delta" | "reasoning_text.delta":
                items[-1]["content"][each["content_index"]]["text"] += each["delta"]
            case "function_call_arguments.delta":
                items[-1]["arguments"] += each["delta"]
            case "output_item.done":
                assert each["item"]["id"] == items[-1]["id"]
                if "status" in items[-1]:
                    items[-1]["status"] = each["item"]["status"]
    return items


@given(ANSWERS, st.randoms(use_true_random=False))
def test_events_build_the_whole_response(said: Said, random: Random):
    """However the answer was cut, its events build the response it is in one piece."""
    told = streamed(said, random)
    assert told[-1]["response"] == whole(said)
    assert put_together(told) == told[-1]["response"]["output"]


@given(ANSWERS, st.randoms(use_true_random=False))
def test_every_event_has_the_shape_of_the_sdk(said: Said, random: Random):
    """The SDK's own types accept every event; they are numbered, and begin and end right."""
    told = streamed(said, random)
    for each in told:
        EVENT.validate_python(each)
    assert [each["sequence_number"] for each in told] == list(range(len(told)))
    names = [each["type"] for each in told]
    assert names[:2] == ["response.created", "response.in_progress"]
    assert names[-1] == f"response.{told[-1]['response']['status']}"


def test_the_sequence_of_a_text():
    """A text opens its item and part, comes in deltas, and closes both."""
    told = streamed(Said(text="Hi"), Random(0))
    assert [each["type"].removeprefix("response.") for each in told] == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]


def test_items_of_every_kind():
    """Thoughts, words, refusals and calls are items of their own."""
    response = whole(Said("Hm.", "Look:", "No.", calls=(CALL,), finish_reason="tool_calls"))
    assert [item["type"] for item in response["output"]] == [
        "reasoning",
        "message",
        "message",
        "function_call",
    ]
    assert response["output"][-1] | {"id": ""} == {
        "id": "",
        "type": "function_call",
        "status": "completed",
        "call_id": "call_0",
        "name": "look",
        "arguments": '{"at":1}',
    }
    assert (response["completed_at"], response["status"]) == (7, "completed")
    assert response["usage"]["input_tokens_details"]["cached_tokens"] == 5
    assert response["usage"]["output_tokens_details"] == {"reasoning_tokens": 4}
    Response.model_validate(response)


@pytest.mark.parametrize(
    ("finish", "reason"), [("length", "max_output_tokens"), ("content_filter", "content_filter")]
)
def test_an_answer_that_was_cut_is_incomplete(finish: str, reason: str):
    """An answer that came to its limit says so, and so does its last item."""
    response = whole(Said("Hm.", "Look", finish_reason=finish))
    assert response["status"] == "incomplete"
    assert response["incomplete_details"] == {"reason": reason}
    assert (response["output"][-1]["status"], response["completed_at"]) == ("incomplete", None)


def test_probabilities_come_where_they_were_asked_for():
    """Tokens and their alternatives are told in the deltas and at the end."""
    chunk = {"delta": {"content": "a"}, "logprobs": {"content": [TOKEN]}}
    wanted = {"token": "a", "logprob": -0.5, "bytes": []}
    wanted["top_logprobs"] = [{"token": "b", "logprob": -1, "bytes": []}]
    for has_logprobs in (True, False):
        events = made([], has_logprobs=has_logprobs)
        told = decoded(events.take({"choices": [chunk]}))
        events.end()
        found = [wanted] if has_logprobs else []
        assert told[-1]["logprobs"] == found
        assert events.response["output"][0]["content"][0]["logprobs"] == found


def test_without_a_count_the_usage_is_not_known():
    """Where a server counts nothing, nothing is made up."""
    assert whole(Said(text="a", usage=None))["usage"] is None


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"message": "gone"}, "server_error"),
        ({"code": "rate_limit_exceeded"}, "rate_limit_exceeded"),
    ],
)
def test_a_break_is_a_failure_that_is_not_kept(error: dict[str, Any], code: str):
    """An answer that broke off fails its response, and nobody can go on from it."""
    kept: list[dict[str, Any]] = []
    events = made(kept)
    events.take({"choices": [{"delta": {"content": "a"}}]})
    events.take({"error": error})
    (last,) = decoded(events.end("late"))
    EVENT.validate_python(last)
    assert (last["type"], last["response"]["error"]["code"]) == ("response.failed", code)
    assert last["response"]["error"]["message"]
    assert kept == []


def test_a_finished_response_is_kept():
    """Whoever made the events hears of the response once it is whole."""
    kept: list[dict[str, Any]] = []
    events = made(kept)
    events.take(Said(text="a").whole())
    assert kept == []
    events.end()
    assert kept == [events.response]


@given(JSON)
def test_nothing_a_server_sends_breaks_it(junk: Any):
    """Whatever stands in an answer, a response comes out."""
    for odd in (junk, {"choices": [{"delta": {"content": "a"}, "logprobs": {"content": junk}}]}):
        events = made([], has_logprobs=True)
        events.take(odd)
        events.end()
        assert events.response["status"] in ("completed", "incomplete", "failed")
