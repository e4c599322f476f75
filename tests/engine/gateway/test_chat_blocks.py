"""Chat chunks become blocks that follow each other, in whatever order they come."""

from __future__ import annotations

from itertools import count
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.gateway.chat_blocks import ChatBlocks, Counted, Step
from tests.engine.gateway.chats import ANSWERS, JSON, Said


def blocks() -> ChatBlocks:
    """Return blocks whose calls are numbered."""
    ids = count(1)
    return ChatBlocks(ids=lambda: str(next(ids)))


def chunk(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    """Return one chunk."""
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def call(at: int | None, arguments: str = "", **more: Any) -> dict[str, Any]:
    """Return one delta of a call."""
    name = more.pop("name", None)
    function = {"arguments": arguments} | ({"name": name} if name else {})
    return {"index": at, "function": function} | more


def told(steps: list[Step]) -> list[tuple[str, int, str]]:
    """Return what `steps` say, in short."""
    return [(step.what, step.block.number, step.text) for step in steps]


@given(ANSWERS, st.randoms(use_true_random=False))
def test_chunks_give_the_blocks_of_the_whole_answer(said: Said, random: Random):
    """However an answer is cut, its blocks are those of the answer in one piece."""
    whole, streamed = blocks(), blocks()
    whole.take(said.whole())
    whole.finish()
    for delta in said.deltas(random):
        streamed.take(chunk(**delta))
    streamed.finish()
    assert [(b.kind, b.id, b.name, b.text) for b in streamed.blocks] == [
        (b.kind, b.id, b.name, b.text) for b in whole.blocks
    ]


@given(ANSWERS, st.randoms(use_true_random=False))
def test_one_block_is_open_at_a_time(said: Said, random: Random):
    """Blocks are opened, filled and closed one after the other, and nothing of them is lost."""
    taken = blocks()
    steps = [step for delta in said.deltas(random) for step in taken.take(chunk(**delta))]
    steps += taken.finish()
    texts: dict[int, str] = {}
    is_open = False
    for what, number, text in told(steps):
        if what == "opened":
            assert not is_open
            assert number == len(texts)
            texts[number] = ""
        else:
            assert is_open
            assert number == len(texts) - 1
            texts[number] += text
        is_open = what != "closed"
    assert not is_open
    assert list(texts.values()) == [block.text for block in taken.blocks]


@given(JSON)
def test_what_is_no_chunk_changes_nothing(junk: Any):
    """Whatever a server sends, nothing raises."""
    taken = blocks()
    for odd in (junk, {"choices": junk}, {"choices": [junk]}, {"usage": junk}, {"error": junk}):
        taken.take(odd)
    for odd in ({"content": junk}, {"tool_calls": junk}, {"tool_calls": [{"function": junk}]}):
        taken.take({"choices": [{"delta": odd, "logprobs": junk, "finish_reason": junk}]})
    taken.finish()


def test_words_stream_as_they_come():
    """A word is told with the chunk that brings it; its block ends when another begins."""
    taken = blocks()
    assert told(taken.take(chunk(content="Hel"))) == [("opened", 0, ""), ("added", 0, "Hel")]
    assert told(taken.take(chunk(content="lo"))) == [("added", 0, "lo")]
    steps = taken.take(chunk(tool_calls=[call(0, id="a", name="f")]))
    assert told(steps) == [("closed", 0, ""), ("opened", 1, "")]


def test_a_later_call_waits_until_the_one_before_is_whole():
    """Arguments of two calls that come mixed are told one call after the other."""
    taken = blocks()
    taken.take(chunk(tool_calls=[call(0, '{"a":', id="a", name="f")]))
    assert taken.take(chunk(tool_calls=[call(1, "{", id="b", name="g")])) == []
    assert told(taken.take(chunk(tool_calls=[call(0, "1}")]))) == [
        ("added", 0, "1}"),
        ("closed", 0, ""),
        ("opened", 1, ""),
        ("added", 1, "{"),
    ]


def test_calls_that_share_an_index_are_told_apart_by_their_names():
    """A server that gives each call the index 0, or none, still makes several calls."""
    for at in (0, None):
        taken = blocks()
        taken.take(chunk(tool_calls=[call(at, "{}", id="a", name="f")]))
        taken.take(chunk(tool_calls=[call(at, "{}", id="b", name="g")]))
        assert [(b.id, b.name, b.text) for b in taken.blocks] == [
            ("a", "f", "{}"),
            ("b", "g", "{}"),
        ]


def test_a_call_without_a_name_of_its_own_gets_one():
    """A call that came without an id has one that its result can name."""
    taken = blocks()
    taken.take(chunk(tool_calls=[call(0, "{}", name="f"), call(1, "{}", name="f")]))
    assert [block.id for block in taken.blocks] == ["call_1", "call_2"]


def test_arguments_that_came_as_an_object_are_written_out():
    """A server that sends arguments decoded is understood."""
    taken = blocks()
    taken.take(chunk(tool_calls=[{"index": 0, "function": {"name": "f", "arguments": {"a": 1}}}]))
    assert taken.blocks[0].text == '{"a":1}'


def test_parts_of_a_content_are_its_words():
    """A content that is a list of parts is read as their text."""
    taken = blocks()
    taken.take(chunk(content=[{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]))
    assert taken.blocks[0].text == "ab"


def test_only_the_first_choice_is_read():
    """A second choice does not mix into the first."""
    taken = blocks()
    other = {"index": 1, "delta": {"content": "no"}}
    taken.take({"choices": [other, {"index": 0, "delta": {"content": "yes"}}]})
    assert [block.text for block in taken.blocks] == ["yes"]


def test_the_end_is_remembered():
    """Why it ended, at which word, what was counted and which error came are kept."""
    taken = blocks()
    last = chunk("stop", content="x")
    last["choices"][0]["stop_reason"] = "###"
    taken.take(last)
    details = {"prompt_tokens_details": {"cached_tokens": 3}}
    taken.take({"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2} | details})
    taken.take({"error": "gone"})
    assert (taken.finish_reason, taken.stop_sequence) == ("stop", "###")
    assert taken.counted == Counted(5, 2, cached=3)
    assert taken.error == {"message": "gone"}
