"""Chat and completion calls."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from engine.errors import Overloaded
from engine.exchange import Task
from engine.gateway import chat
from engine.gateway.asking import Malformed
from engine.gateway.ports import Call, Result
from tests.engine.gateway.fake_router import FakeRouter, completion

CHAT, COMPLETE = "/v1/chat/completions", "/v1/completions"
HELLO = {"role": "user", "content": "Hello"}


def ask(router: FakeRouter, path: str, body: object) -> Result:
    """Return what the family's handler answers."""
    handler = chat.routes(router)["POST", path]
    return asyncio.run(handler(Call("POST", path, "req_1", "me", body=msgspec.json.encode(body))))


def test_chat():
    """A chat goes to the router as it is, and its answer comes back as it is."""
    router = FakeRouter()
    body = {"model": "m", "messages": [HELLO], "x": 1}
    assert msgspec.json.decode(ask(router, CHAT, body).body) == completion("Hello there")
    (request,) = router.requests
    assert (request.task, request.via, request.body) == (Task.CHAT, "chat", body)


def test_completion():
    """A text goes to the router as a completion."""
    router = FakeRouter()
    ask(router, COMPLETE, {"prompt": ["a", "b"]})
    assert (router.requests[0].task, router.requests[0].via) == (Task.COMPLETION, "completion")


def test_errors_pass():
    """What the router raises goes on to the door."""
    with pytest.raises(Overloaded):
        ask(FakeRouter(error=Overloaded("full")), CHAT, {"messages": [HELLO]})


@pytest.mark.parametrize(
    ("messages", "param"),
    [
        (None, "messages"),
        ([], "messages"),
        ("hello", "messages"),
        (["hello"], "messages[0]"),
        ([HELLO, {"content": "no role"}], "messages[1]"),
        ([{"role": 1, "content": "x"}], "messages[0]"),
        ([{"role": "user", "content": 3}], "messages[0].content"),
        ([{"role": "user", "content": ["x"]}], "messages[0].content"),
        ([{"role": "user", "content": [{"text": "x"}]}], "messages[0].content"),
    ],
)
def test_what_is_no_conversation(messages: object, param: str):
    """A wrong message is named, and no model is asked."""
    router = FakeRouter()
    with pytest.raises(Malformed) as error:
        ask(router, CHAT, {"messages": messages})
    assert error.value.param == param
    assert router.requests == []


@pytest.mark.parametrize("prompt", [None, [], 5, {}])
def test_what_is_no_prompt(prompt: object):
    """A completion needs a text."""
    with pytest.raises(Malformed, match="prompt"):
        ask(FakeRouter(), COMPLETE, {"prompt": prompt})


def test_images_and_calls_pass():
    """Parts, tool calls without words and tools' answers are good messages."""
    messages = [
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
        {"role": "tool", "tool_call_id": "1", "content": ""},
        {"role": "assistant", "tool_calls": []},
    ]
    assert ask(FakeRouter(), CHAT, {"messages": messages}).status == 200
