"""Whatever is sent or answered, translations raise our errors only, and cuts change nothing.

Requests and answers are good ones in which up to three places were replaced by anything, as what
is wrong all over is refused at the door.
"""

from __future__ import annotations

import contextlib
import copy
import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import msgspec
import pytest
from hypothesis import strategies as st

from engine.coordinator.adapters import (
    anthropic_wire,
    anthropic_wire_answer,
    ollama_wire,
    ollama_wire_answer,
    ollama_wire_models,
    openai_wire,
)
from engine.coordinator.adapters.anthropic_wire_events import AnthropicEvents
from engine.coordinator.adapters.http_errors import error_from, error_within, retry_after_s
from engine.coordinator.adapters.ollama_wire_answer import OllamaEvents
from engine.errors import EngineError, Rejected
from tests.live.upstream_answers import speak

STRANGE = st.sampled_from(
    [
        *(None, True, False, 0, -1, 7, 1e300, float("nan"), "", "x", "auto", "data:;base64,%"),
        *([], [None], [[]], [{}], ["x"], [5], {}, {"x": 1}, {"type": "text"}, {"type": []}),
        *({"type": "function"}, {"function": {"name": "f"}}, {"function": {"name": {}}}),
    ]
)
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
REQUEST: dict[str, Any] = {
    "model": "asked-for",
    "messages": [
        {"role": "system", "content": "Be brief.", "name": "n"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?", "cache_control": {"type": "ephemeral"}},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "file", "file": {"filename": "a", "file_data": "data:a/b;base64,AAAA"}},
                {"type": "text", "text": "And this?"},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "reasoning": "Hm.",
            "thinking_blocks": [{"type": "thinking", "thinking": "Hm.", "signature": "s"}],
            "tool_calls": [CALL, CALL],
        },
        {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "12"}]},
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
    ],
    "tools": [
        {
            "type": "function",
            "function": {"name": "f", "description": "d", "parameters": {}, "strict": True},
        }
    ],
    "tool_choice": {"type": "function", "function": {"name": "f"}},
    "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}}},
    "reasoning_effort": "low",
    "reasoning": {"effort": "low"},
    "stream": True,
    "stream_options": {"include_usage": True},
    "stop": ["END"],
    "temperature": 0.5,
    "max_tokens": 5,
    "n": 1,
    "logprobs": False,
    "logit_bias": {},
    "options": {"num_ctx": 5},
    "metadata": {"user_id": "u"},
    "output_config": {"effort": "low"},
    "service_tier": "auto",
    "user": "u",
    "parallel_tool_calls": False,
    "prompt": "text",
    "input": ["text"],
}
QUESTIONS = (
    anthropic_wire.chat_question,
    ollama_wire.chat_question,
    ollama_wire.completion_question,
    ollama_wire.embedding_question,
)
WHOLE_ANSWERS: tuple[Callable[[bytes], bytes], ...] = (
    ollama_wire_answer.chat_answer,
    ollama_wire_answer.completion_answer,
    ollama_wire_answer.embedding_answer,
    lambda body: anthropic_wire_answer.chat_answer(body, 0),
)
ASKED: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "?"}]}
TOOLS = {"tools": [{"name": "t"}]}


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to each part of `value`."""
    yield at
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(part, (*at, key))


@st.composite
def spoilt(draw: st.DrawFn, good: Any) -> Any:
    """Draw `good` with up to three parts replaced by something strange."""
    made = copy.deepcopy(good)
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from([each for each in places(made) if each]))
        part = made
        for step in way:
            part = part[step]
        part[last] = copy.deepcopy(draw(STRANGE))
    return made


@hypothesis.settings(max_examples=800)
@hypothesis.given(body=spoilt(REQUEST))
def test_any_request_is_translated_or_rejected(body: dict[str, Any]):
    """No body whatever makes a translation fail but with Rejected, and none is changed."""
    before = repr(body)
    for question in QUESTIONS:
        with contextlib.suppress(Rejected):
            msgspec.json.encode(question(body, "model"))
    assert repr(body) == before


def answers() -> list[Any]:
    """Return good answers of every API, and lists of models."""
    asked = [
        speak(path, ASKED | {"stream": False} | more, 3).pieces[0]
        for path in ("/api/chat", "/v1/messages")
        for more in ({}, TOOLS)
    ]
    models = {
        "data": [
            {
                "id": "m",
                "type": "vlm",
                "state": "loaded",
                "capabilities": ["tool_use"],
                "max_input_tokens": 5,
                "meta": {"n_ctx_train": 4096, "n_params": 5, "size": 7},
            },
            {
                "id": "n",
                "architecture": {"input_modalities": ["image"]},
                "supported_parameters": ["tools"],
                "capabilities": {"image_input": {"supported": True}},
            },
        ],
        "models": [{"name": "m", "details": {"parameter_size": "8B"}, "size": 5}],
        "parameters": "num_ctx 5",
        "capabilities": ["tools"],
        "model_info": {"general.architecture": "llama", "llama.context_length": 5},
        "context_length": 5,
        "error": {"message": "m", "type": "t", "code": 400, "param": "p"},
    }
    return [*map(json.loads, asked), models, {"error": "no"}, {"detail": [{"msg": "no"}]}]


@hypothesis.settings(max_examples=400)
@hypothesis.given(answer=st.sampled_from(answers()).flatmap(spoilt))
def test_any_answer_is_translated_or_an_error(answer: dict[str, Any]):
    """No JSON that a server may answer makes a translation fail but with an error of ours."""
    body = msgspec.json.encode(answer)
    for translate in WHOLE_ANSWERS:
        with contextlib.suppress(EngineError):
            assert translate(body).startswith(b"{")
    error_within(body, where="here")
    for status in (300, 400, 404, 429, 503):
        assert isinstance(error_from(status, {}, body, where="here"), EngineError)
    openai_wire.served_models(answer)
    anthropic_wire_answer.served_models(answer)
    for tag in ollama_wire_models.tables(answer):
        ollama_wire_models.served_model(tag, answer, answer)


def streamed(path: str, more: dict[str, Any]) -> list[Any]:
    """Return the events of a good stream."""
    pieces = speak(path, ASKED | {"stream": True, "think": True} | more, 3).pieces
    return [json.loads(piece[piece.index(b"{") :]) for piece in pieces]


THOUGHT = [
    {"type": "content_block_start", "index": 1, "content_block": {"type": "thinking"}},
    {
        "type": "content_block_delta",
        "index": 1,
        "delta": {"type": "thinking_delta", "thinking": "a"},
    },
    {
        "type": "content_block_delta",
        "index": 1,
        "delta": {"type": "signature_delta", "signature": "s"},
    },
    {"type": "content_block_stop", "index": 1},
]


@hypothesis.settings(max_examples=400)
@hypothesis.given(
    events=st.sampled_from([streamed("/api/chat", {}), streamed("/api/chat", TOOLS)]).flatmap(
        spoilt
    )
)
def test_any_lines_of_ollama_are_translated_or_an_error(events: list[Any]):
    """No lines whatever make the translation of a stream fail but with an error of ours."""
    made = OllamaEvents(where="here", with_usage=True)
    with contextlib.suppress(EngineError):
        made.feed(b"\n".join(map(msgspec.json.encode, events)))
        made.end()


@hypothesis.settings(max_examples=400)
@hypothesis.given(
    events=st.sampled_from(
        [[*THOUGHT, *streamed("/v1/messages", {})], streamed("/v1/messages", TOOLS)]
    ).flatmap(spoilt)
)
def test_any_events_of_anthropic_are_translated_or_an_error(events: list[Any]):
    """No events whatever make the translation of a stream fail but with an error of ours."""
    made = AnthropicEvents(where="here", with_usage=True, created=0)
    with contextlib.suppress(EngineError):
        made.feed(b"".join(b"data: " + msgspec.json.encode(each) + b"\n\n" for each in events))
        made.end()


@hypothesis.given(data=st.data(), tools=st.booleans())
@pytest.mark.parametrize("path", ["/api/chat", "/v1/messages"])
def test_where_a_stream_is_cut_into_pieces_changes_nothing(
    path: str, data: st.DataObject, tools: bool
):
    """The same bytes give the same events, however they come, in the middle of a character too."""
    asked = ASKED | {"stream": True, "think": True} | (TOOLS if tools else {})
    sent = b"".join(speak(path, asked, 9).pieces)
    cuts = data.draw(st.lists(st.integers(0, len(sent)), max_size=12).map(sorted))
    pieces = [sent[start:end] for start, end in itertools.pairwise([0, *cuts, len(sent)])]
    assert told(path, pieces) == told(path, [sent])


def told(path: str, pieces: list[bytes]) -> list[Any]:
    """Return what a translation makes of `pieces`, but for names drawn at random."""
    made: OllamaEvents | AnthropicEvents
    if path == "/api/chat":
        made = OllamaEvents(where="here", with_usage=True)
    else:
        made = AnthropicEvents(where="here", with_usage=True, created=0)
    text = b"".join(map(made.feed, pieces)) + made.end()
    assert text.endswith(b"data: [DONE]\n\n")
    events = [json.loads(e[6:]) for e in text.split(b"\n\n") if e.startswith(b"data: {")]
    return [without_ids(event) for event in events]


def without_ids(value: Any) -> Any:
    """Return `value` without any field called id."""
    if isinstance(value, dict):
        return {name: without_ids(each) for name, each in value.items() if name != "id"}
    return [without_ids(each) for each in value] if isinstance(value, list) else value


@hypothesis.given(
    headers=st.dictionaries(
        st.sampled_from(
            [
                *("retry-after", "retry-after-ms", "date", "x-ratelimit-reset-requests"),
                *("x-ratelimit-remaining-requests", "anthropic-ratelimit-tokens-reset"),
                "anthropic-ratelimit-tokens-remaining",
            ]
        ),
        st.text(max_size=12)
        | st.sampled_from(["0", "1.5", "2m3s", "-1", "1e9", "inf", "2026-03-01T12:00:00Z"])
        | st.just("Sun, 01 Mar 2026 12:00:00 GMT"),
    )
)
def test_any_headers_give_a_wait_within_a_day_or_none(headers: dict[str, str]):
    """Whatever a server's headers say, the wait is between nothing and a day."""
    wait_s = retry_after_s(headers)
    assert wait_s is None or 0 <= wait_s <= 86_400
