from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.chat_stream import Turn, figures_of
from app.chat_values import EntryState
from engine.exchange import Reply, Usage

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def turn():
    turn = Turn(7, "balanced", NOW)
    turn.answered_by(Reply("qwen:7b", "Ollama", "d1"))
    return turn


def words(text="", **delta):
    return {"choices": [{"delta": {"content": text, **delta}}]}


def test_words_are_joined_as_they_come(turn):
    """Each look shows everything so far; without news it is the very same object."""
    turn.take(words("Hel"))
    assert turn.entry().text == "Hel"
    turn.take(words("lo"))
    seen = turn.entry()
    assert (seen.text, seen.state, seen.model) == ("Hello", EntryState.STREAMING, "qwen:7b")
    assert turn.entry() is seen


@pytest.mark.parametrize(
    "pieces", [["<think>a b</think>\n\nyes"], list("<think>a b</think>\n\nyes")]
)
def test_thoughts_are_no_part_of_the_answer(turn, pieces):
    """What stands between the signs of thinking is told apart, however it is cut into pieces."""
    for piece in pieces:
        turn.take(words(piece))
        assert "<" not in turn.entry().text
    assert (turn.entry().reasoning, turn.entry().text) == ("a b", "yes")


def test_reasoning_has_a_field_of_its_own(turn):
    """Servers that send it beside the answer are understood too."""
    turn.take(words("", reasoning_content="hm "))
    turn.take(words("yes", reasoning="well"))
    assert (turn.entry().reasoning, turn.entry().text) == ("hm well", "yes")


@pytest.mark.parametrize(
    "odd", [None, 5, [], {"choices": None}, {"choices": [{}]}, {"choices": [{"delta": None}]}]
)
def test_odd_chunks_are_passed_over(turn, odd):
    """A chunk without words changes nothing that is read."""
    turn.take(words("a"))
    turn.take(odd)
    assert turn.entry().text == "a"


def test_an_error_in_the_stream_is_a_failure(turn):
    """What had come stays, beside the server's reason."""
    turn.take(words("half"))
    turn.take({"error": {"message": "out of memory"}})
    turn.over(EntryState.DONE)
    seen = turn.entry()
    assert (seen.text, seen.state, seen.problem) == ("half", EntryState.FAILED, "out of memory")


def test_the_first_end_counts(turn):
    """An answer that was stopped does not become a finished one."""
    turn.over(EntryState.STOPPED)
    turn.over(EntryState.DONE)
    assert turn.entry().state is EntryState.STOPPED
    assert turn.entry().figures == {"stopped": 1.0}


def test_figures_tell_what_is_known():
    """Tokens a second are those after the first; nothing is made up where nothing was measured."""
    reply = Reply("m", "e", usage=Usage(10, 50), first_byte_s=0.5, ended_s=1.5, cost_usd=0.25)
    assert figures_of(reply) == {
        "first_token_ms": 500,
        "total_ms": 1500,
        "prompt_tokens": 10,
        "completion_tokens": 50,
        "tokens_per_s": 50,
        "cost_usd": 0.25,
    }
    assert figures_of(Reply("m", "e")) == {}
    cached = Reply("m", "e", cached="hit", usage=Usage(1, 5), first_byte_s=0.0, ended_s=0.01)
    assert "tokens_per_s" not in figures_of(cached)
    assert figures_of(cached)["cached"] == 1
