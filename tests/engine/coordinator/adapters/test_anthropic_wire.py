"""Requests in Anthropic's words, and its answers in OpenAI's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.coordinator.adapters.anthropic_wire import MOST_TOKENS, chat_question
from engine.coordinator.adapters.anthropic_wire_answer import chat_answer, served_models, usage_from
from engine.coordinator.adapters.anthropic_wire_events import AnthropicEvents
from engine.errors import Damaged, Overloaded, Refused, Rejected, Unreachable

USER = {"role": "user", "content": "Hello"}
SCHEMA = {"type": "object", "properties": {}}


def asked(**fields: Any) -> dict[str, Any]:
    """Return the question that a chat of `fields` becomes."""
    return chat_question({"model": "x", "messages": [USER]} | fields, "claude")


def test_a_limit_is_always_said():
    """Anthropic insists on a limit: the request's, or else one that every model allows."""
    assert asked() == {"model": "claude", "max_tokens": MOST_TOKENS, "messages": [USER]}
    assert asked(max_tokens=5)["max_tokens"] == 5
    assert asked(max_tokens=5, max_completion_tokens=6)["max_tokens"] == 6


def test_the_system_prompt_stands_apart():
    """System and developer messages become the system prompt, whose cache marks are kept."""
    messages = [{"role": "system", "content": "a"}, USER, {"role": "developer", "content": "b"}]
    question = asked(messages=messages)
    assert (question["system"], question["messages"]) == ("a\n\nb", [USER])
    mark = {"cache_control": {"type": "ephemeral"}}
    part = {"type": "text", "text": "a"} | mark
    assert asked(messages=[{"role": "system", "content": [part]}, USER])["system"] == [part]


def test_results_of_tools_stand_together():
    """Calls become blocks, and all their results one turn of the user."""
    calls = [
        {"id": name, "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
        for name in ("c1", "c2")
    ]
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "s"}
    messages = [
        USER,
        {"role": "assistant", "content": "So", "tool_calls": calls, "thinking_blocks": [thought]},
        {"role": "tool", "tool_call_id": "c1", "content": "one"},
        {"role": "tool", "tool_call_id": "c2", "content": ""},
        {"role": "user", "content": "And?"},
    ]
    _, turn, results = asked(messages=messages)["messages"]
    assert turn["content"] == [
        thought,
        {"type": "text", "text": "So"},
        {"type": "tool_use", "id": "c1", "name": "f", "input": {"a": 1}},
        {"type": "tool_use", "id": "c2", "name": "f", "input": {"a": 1}},
    ]
    assert results == {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": "c1", "content": "one"},
            {"type": "tool_result", "tool_use_id": "c2"},
            {"type": "text", "text": "And?"},
        ],
    }


def test_images_and_files():
    """Images come as base64 or by address, files as documents; Anthropic's own parts stay."""
    own = {"type": "search_result", "source": "s"}
    parts = [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        {
            "type": "file",
            "file": {"filename": "a", "file_data": "data:application/pdf;base64,AAAA"},
        },
        own,
    ]
    [turn] = asked(messages=[{"role": "user", "content": parts}])["messages"]
    pdf = {"type": "base64", "media_type": "application/pdf", "data": "AAAA"}
    assert turn["content"] == [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
        {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
        {"type": "document", "source": pdf, "title": "a"},
        own,
    ]


def test_tools_and_the_choice_among_them():
    """Functions are described as Anthropic wants it; its own tools go along as they are."""
    function = {"name": "f", "description": "d", "parameters": SCHEMA}
    own = {"type": "web_search_20250305", "name": "web_search"}
    question = asked(
        tools=[{"type": "function", "function": function}, own],
        tool_choice={"type": "function", "function": {"name": "f"}},
        parallel_tool_calls=False,
    )
    assert question["tools"] == [{"name": "f", "input_schema": SCHEMA, "description": "d"}, own]
    expected = {"type": "tool", "name": "f", "disable_parallel_tool_use": True}
    assert question["tool_choice"] == expected


@pytest.mark.parametrize(
    ("choice", "expected"),
    [("auto", {"type": "auto"}), ("required", {"type": "any"}), ("none", {"type": "none"})],
)
def test_words_for_the_choice(choice: str, expected: dict[str, Any]):
    """OpenAI's words for how to choose have their match."""
    tools = [{"type": "function", "function": {"name": "f"}}]
    assert asked(tools=tools, tool_choice=choice)["tool_choice"] == expected


def test_schemas_effort_and_the_rest():
    """A schema and the effort are set together; what only OpenAI knows is left out."""
    form = {"type": "json_schema", "json_schema": {"schema": SCHEMA}}
    question = asked(
        response_format=form,
        reasoning_effort="minimal",
        stop="END",
        user="u",
        service_tier="default",
        top_k=5,
        seed=1,
        store=True,
        n=1,
        logprobs=False,
        stream=True,
        stream_options={"include_usage": True},
    )
    assert question == {
        "model": "claude",
        "max_tokens": MOST_TOKENS,
        "messages": [USER],
        "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}, "effort": "low"},
        "stop_sequences": ["END"],
        "metadata": {"user_id": "u"},
        "service_tier": "standard_only",
        "top_k": 5,
        "stream": True,
    }
    assert asked(reasoning_effort="none")["thinking"] == {"type": "disabled"}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"logit_bias": {"5": 1}}, "logit_bias"),
        ({"presence_penalty": 0.5}, "presence_penalty"),
        ({"temperature": 1.5}, "temperature"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"tools": [{}], "tool_choice": "sometimes"}, "tool_choice"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages"),
    ],
)
def test_what_anthropic_cannot_do_is_rejected(fields: dict[str, Any], param: str):
    """A request that Anthropic has no words for is Rejected, and the field is named."""
    with pytest.raises(Rejected) as caught:
        asked(**fields)
    assert (caught.value.status, caught.value.param) == (400, param)


