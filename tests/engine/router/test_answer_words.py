"""The words of an answer are overheard on their way."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from engine.exchange import DONE, Reply
from engine.router.answer_words import LONGEST, overhear, words_of
from tests.engine.router.world import event


def delta(text, index=0):
    return event({"id": "x", "choices": [{"index": index, "delta": {"content": text}}]})


def through(*pieces):
    """Return what came out of a stream of `pieces`, and the words that were heard."""

    async def work():
        async def stream():
            for piece in pieces:
                yield piece

        reply = Reply("m", "s", stream=stream())
        words = overhear(reply)
        return [piece async for piece in reply.stream], words()

    return asyncio.run(work())


def test_words_of_a_stream():
    """The first choice's words are heard; usage, other choices and the end are not words."""
    pieces = [delta("Hel"), delta("lo") + delta("!", 1), event({"choices": [], "usage": {}}), DONE]
    assert through(*pieces) == (pieces, "Hello")


def test_words_of_anthropic():
    """Anthropic's events have words too."""
    start = event({"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Hi"}})
    stop = event({"type": "message_delta", "delta": {"stop_reason": "end_turn"}})
    assert through(b"event: content_block_delta\n" + start, stop)[1] == "Hi"


def test_words_of_a_whole_answer():
    """A whole answer's words are those of its first choice, in either dialect."""
    assert words_of(b'{"choices":[{"message":{"content":"Hello"}}]}') == "Hello"
    assert words_of(b'{"choices":[{"text":"Hello"}]}') == "Hello"
    assert words_of(b'{"content":[{"type":"text","text":"Hello"}]}') == "Hello"
    assert words_of(b'{"choices":[{"message":{"content":null,"tool_calls":[]}}]}') == ""
    assert words_of(b"<html>") == ""


def test_long_answers_are_cut():
    """Words are kept up to a length; the pieces all go on."""
    pieces = [delta("x" * 9_999)] * 5
    came, words = through(*pieces)
    assert came == pieces
    assert len(words) == LONGEST


def test_stream_that_is_closed_before_it_began():
    """Closing the stream closes what is behind it, also when nobody has read a piece."""
    closed = []

    async def work():
        async def stream():
            try:
                yield b"never read"
            finally:
                closed.append("here")

        inner = stream()
        await anext(inner)
        reply = Reply("m", "s", stream=inner)
        overhear(reply)
        await reply.aclose()
        await reply.aclose()

    asyncio.run(work())
    assert closed == ["here"]


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_pieces_go_on_untouched(pieces):
    """Whatever a server sends goes on as it is."""
    came, words = through(*(b"data: " + piece + b"\n\n" for piece in pieces))
    assert came == [b"data: " + piece + b"\n\n" for piece in pieces]
    assert isinstance(words, str)
