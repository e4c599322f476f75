from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from app.ui.activity_requests import KEY, curl_of, example_curl, request_text
from tests.app.ui.requests import GOOD

ADDRESS = "http://127.0.0.1:11480/v1"


def words_of(command):
    """Return a command as a shell would split it."""
    return shlex.split(command.replace("\\\n", " "))


def body_of(command):
    """Return what a command sends."""
    words = words_of(command)
    return json.loads(words[words.index("-d") + 1])


def test_a_request_reads_like_a_conversation():
    """Who said what, then the parameters."""
    text = request_text(GOOD.request)
    assert text.startswith("System\nBe brief.\n\nUser\nWhat's the capital of Portugal?\n\nParam")
    assert '"stream": true' in text
    assert "messages" not in text


def test_parts_of_a_message_are_told():
    """Pictures are named, tools with their arguments, what is odd as it is."""
    body = {
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Look"}, {"type": "image_url"}]},
            {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]},
            "odd",
        ],
        "input": ["a", "b"],
    }
    assert request_text(body) == "User\nLook\n[image_url]\n\nAssistant\ncalls f({})\n\nodd\n\na\nb"
    assert request_text(None) == ""


def test_a_command_sends_the_same_again():
    """Pasted into a shell it has the whole body, the address, and no key."""
    command = curl_of(GOOD, ADDRESS)
    words = words_of(command)
    assert words[:2] == ["curl", f"{ADDRESS}/chat/completions"]
    assert f"Authorization: Bearer {KEY}" in words
    assert body_of(command) == GOOD.request


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=60))
def test_no_question_breaks_the_command(question):
    """Quotes, dollars and line ends arrive as they were."""
    body = {"model": "m", "messages": [{"role": "user", "content": question}]}
    command = curl_of(replace(GOOD, request=body), ADDRESS)
    words = shlex.split(command.replace(" \\\n  ", " "))
    assert json.loads(words[words.index("-d") + 1]) == body


def test_a_request_whose_text_was_not_kept_has_a_stand_in():
    """The beginning of the question stands for it, in the shape its door wants."""
    bare = replace(GOOD, request=None)
    assert body_of(curl_of(bare, ADDRESS))["messages"][0]["content"] == GOOD.question
    assert body_of(curl_of(bare, ADDRESS))["stream"] is True
    embedding = curl_of(replace(bare, kind="embedding"), ADDRESS)
    assert body_of(embedding) == {"model": "fast", "input": GOOD.question}
    assert f"{ADDRESS}/embeddings" in embedding
    assert "-F file=@" in curl_of(replace(bare, kind="transcription", asked="whisper-1"), ADDRESS)


def test_the_example_can_be_pasted():
    """It reads the key from its file, wherever that lies."""
    command = example_curl(ADDRESS, Path("/home/me/my keys/gateway.key"))
    assert "$(cat '/home/me/my keys/gateway.key')" in command
    assert body_of(command)["model"] == "auto"
