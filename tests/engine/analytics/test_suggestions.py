"""Suggestions that wait for what their answers earn."""

from __future__ import annotations

from random import Random

import pytest

from engine.analytics.observations import Observation, StudyKey
from engine.analytics.suggestions import Suggestions, check_age, unknown
from engine.errors import Rejected

KEY = StudyKey("m", "chat")


def test_ids_are_never_given_twice():
    """A thousand ids are a thousand."""
    waiting = Suggestions(Random(1))
    assert len({waiting.new_id() for _ in range(1000)}) == 1000


def test_found_by_id_and_by_request():
    """A suggestion is found by both, until it is removed."""
    waiting = Suggestions(Random(1))
    found = Observation("a", KEY, 1.0, request_id="req-1")
    waiting.add(found)
    assert waiting.find("a") is waiting.of_request("req-1") is found
    waiting.remove("a")
    waiting.remove("a")
    assert waiting.find("a") is waiting.of_request("req-1") is None


def test_the_last_suggestion_of_a_request_counts():
    """Where another model had to answer, the request belongs to the suggestion for that one."""
    waiting = Suggestions(Random(1))
    for id in ("a", "b"):
        waiting.add(Observation(id, KEY, 1.0, request_id="req-1"))
    waiting.remove("a")
    found = waiting.of_request("req-1")
    assert found is not None
    assert found.id == "b"


def test_memory_is_bounded():
    """The oldest leave, with what leads to them."""
    waiting = Suggestions(Random(1), most=3)
    for number in range(10):
        waiting.add(Observation(str(number), KEY, 1.0, request_id=f"req-{number}"))
        found = Observation(str(number), KEY, 1.0, over_s=float(number))
        waiting.over(found)
    assert [each.id for each in waiting.latest(5)] == ["9", "8", "7"]
    assert waiting.of_request("req-0") is None
    assert len(waiting) == 3
    assert [each.id for each in waiting.due(100.0)] == ["7", "8", "9"]


def test_an_answer_is_due_once():
    """Those that nobody rated are due after their time, those that count already never."""
    waiting = Suggestions(Random(1))
    for number in range(4):
        found = Observation(str(number), KEY, 1.0, over_s=float(number))
        waiting.add(found)
        waiting.over(found)
    rated = waiting.find("1")
    assert rated is not None
    rated.counted_s = 1.0
    assert [each.id for each in waiting.due(2.0)] == ["0", "2"]
    assert waiting.due(2.0) == []
    assert [each.id for each in waiting.due(3.0)] == ["3"]


def test_what_is_too_old_is_told():
    """A suggestion that expired says how old it is, and which setting decides."""
    found = Observation("a", KEY, 0.0)
    check_age(found, 3600.0, 3600.0)
    with pytest.raises(Rejected, match="made 2 hours ago") as caught:
        check_age(found, 7200.0, 3600.0)
    assert (caught.value.status, caught.value.code) == (410, "suggestion_expired")


def test_an_unknown_id_is_told_in_part():
    """However long an id is that nobody knows, the message stays short."""
    error = unknown("request_id", "x" * 10_000)
    assert len(str(error)) < 500
    assert (error.status, error.param) == (404, "request_id")
