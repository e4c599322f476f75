from __future__ import annotations

from datetime import UTC, datetime

from app.chat_messages import TITLE_LETTERS, UNTITLED, messages_for, title_of
from app.chat_values import ChatEntry

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def said(key, role, text, asked="", model=""):
    return ChatEntry(key, role, text, NOW, asked=asked, model=model)


PAIR = (
    said(1, "user", "Why?"),
    said(2, "assistant", "Because of a.", "a", "a-1"),
    said(3, "assistant", "Because of b.", "b", "b-1"),
    said(4, "user", "And?"),
)


def test_each_model_is_told_its_own_answer():
    """Where two have answered, each goes on from what it said itself, by either of its names."""
    for model, own in (("a", "a"), ("b", "b"), ("b-1", "b"), ("c", "a")):
        told = messages_for(PAIR, model, "")
        assert [one["content"] for one in told] == ["Why?", f"Because of {own}.", "And?"]


def test_answers_without_words_are_not_told():
    """What failed before its first word leaves no trace in what is sent."""
    told = messages_for((said(1, "user", "Why?"), said(2, "assistant", "", "a")), "a", "")
    assert told == [{"role": "user", "content": "Why?"}]


def test_the_system_prompt_goes_first():
    """It is told before everything else, and a blank one not at all."""
    assert messages_for(PAIR[:1], "a", " Be brief. ")[0] == {
        "role": "system",
        "content": "Be brief.",
    }
    assert messages_for(PAIR[:1], "a", "  ")[0]["role"] == "user"


def test_a_title_is_the_first_line():
    """It is cut between words where it is long, and never empty."""
    assert title_of("\n## Plan a week\nin Lisbon") == "Plan a week"
    assert title_of("```") == UNTITLED
    long = title_of("word " * 40)
    assert len(long) <= TITLE_LETTERS + 1
    assert long.endswith("word…")
