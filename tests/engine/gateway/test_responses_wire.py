"""A request of the Responses dialect asks the same in a chat, and is repeated in its response."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.gateway.asking import Malformed
from engine.gateway.response_items import items_of
from engine.gateway.responses_wire import repeated, to_chat, wants_logprobs
from tests.engine.gateway.chats import JSON

SCHEMA = {"type": "object", "properties": {}}
TOOL = {
    "type": "function",
    "name": "look",
    "description": "d",
    "parameters": SCHEMA,
    "strict": True,
}
FUNCTION = {name: TOOL[name] for name in ("name", "description", "parameters", "strict")}
FIELDS = [
    *("model", "input", "instructions", "tools", "tool_choice", "text", "reasoning", "stream"),
    *("max_output_tokens", "include", "top_logprobs", "metadata", "background", "tool_choice"),
]


def chat(**fields: Any) -> dict[str, Any]:
    """Return the chat request of a short request with `fields`."""
    return to_chat({"model": "m"} | fields, items_of("Hi"))


def test_the_least_request():
    """A model and a sentence are all that is needed."""
    assert chat() == {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


def test_fields_with_another_name_are_renamed():
    """Instructions, length, effort and stream have their place in a chat request."""
    made = chat(
        instructions="Be brief.",
        max_output_tokens=9,
        reasoning={"effort": "low", "summary": "auto"},
        stream=True,
        text={"verbosity": "low"},
        top_logprobs=2,
    )
    assert made["messages"][0] == {"role": "system", "content": "Be brief."}
    assert (made["max_tokens"], made["reasoning_effort"]) == (9, "low")
    assert made["stream_options"] == {"include_usage": True}
    assert made["verbosity"] == "low"
    assert (made["logprobs"], made["top_logprobs"]) == (True, 2)


def test_fields_that_are_not_known_pass():
    """Sampling and what a local server alone understands go along; hints for OpenAI's do not."""
    made = chat(temperature=0.1, top_k=4, user="u", prompt_cache_key="k", metadata={"a": "b"})
    assert made | {"temperature": 0.1, "top_k": 4, "user": "u"} == made
    assert made.keys() & {"prompt_cache_key", "metadata", "store"} == set()


def test_tools_and_the_choice_among_them():
    """Tools are functions; which may and must be called is kept."""
    made = chat(tools=[TOOL], tool_choice={"type": "function", "name": "look"})
    assert made["tools"] == [{"type": "function", "function": FUNCTION}]
    assert made["tool_choice"] == {"type": "function", "function": {"name": "look"}}
    listed = [{"type": "function", "name": "look"}]
    allowed = {"type": "allowed_tools", "mode": "required", "tools": listed}
    made = chat(tools=[TOOL, TOOL | {"name": "other"}], tool_choice=allowed)
    assert [each["function"]["name"] for each in made["tools"]] == ["look"]
    assert made["tool_choice"] == "required"


@pytest.mark.parametrize(
    ("form", "made"),
    [
        ({"type": "text"}, None),
        ({"type": "json_object"}, {"type": "json_object"}),
        (
            {"type": "json_schema", "name": "a", "schema": SCHEMA, "strict": True},
            {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA, "strict": True}},
        ),
    ],
)
def test_the_format_of_the_answer(form: dict[str, Any], made: dict[str, Any] | None):
    """Text, JSON and JSON of a schema are asked for in a chat's words."""
    assert chat(text={"format": form}).get("response_format") == made


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": None}, "model"),
        ({"background": True}, "background"),
        ({"conversation": "c"}, "conversation"),
        ({"prompt": {"id": "p"}}, "prompt"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"tool_choice": "some"}, "tool_choice"),
        ({"tool_choice": {"type": "mcp"}}, "tool_choice.type"),
        ({"text": {"format": {"type": "grammar"}}}, "text.format.type"),
        ({"text": {"format": {"type": "json_schema"}}}, "text.format.name"),
        ({"max_output_tokens": "9"}, "max_output_tokens"),
        ({"metadata": []}, "metadata"),
        ({"instructions": []}, "instructions"),
    ],
)
def test_what_cannot_be_done_is_told_by_its_place(fields: dict[str, Any], param: str):
    """Whatever is missing, wrong or not possible here is refused, naming where it stands."""
    with pytest.raises(Malformed) as caught:
        chat(**fields)
    assert caught.value.param == param


def test_an_empty_request_says_nothing():
    """A request without a word is refused."""
    with pytest.raises(Malformed, match="must say something"):
        to_chat({"model": "m"}, [])


def test_probabilities_are_asked_for_in_two_ways():
    """Both the number of alternatives and the list of extras ask for them."""
    assert wants_logprobs({"top_logprobs": 1})
    assert wants_logprobs({"include": ["message.output_text.logprobs"]})
    assert not wants_logprobs({"include": ["reasoning.encrypted_content"]})


def test_what_was_asked_is_repeated():
    """A response says how it was asked for, and what counts where nothing was said."""
    told = repeated({"tools": [{"type": "function", "name": "look"}], "temperature": 0.0})
    assert told["tools"][0] == {
        "type": "function",
        "name": "look",
        "description": None,
        "parameters": None,
        "strict": None,
    }
    assert (told["temperature"], told["top_p"], told["store"]) == (0.0, 1.0, True)
    assert repeated({"store": False})["store"] is False


@given(st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_nothing_a_client_sends_breaks_it(fields: dict[str, Any]):
    """Any JSON is either understood or refused."""
    with suppress(Malformed):
        to_chat({"model": "m"} | fields, items_of("Hi"))
        repeated(fields)
