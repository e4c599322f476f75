"""Items of a response say the same as messages of a chat."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given

from engine.gateway.asking import Malformed
from engine.gateway.response_items import items_of, kind_of, messages_of
from tests.engine.gateway.chats import JSON

CALL = {"type": "function_call", "call_id": "a", "name": "look", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "a", "output": "Rain."}
PICTURE = {"type": "input_image", "image_url": "data:image/png;base64,AA", "detail": "low"}
SHOWN = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA", "detail": "low"}}


def said(role: str, content: Any) -> dict[str, Any]:
    """Return a message as clients write it in short."""
    return {"role": role, "content": content}


def call(id: str) -> dict[str, Any]:
    """Return the call `id` as a chat has it."""
    return {"id": id, "type": "function", "function": {"name": "look", "arguments": "{}"}}


def test_a_string_is_what_the_user_says():
    """An input that is a string is one message."""
    assert messages_of(items_of("Hello")) == [{"role": "user", "content": "Hello"}]


def test_roles_are_those_that_servers_know():
    """A developer's words are a system prompt; the others stay who they are."""
    sent = [said(role, role) for role in ("developer", "system", "user", "assistant")]
    roles = [message["role"] for message in messages_of(sent)]
    assert roles == ["system", "system", "user", "assistant"]


def test_what_the_model_said_goes_back_as_text():
    """A response's own output can be sent again."""
    parts = [
        {"type": "output_text", "text": "a", "annotations": []},
        {"type": "refusal", "refusal": "b"},
    ]
    assert messages_of([said("assistant", parts)])[0]["content"] == "a\nb"


def test_pictures_files_and_sound_are_kept():
    """What is no text stands in parts, where a chat has it."""
    file = {
        "type": "input_file",
        "filename": "a.pdf",
        "file_data": "data:application/pdf;base64,AA",
    }
    sound = {"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}}
    words = {"type": "input_text", "text": "What?"}
    (message,) = messages_of([said("user", [words, PICTURE, file, sound])])
    assert message["content"][1] == SHOWN
    assert message["content"][2]["file"]["filename"] == "a.pdf"
    assert message["content"][3] == sound


def test_calls_in_a_row_are_one_message():
    """Calls belong to the message before them, and their outputs follow."""
    calls = [CALL, CALL | {"call_id": "b"}]
    outputs = [OUTPUT, OUTPUT | {"call_id": "b"}]
    assert messages_of([said("user", "?"), said("assistant", "Look:"), *calls, *outputs]) == [
        {"role": "user", "content": "?"},
        {"role": "assistant", "content": "Look:", "tool_calls": [call("a"), call("b")]},
        {"role": "tool", "tool_call_id": "a", "content": "Rain."},
        {"role": "tool", "tool_call_id": "b", "content": "Rain."},
    ]


def test_a_call_after_an_output_is_a_message_of_its_own():
    """Each round of calls has its message."""
    made = messages_of([CALL, OUTPUT, CALL | {"call_id": "b"}])
    assert [message["role"] for message in made] == ["assistant", "tool", "assistant"]


def test_thoughts_go_back_with_their_calls_only():
    """A model in the middle of its calls gets its thoughts back; later they are forgotten."""
    thought = {
        "type": "reasoning",
        "summary": [],
        "content": [{"type": "reasoning_text", "text": "Hm."}],
    }
    assert messages_of([thought, CALL])[0]["reasoning_content"] == "Hm."
    summary = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]}
    assert messages_of([summary, said("assistant", "Yes.")]) == [said("assistant", "Yes.")]


def test_a_picture_in_an_output_is_shown_by_the_user():
    """A tool's message holds words only: its picture follows."""
    parts = [{"type": "input_text", "text": "See:"}, PICTURE]
    tool, user = messages_of([OUTPUT | {"output": parts}])
    assert tool["content"] == "See:"
    assert user == {"role": "user", "content": [SHOWN]}


@pytest.mark.parametrize(
    ("item", "param"),
    [
        ({"type": "web_search_call", "id": "a"}, "input[0].type"),
        ({}, "input[0].type"),
        (said("robot", "x"), "input[0].role"),
        (said("user", 3), "input[0].content"),
        (said("system", [PICTURE]), "input[0].content"),
        (said("user", [{"type": "input_image", "file_id": "f"}]), "input[0].content[0].file_id"),
        (said("user", [{"type": "input_file", "file_id": "f"}]), "input[0].content[0].type"),
        (said("user", [{"type": "hologram"}]), "input[0].content[0].type"),
        (CALL | {"arguments": {}}, "input[0].arguments"),
        (OUTPUT | {"call_id": None}, "input[0].call_id"),
    ],
)
def test_what_cannot_be_said_is_told_by_its_place(item: dict[str, Any], param: str):
    """An item that a chat cannot hold is refused, naming where it stands in what was sent now."""
    with pytest.raises(Malformed) as caught:
        messages_of([item], known=[CALL, OUTPUT])
    assert caught.value.param == param


def test_types_may_be_left_out():
    """A message and a reference are known without their type."""
    assert [kind_of(item) for item in (said("user", "x"), {"id": "a"}, {"type": 3})] == [
        "message",
        "item_reference",
        "",
    ]


@given(JSON)
def test_nothing_a_client_sends_breaks_it(junk: Any):
    """Any JSON is either understood or refused."""
    for odd in (junk, [junk], [said("user", junk)], [CALL | {"arguments": junk}]):
        with suppress(Malformed):
            messages_of(items_of(odd))
    for kind in ("reasoning", "function_call_output"):
        with suppress(Malformed):
            messages_of([{"type": kind, "call_id": "a", "output": junk, "content": junk}])
