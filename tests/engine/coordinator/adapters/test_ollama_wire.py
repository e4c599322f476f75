"""Requests in Ollama's words, and its answers in OpenAI's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.coordinator.adapters.ollama_wire import (
    chat_question,
    completion_question,
    embedding_question,
)
from engine.coordinator.adapters.ollama_wire_answer import OllamaEvents, chat_answer
from engine.coordinator.adapters.ollama_wire_models import served_model
from engine.errors import Damaged, Refused, Rejected, Unreachable

USER = {"role": "user", "content": "Hello"}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
ANSWER: dict[str, Any] = {
    "model": "m",
    "created_at": "2026-03-01T12:00:00.123456789Z",
    "message": {"role": "assistant", "content": "Hi"},
    "done": True,
    "done_reason": "stop",
    "prompt_eval_count": 3,
    "eval_count": 2,
}


def asked(**fields: Any) -> dict[str, Any]:
    """Return the question that a chat of `fields` becomes."""
    return chat_question({"model": "x", "messages": [USER]} | fields, "m")


def test_sampling_becomes_options():
    """OpenAI's fields and Ollama's own become options; those given as options count most."""
    question = asked(
        temperature=0,
        top_p=0.5,
        max_tokens=7,
        max_completion_tokens=9,
        seed=1,
        stop="END",
        num_ctx=8192,
        options={"seed": 2},
        presence_penalty=None,
    )
    assert question["options"] == {
        "temperature": 0,
        "top_p": 0.5,
        "num_predict": 9,
        "seed": 2,
        "stop": ["END"],
        "num_ctx": 8192,
    }
    assert question.keys() == {"model", "messages", "stream", "options"}


def test_streaming_is_always_said():
    """Ollama streams where nothing is said, so whole answers are asked for in so many words."""
    assert asked()["stream"] is False
    assert asked(stream=True)["stream"] is True


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"type": "json_object"}, "json"),
        (
            {"type": "json_schema", "json_schema": {"schema": {"type": "object"}}},
            {"type": "object"},
        ),
        ({"type": "text"}, None),
    ],
)
def test_response_formats(form: dict[str, Any], expected: Any):
    """JSON is a format, and so is a schema; plain text is none."""
    assert asked(response_format=form).get("format") == expected


@pytest.mark.parametrize(
    ("effort", "think"), [("none", False), ("minimal", "low"), ("low", "low"), ("high", "high")]
)
def test_effort_becomes_thinking(effort: str, think: object):
    """How much to think is said in Ollama's words; its own field counts more."""
    assert asked(reasoning_effort=effort)["think"] == think
    assert asked(reasoning_effort=effort, think=True)["think"] is True


def test_parts_become_text_and_images():
    """Texts of one message are joined, and its images stand beside them as base64."""
    parts = [{"type": "text", "text": "a"}, IMAGE, {"type": "text", "text": "b"}]
    [message] = asked(messages=[{"role": "user", "content": parts}])["messages"]
    assert message == {"role": "user", "content": "a\nb", "images": ["AAAA"]}


def test_results_name_their_tool():
    """A tool's result carries the name of the tool, found by the id of its call."""
    call = {"id": "c7", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    messages = [
        USER,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c7", "content": "done"},
    ]
    _, called, result = asked(messages=messages)["messages"]
    assert called["tool_calls"] == [{"function": {"name": "f", "arguments": {"a": 1}}, "id": "c7"}]
    assert (result["tool_name"], result["content"]) == ("f", "done")


def test_tools_are_left_out_where_none_shall_be_used():
    """With tool_choice none, the tools are not offered."""
    assert "tools" not in asked(tools=[{}], tool_choice="none")
    assert asked(tools=[{}], tool_choice="auto")["tools"] == [{}]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 2}, "n"),
        ({"logit_bias": {"5": 1}}, "logit_bias"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"response_format": {"type": "json_schema"}}, "response_format"),
        ({"messages": "hello"}, "messages"),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [{"type": "image_url", "image_url": {"url": "http://x/y.png"}}],
                    }
                ]
            },
            "messages",
        ),
    ],
)
def test_what_ollama_cannot_do_is_rejected(fields: dict[str, Any], param: str):
    """A request that Ollama has no words for is Rejected, and the field is named."""
    with pytest.raises(Rejected) as caught:
        asked(**fields)
    assert (caught.value.status, caught.value.param) == (400, param)


