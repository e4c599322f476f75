"""Whole turns go along, the newest that fit; what a session remembers is what is new."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.router.memory import fitting, text_in, turns_of, worth_keeping
from engine.tokens import message_tokens

Message = dict[str, Any]
WORDS = st.text(alphabet="ab ü京", max_size=40)


def said(role: str, content: str = "x") -> Message:
    return {"role": role, "content": content}


def call(*ids: str) -> Message:
    return {"role": "assistant", "content": None, "tool_calls": [{"id": id} for id in ids]}


def result(id: str) -> Message:
    return {"role": "tool", "tool_call_id": id, "content": "4"}


@st.composite
def conversations(draw: st.DrawFn) -> list[Message]:
    """Return messages in any order: turns with calls, some lacking results, and instructions."""
    messages: list[Message] = []
    for number in range(draw(st.integers(0, 8))):
        kind = draw(st.sampled_from(["user", "assistant", "system", "call", "cut", "stray"]))
        if kind in ("user", "assistant", "system"):
            messages.append(said(kind, draw(WORDS)))
        elif kind == "call":
            messages += [call(f"c{number}"), result(f"c{number}")]
        elif kind == "cut":
            messages.append(call(f"c{number}"))
        else:
            messages.append(result("nobody's"))
    return messages


@given(earlier=conversations(), most_tokens=st.integers(-5, 200))
def test_what_goes_along_fits_and_is_sound(earlier: list[Message], most_tokens: int) -> None:
    """Never more than the room; it begins with the user; every call has its result and back."""
    chosen = fitting(earlier, [said("user")], most_tokens)
    assert sum(message_tokens(each) for each in chosen) <= max(0, most_tokens)
    if chosen:
        assert chosen[0]["role"] == "user"
    calls = [one["id"] for each in chosen for one in each.get("tool_calls") or ()]
    results = [each["tool_call_id"] for each in chosen if each["role"] == "tool"]
    assert sorted(set(calls)) == sorted(set(results))
    sound = fitting(earlier, [said("user")], 1_000_000)
    assert chosen == sound[len(sound) - len(chosen) :]


@given(earlier=conversations())
def test_with_room_every_sound_turn_goes_along(earlier: list[Message]) -> None:
    """Where there is room nothing is left out but unsound turns and what belongs to no turn."""
    chosen = fitting(earlier, [said("user")], 1_000_000)
    sound = [
        turn
        for turn in turns_of(earlier)
        if {one["id"] for each in turn for one in each.get("tool_calls") or ()}
        == {each["tool_call_id"] for each in turn if each["role"] == "tool"}
    ]
    assert chosen == [message for turn in sound for message in turn]


def test_the_newest_turns_go_along() -> None:
    """Where not all fits, the oldest turns stay behind, each as a whole."""
    earlier = [said("user", "old"), said("assistant"), said("user", "new"), said("assistant")]
    room = sum(message_tokens(each) for each in earlier) - 1
    assert fitting(earlier, [said("user")], room) == earlier[2:]


def test_a_result_finds_the_call_that_was_remembered() -> None:
    """A request that begins with a tool's result gets the turn with the call; others do not."""
    earlier = [said("user"), call("c1")]
    assert fitting(earlier, [result("c1")], 100) == earlier
    assert fitting(earlier, [said("system"), result("c1"), said("user")], 100) == earlier
    assert fitting(earlier, [said("user")], 100) == []
    assert fitting(earlier, [result("c2")], 100) == []


def test_only_what_is_new_is_kept() -> None:
    """Instructions and what was answered before are left out; calls are kept whole."""
    own = [said("system"), said("user", "1"), said("assistant", "2"), said("user", "3")]
    kept = worth_keeping(own, call("c1"))
    assert [(each.role, each.content) for each in kept] == [("user", "3"), ("assistant", "")]
    assert kept[0].whole is None
    assert kept[1].whole == call("c1")


def test_the_words_of_a_picture_are_its_text() -> None:
    """Of parts, the texts are joined; pictures and odd things say nothing."""
    parts = [{"type": "text", "text": "see"}, {"type": "image_url"}, {"text": 3}, "x"]
    assert text_in(parts) == "see"
    assert text_in(None) == ""
