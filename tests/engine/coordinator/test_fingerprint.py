"""Equal questions have one name, different ones have two."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.coordinator.fingerprint import UNIMPORTANT, fingerprint
from engine.exchange import LlmRequest, Native, Task

names = st.text(max_size=6).filter(lambda name: name not in {*UNIMPORTANT, "stream"})
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)
bodies = st.dictionaries(names, values, max_size=6)


def ask(body: dict[str, Any], **fields: Any) -> LlmRequest:
    """Return a request with this body."""
    return LlmRequest("alias", body, **fields)


def turned(value: Any) -> Any:
    """Return `value` with every dictionary in the opposite order."""
    if isinstance(value, dict):
        return {key: turned(each) for key, each in reversed(value.items())}
    return [turned(each) for each in value] if isinstance(value, list) else value


@given(bodies)
def test_the_order_of_fields_does_not_count(body: dict[str, Any]):
    """The same fields in another order ask the same."""
    assert fingerprint(ask(body), "m") == fingerprint(ask(turned(body)), "m")


@given(bodies, st.sampled_from(sorted(UNIMPORTANT)), values)
def test_who_asks_does_not_count(body: dict[str, Any], name: str, value: Any):
    """Fields that only say who asks, and everything around the body, change nothing."""
    plain = fingerprint(ask(body), "m")
    assert fingerprint(ask(body | {name: value}), "m") == plain
    around = ask(body, id="x", client="y", via="ask", session="s", came_s=3.0)
    assert fingerprint(replace(around, model="other alias"), "m") == plain


@given(bodies, bodies)
def test_bodies_that_differ_have_different_names(one: dict[str, Any], other: dict[str, Any]):
    """The name is the same exactly where the JSON is, but for the order of fields."""
    encode = msgspec.json.Encoder(order="deterministic").encode
    is_same = encode(one) == encode(other)
    assert (fingerprint(ask(one), "m") == fingerprint(ask(other), "m")) is is_same


@given(bodies, names, values)
def test_every_unknown_field_counts(body: dict[str, Any], name: str, value: Any):
    """A field that nobody here knows may shape the answer."""
    without = {key: each for key, each in body.items() if key != name}
    assert fingerprint(ask(without), "m") != fingerprint(ask(without | {name: value}), "m")


def test_messages_count_in_their_order():
    """A conversation the other way round is another one."""
    one, two = {"role": "user", "content": "a"}, {"role": "user", "content": "b"}
    there = fingerprint(ask({"messages": [one, two]}), "m")
    assert there != fingerprint(ask({"messages": [two, one]}), "m")


def test_model_task_and_dialect_count():
    """The same body asks something else of another model, as another task, in another dialect."""
    body = {"input": "x"}
    native = Native("anthropic", {"input": "x"})
    found = {
        fingerprint(ask(body), "m"),
        fingerprint(ask(body), "n"),
        fingerprint(ask(body, task=Task.EMBEDDING), "m"),
        fingerprint(ask(body, native=native), "m"),
        fingerprint(ask(body, native=Native("anthropic", {"input": "x", "top_k": 1})), "m"),
        fingerprint(ask(body, native=Native("openai", {"input": "x"})), "m"),
    }
    assert len(found) == 6


def test_what_headers_ask_for_counts():
    """Anthropic's clients choose what is answered by a header too; the answers are kept apart."""
    body = {"x": 1}
    plain = Native("anthropic", body)
    beta = Native("anthropic", body, (("anthropic-beta", "new-words"),))
    assert fingerprint(ask({}, native=plain), "m") != fingerprint(ask({}, native=beta), "m")


def test_who_asks_in_another_dialect_does_not_count_either():
    """Anthropic's metadata names the user; the answer is the same."""
    one = Native("anthropic", {"metadata": {"user_id": "a"}, "x": 1})
    two = Native("anthropic", {"metadata": {"user_id": "b"}, "x": 1})
    assert fingerprint(ask({}, native=one), "m") == fingerprint(ask({}, native=two), "m")


@pytest.mark.parametrize("said", [False, None])
def test_no_stream_is_no_stream(said: object):
    """`"stream": false` asks what leaving it out does; `true` does not."""
    plain = fingerprint(ask({"x": 1}), "m")
    assert fingerprint(ask({"x": 1, "stream": said}), "m") == plain
    assert fingerprint(ask({"x": 1, "stream": True}), "m") != plain
