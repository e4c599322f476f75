"""What a request needs is read from its fields."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Rejected
from engine.exchange import LlmRequest, Task
from engine.router.needs import USUAL_ANSWER_TOKENS, known_capabilities, needs_of
from engine.router.scoring import cost_usd
from tests.conftest import FakeClock
from tests.engine.router.world import board, chat, server
from tests.engine.test_tokens import ANYTHING


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, {"chat"}),
        ({"tools": [{"type": "function"}]}, {"chat", "tools"}),
        ({"tools": []}, {"chat"}),
        ({"response_format": {"type": "json_object"}}, {"chat", "json"}),
        ({"response_format": {"type": "text"}}, {"chat"}),
        ({"response_format": {"type": "json_schema", "json_schema": {}}}, {"chat", "json"}),
    ],
)
def test_fields_that_need_something(fields, wanted):
    """Tools and forms of JSON are needed where they are asked for."""
    assert needs_of(chat("m", **fields)).capabilities == wanted


def test_pictures_and_sounds():
    """A picture needs a model that sees, a sound one that hears, wherever in the conversation."""
    image = {"type": "image_url", "image_url": {"url": "x"}}
    sound = {"type": "input_audio", "input_audio": {}}
    messages = [{"role": "user", "content": [image, sound]}, {"role": "user", "content": "and?"}]
    needs = needs_of(LlmRequest("m", {"messages": messages}))
    assert needs.capabilities == {"chat", "vision", "audio"}


def test_room_for_the_answer():
    """The answer takes what is allowed to it, or what is usual; an embedding has none."""
    assert needs_of(chat("m")).answer_tokens == USUAL_ANSWER_TOKENS
    assert needs_of(chat("m", max_tokens=9)).answer_tokens == 9
    assert needs_of(chat("m", max_tokens=9, max_completion_tokens=7)).answer_tokens == 7
    assert needs_of(chat("m", max_tokens=True)).answer_tokens == USUAL_ANSWER_TOKENS
    assert needs_of(chat("m", n=3)).answers == 3
    embedding = needs_of(LlmRequest("m", {"input": "a" * 40}, Task.EMBEDDING))
    assert (embedding.capabilities, embedding.total_tokens) == ({"embedding"}, 10)


def test_words_of_others():
    """Capabilities are understood by other names too, and unknown ones are refused with a list."""
    assert known_capabilities(["deep_reasoning", "Function-Calling"]) == {"reasoning", "tools"}
    with pytest.raises(Rejected, match="no capability 'flying'") as caught:
        known_capabilities(["flying"])
    assert caught.value.code == "unknown_capability"


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens", "n"])
def test_absurd_numbers(field):
    """A number with four hundred digits is a large one: what the request costs is still known."""
    needs = needs_of(chat("m", **{field: 10**400}))
    paid = server("far", "m", is_local=False)
    row = board(paid, clock=FakeClock(), prices={("m", "far"): (5.0, 15.0)}).rows["m"]
    assert 1_000 < cost_usd(row, needs) < float("inf")


FIELDS = ["messages", "tools", "functions", "response_format", "n", "max_tokens", "prompt"]


@given(st.dictionaries(st.sampled_from(FIELDS), ANYTHING), st.sampled_from(list(Task)))
def test_any_body_needs_something(body, task):
    """Whatever a client sends, it is known what that needs."""
    needs = needs_of(LlmRequest("m", body, task))
    assert task.value in needs.capabilities
    assert needs.prompt_tokens >= 0
    assert needs.answer_tokens >= 0
    assert needs.answers >= 1