def test_cached_tokens_are_part_of_the_prompt():
    """Anthropic counts cached tokens apart; OpenAI counts them in, and says how many."""
    usage = {"input_tokens": 5, "cache_read_input_tokens": 20, "cache_creation_input_tokens": 3}
    told = usage_from(usage | {"output_tokens": 7})
    assert (told["prompt_tokens"], told["completion_tokens"], told["total_tokens"]) == (28, 7, 35)
    assert told["prompt_tokens_details"] == {"cached_tokens": 20}
    assert told["cache_creation_input_tokens"] == 3


def test_answers_of_several_blocks():
    """Texts are joined, thoughts keep their signatures, and unknown blocks come along."""
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "s"}
    other = {"type": "server_tool_use", "id": "s1"}
    texts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    body = {"id": "msg_1", "model": "claude", "stop_reason": "refusal", "container": {"id": "c"}}
    answer = json.loads(
        chat_answer(json.dumps(body | {"content": [thought, *texts, other]}).encode(), 5)
    )
    [choice] = answer["choices"]
    assert (choice["finish_reason"], choice["logprobs"]) == ("content_filter", None)
    assert choice["message"] == {
        "role": "assistant",
        "content": "ab",
        "refusal": None,
        "reasoning": "Hm.",
        "thinking_blocks": [thought],
        "content_blocks": [other],
    }
    assert (answer["created"], answer["container"]) == (5, {"id": "c"})
    with pytest.raises(Damaged):
        chat_answer(b'{"id": "msg_1"}', 5)


def event(kind: str, **fields: Any) -> bytes:
    """Return one event as Anthropic writes it."""
    data = json.dumps({"type": kind} | fields)
    return f"event: {kind}\ndata: {data}\n\n".encode()


def test_thoughts_of_a_stream_come_with_their_signature():
    """Thoughts are streamed, and stand complete with their signature once they have ended."""
    events = AnthropicEvents(where="here", with_usage=False, created=5)
    text = b"".join(
        map(
            events.feed,
            [
                event("message_start", message={"id": "msg_1", "model": "claude"}),
                event(
                    "content_block_start",
                    index=0,
                    content_block={"type": "thinking", "thinking": "", "signature": ""},
                ),
                event(
                    "content_block_delta",
                    index=0,
                    delta={"type": "thinking_delta", "thinking": "Hm."},
                ),
                event(
                    "content_block_delta",
                    index=0,
                    delta={"type": "signature_delta", "signature": "s"},
                ),
                event("content_block_stop", index=0),
                event("message_delta", delta={"stop_reason": "max_tokens"}, usage={}),
                event("message_stop"),
            ],
        )
    )
    found = [json.loads(e[6:]) for e in text.split(b"\n\n") if e.startswith(b"data: {")]
    deltas = [each["choices"][0]["delta"] for each in found]
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "s"}
    assert {"reasoning": "Hm."} in deltas
    assert {"thinking_blocks": [thought]} in deltas
    assert found[-1]["choices"][0]["finish_reason"] == "length"
    assert {each["id"] for each in found} == {"msg_1"}


@pytest.mark.parametrize(
    ("kind", "error"), [("overloaded_error", Overloaded), ("api_error", Refused)]
)
def test_errors_within_a_stream(kind: str, error: type[Exception]):
    """An error event is what it would have been as a status."""
    events = AnthropicEvents(where="here", with_usage=False, created=5)
    with pytest.raises(error, match="so it is"):
        events.feed(event("error", error={"type": kind, "message": "so it is"}))


def test_streams_need_their_end():
    """Without message_stop the answer is not complete."""
    events = AnthropicEvents(where="here", with_usage=False, created=5)
    events.feed(event("message_start", message={}))
    with pytest.raises(Unreachable, match="before it was complete"):
        events.end()


def test_pings_keep_a_stream_alive():
    """A ping becomes a comment, which clients skip and watchers see."""
    events = AnthropicEvents(where="here", with_usage=False, created=5)
    assert events.feed(event("ping")) == b": ping\n\n"


def test_models_and_what_they_can_do():
    """Windows and capabilities are read where they are told; retired models are left out."""
    listing = {
        "data": [
            {
                "id": "claude-a",
                "display_name": "Claude A",
                "max_input_tokens": 200_000,
                "capabilities": {"image_input": {"supported": True}, "thinking": {}},
            },
            {"id": "claude-b", "capabilities": None},
            {"id": "claude-old", "lifecycle": "retired"},
        ]
    }
    first, second = served_models(listing)
    assert (first.name, first.context_tokens, first.details) == ("claude-a", 200_000, "Claude A")
    assert first.capabilities == {"chat", "tools", "vision"}
    assert second.capabilities is None
