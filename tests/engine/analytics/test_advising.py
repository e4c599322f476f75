"""Requests on their way, and what their answers tell by themselves."""

from __future__ import annotations

import pytest

from engine.analytics.advising import (
    MOST_REMEMBERED,
    Repeats,
    filled_in,
    mark_of,
    sent_values,
    signs_of,
)
from engine.analytics.observations import Observation, StudyKey
from engine.exchange import Native
from tests.engine.analytics.opened import reply, request

NAMES = frozenset({"temperature", "max_tokens"})


def observation(over_s: float | None = 1.0) -> Observation:
    return Observation("a", StudyKey("m", "chat"), 0.0, over_s=over_s)


def test_what_a_client_set_is_known_by_every_name():
    """A limit under its newer name is the same parameter; null sets nothing."""
    assert sent_values({"max_completion_tokens": 5, "temperature": None}, NAMES) == {
        "max_tokens": 5
    }
    assert sent_values({"temperature": 0, "top_p": 1}, NAMES) == {"temperature": 0}
    assert sent_values({"temperature": [1]}, NAMES) == {"temperature": "(odd)"}


def test_what_is_filled_in_reaches_both_dialects():
    """A request in Anthropic's dialect gets what that knows, and keeps what it said itself."""
    native = Native("anthropic", {"model": "c", "max_tokens": 7})
    asked = request(of_request={"native": native})
    found = filled_in(asked, {"temperature": 0.2, "max_tokens": 9, "min_p": 0.1})
    assert found.body["min_p"] == 0.1
    assert found.native is not None
    assert found.native.body == {"model": "c", "max_tokens": 7, "temperature": 0.2}
    assert "temperature" not in asked.body
    assert filled_in(asked, {}) is asked


@pytest.mark.parametrize(
    ("words", "is_json"),
    [("[1]", True), ("{", False), ("", False), ("[" * 30_001, None), ("[" * 29_000, False),
     (None, None)],
)  # fmt: skip
def test_whether_an_answer_is_json(words, is_json):
    """Valid and broken JSON are told apart; what is too long to know is not judged."""
    assert signs_of(reply(), words).is_json is is_json


@pytest.mark.parametrize("reason", ["", "tool_calls", "tool_use"])
def test_what_has_no_words_to_its_end_is_not_judged(reason):
    """A client that leaves in the middle, and a call of a tool, say nothing about JSON."""
    assert signs_of(reply(finish_reason=reason), '{"a": ').is_json is None


def test_figures_of_an_answer():
    """Only an answer that was made now, and read to its end, took its time."""
    whole = signs_of(reply(0.25), None)
    assert (whole.latency_ms, whole.cost_usd, whole.tokens) == (250.0, 0.001, 3)
    cached = signs_of(reply(cached="hit"), None)
    assert (cached.latency_ms, cached.cost_usd, cached.tokens) == (None, None, None)
    left = signs_of(reply(finish_reason=""), None)
    assert (left.latency_ms, left.cost_usd, left.tokens) == (None, 0.001, None)


def before(repeats, asked, found, now_s):
    """Return what was suggested for the same question, and remember `found`."""
    mark = mark_of(asked)
    earlier = repeats.earlier(mark, now_s)
    repeats.remember(mark, found, now_s)
    return earlier


def test_a_question_asked_again_is_noticed():
    """Only in a session, only soon, only after an answer, and only the very same question."""
    repeats, first = Repeats(), observation()
    asked = request(of_request={"session": "s"})
    assert before(repeats, asked, first, 0.0) is None
    assert before(repeats, request("Other", of_request={"session": "s"}), first, 1.0) is None
    assert before(repeats, request(), first, 1.0) is None
    second = observation(over_s=None)
    assert before(repeats, asked, second, 2.0) is first
    assert before(repeats, asked, observation(), 3.0) is None
    assert before(repeats, asked, observation(), 10_000.0) is None


def test_few_questions_are_remembered():
    """Questions long ago make room for others."""
    repeats = Repeats()
    for number in range(MOST_REMEMBERED + 1):
        before(repeats, request(str(number), of_request={"session": "s"}), observation(), 0.0)
    assert before(repeats, request("0", of_request={"session": "s"}), observation(), 1.0) is None
    assert before(repeats, request("9", of_request={"session": "s"}), observation(), 1.0)
