"""What is known of a request, as numbers."""

from __future__ import annotations

import json

import msgspec
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.analytics import request_context
from engine.analytics.request_context import (
    APART,
    FLAG,
    MOST_KEPT,
    NAMES,
    PLACES,
    SIZE,
    VERSION,
    RequestContext,
    context_from,
    context_of,
    place_of,
    plain_of,
    vector,
)
from engine.analytics.task_types import OF_TIERS, task_type_of
from tests.engine.analytics.opened import request

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)
FIELDS = ("messages", "prompt", "tools", "functions", "response_format", "input")
ROLES = st.sampled_from(["user", "assistant", "system"])
MESSAGES = st.lists(
    st.fixed_dictionaries({}, optional={"role": ROLES | JSON, "content": JSON}) | JSON, max_size=5
)


def test_what_is_known_of_a_request():
    """Length, tools, images, wanted JSON, turns and repetition are numbers, none for nothing."""
    usual = context_of(request("x" * 3984).body, is_again=False)
    assert usual.values == {"length": pytest.approx(0.0, abs=1e-3)} or not usual.values
    parts = [{"type": "image_url", "image_url": {"url": "data:"}}]
    body = {
        "messages": [{"role": "user", "content": parts}, {"role": "assistant"}, {"role": "user"}],
        "tools": [{"type": "function"}],
        "response_format": {"type": "json_object"},
    }
    full = context_of(body, is_again=True).values
    assert {name: full[name] for name in ("tools", "images", "json", "again")} == dict.fromkeys(
        ("tools", "images", "json", "again"), FLAG
    )
    assert full["turns"] == 0.2
    assert 0.0 < full["length"] < 0.1
    assert context_of({}, is_again=False).values == {"length": -1.0}


def test_a_vector_has_its_names():
    """Each entry stands where its name does; types of task have one each, custom ones share one."""
    at = vector(RequestContext({"tools": FLAG, "length": -0.25}), "summary")
    assert at.shape == (SIZE,) == (len(NAMES),)
    assert {NAMES[place]: at[place] for place in at.nonzero()[0]} == {
        "usual": 1.0, "length": -0.25, "tools": FLAG, "summary": APART,
    }  # fmt: skip
    unknown = vector(None, "my-own-task")
    assert {NAMES[place]: unknown[place] for place in unknown.nonzero()[0]} == {
        "usual": 1.0, "unknown": APART, "other": APART,
    }  # fmt: skip


def test_every_known_type_of_task_has_its_place():
    """What the classifier and the tiers may say is among the types that have a place."""
    said = [task_type_of("", "", request(words).body).name
            for words in ("Hi", "Translate it", "Summarize it", "Fix this code", "Classify it",
                          "Write a poem", "Solve it")]  # fmt: skip
    for name in (*said, *OF_TIERS.values()):
        assert place_of(name) != PLACES["other"], name


@given(st.dictionaries(st.sampled_from(FIELDS), JSON | MESSAGES), st.booleans(), st.text())
@example({"messages": [{"role": "user", "content": "\ud800"}]}, False, "chat")
def test_whatever_a_client_sends_is_a_context(body, is_again, task_type):
    """Every body is numbers from -1 to 1, which survive being written down and told."""
    found = context_of(body, is_again=is_again)
    at = vector(found, task_type)
    assert found.is_usable
    assert np.isfinite(at).all()
    assert np.abs(at).max() == 1.0
    assert at[PLACES["unknown"]] == 0.0
    told = msgspec.msgpack.decode(msgspec.msgpack.encode(plain_of(found)))
    assert context_from(told) == context_from(json.loads(json.dumps(plain_of(found)))) == found


NAMED = st.dictionaries(st.sampled_from(NAMES), st.floats())


@given(
    JSON
    | st.fixed_dictionaries({"v": JSON, "x": JSON})
    | st.fixed_dictionaries({"v": st.just(VERSION), "x": NAMED})
)
def test_whatever_is_read_is_a_context_or_none(plain):
    """Nothing that was written down or told ends in anything but finite numbers."""
    found = context_from(plain)
    at = vector(found, "chat")
    assert np.isfinite(at).all()
    assert np.abs(at).max() == 1.0
    assert (at[PLACES["unknown"]] > 0) == (found is None or not found.is_usable)


@pytest.mark.parametrize(
    "values",
    [
        {"length": float("nan")}, {"length": float("inf")}, {"length": 1.5}, {"colour": 0.5},
        {"usual": 0.5}, {str(n): 0.0 for n in range(MOST_KEPT + 1)}, {"n" * 61: 0.0},
    ],
)  # fmt: skip
def test_features_that_cannot_be_are_none(values):
    """NaN, too much, names that are no features: no context, and so an unknown request."""
    assert context_from({"v": VERSION, "x": values}) is None
    assert (vector(RequestContext(values), "chat") == vector(None, "chat")).all()


def test_another_version_of_the_features_is_kept_and_not_looked_at(monkeypatch):
    """What another version has written stays as it is; here it says nothing, there it does."""
    told = {"v": VERSION + 1, "x": {"mood": 7.5}}
    found = context_from(told)
    assert plain_of(found) == told
    assert (vector(found, "chat") == vector(None, "chat")).all()
    own = RequestContext({"tools": FLAG})
    assert vector(own, "chat")[PLACES["unknown"]] == 0.0
    monkeypatch.setattr(request_context, "VERSION", VERSION + 1)
    assert (vector(own, "chat") == vector(None, "chat")).all()