def test_completions_and_embeddings():
    """A prompt is one text, inputs are texts; lists of tokens are Rejected."""
    assert completion_question({"prompt": ["a"], "suffix": "b"}, "m") == {
        "model": "m",
        "prompt": "a",
        "suffix": "b",
        "stream": False,
    }
    question = embedding_question({"input": "a", "dimensions": 8, "encoding_format": "base64"}, "m")
    assert question == {"model": "m", "input": ["a"], "dimensions": 8}
    for ask, body in (
        (completion_question, {"prompt": ["a", "b"]}),
        (embedding_question, {"input": [1, 2]}),
        (embedding_question, {}),
    ):
        with pytest.raises(Rejected):
            ask(body, "m")


def test_answers_keep_what_openai_does_not_have():
    """Thoughts, probabilities and timings come along; the reason and the time are translated."""
    message = {"role": "assistant", "content": "Hi", "thinking": "Hm."}
    given = ANSWER | {"message": message, "done_reason": "length", "load_duration": 5}
    answer = json.loads(chat_answer(json.dumps(given | {"logprobs": [{"token": "Hi"}]}).encode()))
    [choice] = answer["choices"]
    said = {"role": "assistant", "content": "Hi", "refusal": None, "reasoning": "Hm."}
    assert choice["message"] == said
    assert choice["finish_reason"] == "length"
    assert choice["logprobs"] == {"content": [{"token": "Hi"}]}
    assert answer["created"] == 1_772_366_400
    assert answer["load_duration"] == 5
    assert answer["usage"] == {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


def test_tokens_that_were_not_counted_are_not_told():
    """Without counts there is no usage, instead of one of zeros."""
    bare = {name: ANSWER[name] for name in ("model", "message", "done")}
    assert "usage" not in json.loads(chat_answer(json.dumps(bare).encode()))


def lines(*answers: dict[str, Any]) -> bytes:
    """Return answers as Ollama streams them."""
    return b"".join(json.dumps(each).encode() + b"\n" for each in answers)


def test_calls_of_a_stream_are_numbered():
    """Calls that come in several lines are numbered through, and make the reason."""
    call = {"function": {"name": "f", "arguments": {}}}
    said = ANSWER | {"done": False, "message": {"role": "assistant", "tool_calls": [call]}}
    events = OllamaEvents(where="here", with_usage=False)
    text = events.feed(lines(said, said, ANSWER)) + events.end()
    found = [json.loads(e[6:]) for e in text.split(b"\n\n") if e.startswith(b"data: {")]
    calls = [c["index"] for f in found for c in f["choices"][0]["delta"].get("tool_calls", [])]
    assert calls == [0, 1]
    assert found[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_a_last_line_needs_no_end():
    """The last line counts though no line break follows it."""
    events = OllamaEvents(where="here", with_usage=False)
    assert events.feed(lines(ANSWER).rstrip()) == b""
    assert events.end().endswith(b"data: [DONE]\n\n")


def test_errors_within_a_stream():
    """An error line is what the server says; broken JSON is Damaged; silence is Unreachable."""
    with pytest.raises(Refused, match="out of memory"):
        OllamaEvents(where="here", with_usage=False).feed(b'{"error": "out of memory"}\n')
    with pytest.raises(Damaged):
        OllamaEvents(where="here", with_usage=False).feed(b"{\n")
    with pytest.raises(Unreachable, match="before it was complete"):
        OllamaEvents(where="here", with_usage=False).end()


def test_windows_of_models():
    """The window is the running one's, else the one it was set up with, else the largest."""
    info = {"general.architecture": "llama", "llama.context_length": 131_072}
    shown = {"model_info": info, "capabilities": ["completion", "thinking", "new"]}
    tag = {"name": "m", "size": 5, "details": {"parameter_size": "8B"}}
    model = served_model(tag, shown, None)
    assert model.context_tokens == 131_072
    assert model.capabilities == {"chat", "completion", "json", "reasoning"}
    assert (model.is_loaded, model.details, model.size_bytes) == (False, "8B", 5)
    set_up = shown | {"parameters": "temperature 1\nnum_ctx    8192\n"}
    assert served_model(tag, set_up, None).context_tokens == 8192
    running = served_model(tag, set_up, {"name": "m", "context_length": 4096})
    assert (running.context_tokens, running.is_loaded) == (4096, True)
    assert served_model(tag, None, None).capabilities is None
