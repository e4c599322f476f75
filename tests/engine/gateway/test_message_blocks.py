"""Messages made of blocks say the same as messages of a chat."""

from __future__ import annotations

from typing import Any

import pytest

from engine.gateway.asking import Malformed
from engine.gateway.message_blocks import assistant_message, joined_text, user_messages

PNG = {"type": "base64", "media_type": "image/png", "data": "AAAA"}
SHOWN = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


def text(words: str) -> dict[str, Any]:
    """Return a block of text."""
    return {"type": "text", "text": words}


def test_texts_become_one_string():
    """Several blocks of text are one string, which every chat template takes."""
    assert user_messages([text("a"), text("b")], "c") == [{"role": "user", "content": "a\n\nb"}]
    assert joined_text("as it is", "c") == "as it is"


def test_pictures_are_kept_beside_the_words():
    """A picture by its data or its address stands where it stood."""
    url = {"type": "url", "url": "https://example.org/a.png"}
    blocks = [text("What?"), {"type": "image", "source": PNG}, {"type": "image", "source": url}]
    (message,) = user_messages(blocks, "c")
    assert message["content"][1] == SHOWN
    assert message["content"][2] == {"type": "image_url", "image_url": {"url": url["url"]}}


def test_results_of_tools_are_messages_of_their_own():
    """Results come before the user's words, each naming its call; failures are told as such."""
    blocks = [
        {"type": "tool_result", "tool_use_id": "a", "content": [text("12"), text("13")]},
        {"type": "tool_result", "tool_use_id": "b", "content": "no net", "is_error": True},
        text("Go on."),
    ]
    assert user_messages(blocks, "c") == [
        {"role": "tool", "tool_call_id": "a", "content": "12\n\n13"},
        {"role": "tool", "tool_call_id": "b", "content": "Error: no net"},
        {"role": "user", "content": "Go on."},
    ]


def test_a_picture_in_a_result_is_shown_by_the_user():
    """A tool's message holds words only: its picture follows in a message that may hold one."""
    block = {
        "type": "tool_result",
        "tool_use_id": "a",
        "content": [{"type": "image", "source": PNG}],
    }
    result, shown = user_messages([block], "c")
    assert result == {"role": "tool", "tool_call_id": "a", "content": ""}
    assert shown == {"role": "user", "content": [SHOWN]}


def test_documents_are_read_or_sent_as_files():
    """A document's text is text, a PDF is a file; where it comes from is told."""
    plain = {"type": "document", "title": "Notes", "source": {"type": "text", "data": "x"}}
    inner = {"type": "document", "source": {"type": "content", "content": [text("y")]}}
    pdf = {"type": "document", "source": PNG | {"media_type": "application/pdf"}}
    found = {"type": "search_result", "title": "T", "source": "S", "content": [text("z")]}
    assert user_messages([plain, inner, found], "c")[0]["content"] == "Notes\n\nx\n\ny\n\nT\nS\nz"
    (message,) = user_messages([pdf], "c")
    assert message["content"][0]["file"]["file_data"].startswith("data:application/pdf;base64,")


def test_calls_are_kept_with_their_arguments():
    """What a model said, thought and called is one message; nobody else's secrets are in it."""
    blocks = [
        {"type": "thinking", "thinking": "Hm.", "signature": "s"},
        {"type": "redacted_thinking", "data": "x"},
        text("Let me look."),
        {"type": "tool_use", "id": "a", "name": "look", "input": {"at": 1}},
    ]
    message = assistant_message(blocks, "c")
    function = {"name": "look", "arguments": '{"at":1}'}
    assert message == {
        "role": "assistant",
        "content": "Let me look.",
        "tool_calls": [{"id": "a", "type": "function", "function": function}],
        "reasoning_content": "Hm.",
    }


def test_thoughts_without_a_call_are_forgotten():
    """Thoughts go back only to a model in the middle of its calls."""
    blocks = [{"type": "thinking", "thinking": "Hm.", "signature": "s"}, text("Yes.")]
    assert assistant_message(blocks, "c") == {"role": "assistant", "content": "Yes."}


def test_blocks_that_are_not_known_stay_as_they_are():
    """What only Anthropic's servers know is sent along, not dropped."""
    block = {"type": "server_tool_use", "id": "a", "name": "web_search", "input": {}}
    assert assistant_message([block], "c")["content"] == [block]
    image = {"type": "image", "source": {"type": "file", "file_id": "f"}}
    assert user_messages([image], "c")[0]["content"] == [image]


@pytest.mark.parametrize(
    ("block", "param"),
    [
        ({}, "c.0.type"),
        ({"type": "image"}, "c.0.source"),
        ({"type": "image", "source": {"type": "base64"}}, "c.0.source.data"),
        ({"type": "tool_result", "content": "x"}, "c.0.tool_use_id"),
        ({"type": "tool_result", "tool_use_id": "a", "content": [{}]}, "c.0.content.0.type"),
    ],
)
def test_wrong_blocks_are_told_by_their_place(block: dict[str, Any], param: str):
    """A block that says nothing is refused, naming where it stands."""
    with pytest.raises(Malformed) as caught:
        user_messages([block], "c")
    assert caught.value.param == param
