"""A request in Anthropic's dialect asks the same in OpenAI's."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.gateway.asking import Malformed
from engine.gateway.messages_wire import conversation, to_chat
from tests.engine.gateway.chats import JSON

LEAST = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}


def chat(**fields: Any) -> dict[str, Any]:
    """Return the chat request of the least request with `fields`."""
    return to_chat(LEAST | fields)


def test_the_least_request():
    """A model, a length and a sentence are all that is needed."""
    assert chat() == {
        "model": "m",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "hi"}],
    }


def test_fields_with_another_name_are_renamed():
    """System prompt, stop words, user and stream have their place in a chat request."""
    made = chat(
        system=[{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Be kind."}],
        stop_sequences=["#"],
        metadata={"user_id": "u"},
        stream=True,
    )
    assert made["messages"][0] == {"role": "system", "content": "Be brief.\n\nBe kind."}
    assert made["stop"] == ["#"]
    assert made["user"] == "u"
    assert made["stream_options"] == {"include_usage": True}


def test_fields_that_are_not_known_pass():
    """What a local server alone understands goes along; hints for Anthropic's servers do not."""
    made = chat(top_k=4, min_p=0.1, service_tier="auto", cache_control={"type": "ephemeral"})
    assert (made["top_k"], made["min_p"]) == (4, 0.1)
    assert made.keys() & {"service_tier", "cache_control"} == set()


def test_tools_and_the_choice_among_them():
    """Tools become functions; which must be called, and how many at once, is kept."""
    tool = {"name": "f", "description": "d", "input_schema": SCHEMA}
    made = chat(tools=[tool], tool_choice={"type": "any", "disable_parallel_tool_use": True})
    function = {"name": "f", "description": "d", "parameters": SCHEMA}
    assert made["tools"] == [{"type": "function", "function": function}]
    assert made["tool_choice"] == "required"
    assert made["parallel_tool_calls"] is False
    named = chat(tools=[tool], tool_choice={"type": "tool", "name": "f"})
    assert named["tool_choice"] == {"type": "function", "function": {"name": "f"}}
    assert chat(tool_choice={"type": "none"})["tool_choice"] == "none"


def test_tools_of_the_server_are_left_as_they_are():
    """A tool that only Anthropic's servers have is not dropped silently: others refuse it."""
    search = {"type": "web_search_20250305", "name": "web_search"}
    assert chat(tools=[search])["tools"] == [search]


@pytest.mark.parametrize(
    ("fields", "effort"),
    [
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, "low"),
        ({"thinking": {"type": "enabled", "budget_tokens": 10_000}}, "medium"),
        ({"thinking": {"type": "enabled", "budget_tokens": 60_000}}, "high"),
        ({"thinking": {"type": "disabled"}}, None),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}}, "high"),
        ({"output_config": {"effort": "low"}}, "low"),
    ],
)
def test_thinking_becomes_an_effort(fields: dict[str, Any], effort: str | None):
    """A budget for thoughts, or an effort, is told as the effort that OpenAI's dialect knows."""
    assert chat(**fields).get("reasoning_effort") == effort


def test_a_schema_for_the_answer_is_kept():
    """An answer that must fit a schema must do so in the chat request too."""
    made = chat(output_config={"format": {"type": "json_schema", "schema": SCHEMA}})
    assert made["response_format"]["json_schema"]["schema"] == SCHEMA


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": None}, "model"),
        ({"max_tokens": None}, "max_tokens"),
        ({"max_tokens": "9"}, "max_tokens"),
        ({"messages": []}, "messages"),
        ({"messages": ["hi"]}, "messages.0"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user"}]}, "messages.0.content"),
        (
            {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
            "messages.0.content.0.text",
        ),
        ({"tools": [{"name": "f"}]}, "tools.0.input_schema"),
        ({"tool_choice": {"type": "some"}}, "tool_choice.type"),
        ({"stop_sequences": [1]}, "stop_sequences"),
        ({"thinking": {"type": "enabled"}}, "thinking.budget_tokens"),
    ],
)
def test_wrong_fields_are_told_by_their_place(fields: dict[str, Any], param: str):
    """Whatever is missing or of a wrong type is refused, naming where it stands."""
    with pytest.raises(Malformed) as caught:
        chat(**fields)
    assert caught.value.param == param


def test_counting_asks_for_no_length():
    """A prompt can be counted without saying how long the answer may be."""
    body = {"model": "m", "messages": LEAST["messages"], "system": "Be brief."}
    assert [each["role"] for each in conversation(body)["messages"]] == ["system", "user"]


@given(
    st.dictionaries(st.sampled_from([*LEAST, "system", "tools", "tool_choice", "thinking",
        "output_config", "stop_sequences", "metadata", "stream"]), JSON),
    JSON,
)  # fmt: skip
def test_nothing_a_client_sends_breaks_it(fields: dict[str, Any], content: Any):
    """Any JSON is either understood or refused."""
    for role in ("user", "assistant"):
        for odd in (fields, {"messages": [{"role": role, "content": content}]}):
            with suppress(Malformed):
                to_chat(LEAST | odd)
