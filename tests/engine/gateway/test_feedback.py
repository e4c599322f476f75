"""What clients say of answers."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.analytics.answers import Noted
from engine.analytics.rewards import Signs
from engine.errors import Rejected
from engine.gateway.client_keys import DEFAULT
from engine.gateway.feedback import routes
from engine.gateway.ports import Call

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)
FIELDS = ("suggestion_id", "request_id", "reward", "thumbs", "edited", "copied", "regenerated")


@dataclass
class FakeTaker:
    taken: list[tuple[Signs, dict[str, str]]] = field(default_factory=list)

    async def feedback(self, signs, **ids):
        self.taken.append((signs, ids))
        return Noted("sug_1", "noted", 1.0, {"rated": 1.0})


def say(body: object, *, client: str = DEFAULT):
    """Return what was answered, and what was taken."""
    taker = FakeTaker()
    handler = routes(taker)[("POST", "/v1/feedback")]
    call = Call("POST", "/v1/feedback", "req_1", client, body=json.dumps(body).encode())
    return asyncio.run(handler(call)), taker.taken


def test_a_thumb_is_taken():
    """What is said goes on, and what was made of it comes back."""
    result, ((signs, ids),) = say({"suggestion_id": "sug_1", "thumbs": "up", "edited": False})
    assert json.loads(result.body) == {
        "object": "feedback",
        "suggestion_id": "sug_1",
        "state": "noted",
        "reward": 1.0,
        "terms": {"rated": 1.0},
    }
    assert signs == Signs(thumbs="up", edited=False)
    assert ids == {"suggestion_id": "sug_1", "client": ""}


def test_a_request_is_named_by_another_key():
    """The id of a request will do too; who has a key of its own is named."""
    _, ((signs, ids),) = say({"request_id": "req_7", "reward": 0}, client="editor")
    assert signs == Signs(reward=0)
    assert ids == {"request_id": "req_7", "client": "editor"}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "suggestion_id"),
        ({"suggestion_id": "", "thumbs": "up"}, "suggestion_id"),
        ({"suggestion_id": 5, "thumbs": "up"}, "suggestion_id"),
        ({"suggestion_id": "s"}, "reward"),
        ({"suggestion_id": "s", "reward": None}, "reward"),
        ({"suggestion_id": "s", "reward": "1"}, "reward"),
        ({"suggestion_id": "s", "reward": True}, "reward"),
        ({"suggestion_id": "s", "reward": 1.01}, "reward"),
        ({"suggestion_id": "s", "reward": -1}, "reward"),
        ({"suggestion_id": "s", "reward": 10**40}, "reward"),
        ({"suggestion_id": "s", "thumbs": 1}, "thumbs"),
        ({"suggestion_id": "s", "thumbs": "sideways"}, "thumbs"),
        ({"suggestion_id": "s", "copied": "yes"}, "copied"),
        ({"suggestion_id": "s", "regenerated": 1}, "regenerated"),
    ],
)
def test_what_cannot_be_is_refused(body: dict[str, object], param: str):
    """What is missing or wrong is named, and nothing is learnt from it."""
    with pytest.raises(Rejected) as caught:
        say(body)
    assert (caught.value.param, caught.value.status) == (param, 400)


@given(st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_whatever_comes(body: dict[str, object]):
    """Any JSON object is taken or refused as what it is."""
    try:
        result, taken = say(body)
    except Rejected:
        return
    assert result.status == 200
    assert len(taken) == 1
