"""The request for a language model, and the reply."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from engine.exchange import DONE, LlmRequest, Reply


async def stream(*pieces: bytes) -> AsyncGenerator[bytes, None]:
    """Yield `pieces`."""
    for piece in pieces:
        yield piece


@pytest.mark.parametrize(("value", "is_stream"), [(True, True), (False, False), (1, False)])
def test_only_true_asks_for_a_stream(value: object, is_stream: bool):
    """What is no boolean is no wish."""
    assert LlmRequest("m", {"stream": value}).is_stream is is_stream


@pytest.mark.parametrize("body", [{}, {"messages": None}, {"messages": "hello"}])
def test_what_is_no_chat_has_no_messages(body: dict[str, object]):
    """A field of another type is no conversation."""
    assert LlmRequest("m", body).messages == []


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"choices":[{"message":{"content":"hi"}}]}', "hi"),
        (b'{"choices":[{"text":"hi"}]}', "hi"),
        (b'{"choices":[{"message":{"content":null}}]}', ""),
        (b'{"choices":[]}', ""),
        (b"{}", ""),
    ],
)
def test_the_words_of_an_answer(body: bytes, text: str):
    """Chats and completions have words; calls of tools have none."""
    assert Reply("m", "e", body=body).text == text


def test_a_stream_is_read_chunk_by_chunk():
    """Joined events are taken apart, and the end is no chunk."""

    async def read() -> list[object]:
        reply = Reply("m", "e", stream=stream(b'data: {"a":1}\n\ndata: {"a":2}\n\n', DONE))
        with pytest.raises(ValueError, match="iterate"):
            reply.json()
        return [chunk async for chunk in reply]

    assert asyncio.run(read()) == [{"a": 1}, {"a": 2}]


def test_a_whole_answer_is_no_stream():
    """Who iterates over it has forgotten to ask for a stream."""

    async def read() -> None:
        async for _ in Reply("m", "e", body=b"{}"):
            pass

    with pytest.raises(ValueError, match="no stream"):
        asyncio.run(read())


def test_who_waits_for_the_end_hears_of_it_once():
    """Before or after the end: each is called once."""
    heard: list[str] = []
    reply = Reply("m", "e")
    reply.when_over(lambda _: heard.append("before"))
    reply.finish()
    reply.finish()
    reply.when_over(lambda _: heard.append("after"))
    assert heard == ["before", "after"]
