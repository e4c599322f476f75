"""Conversations stay where they are known."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.coordinator import affinity
from engine.coordinator.affinity import CAP, Affinity, conversation, has_room
from engine.exchange import LlmRequest
from tests.conftest import FakeClock
from tests.engine.coordinator.seats import seat


def key(*messages: Any, session: str = "", model: str = "m") -> int | None:
    return conversation(LlmRequest(model, {"messages": list(messages)}, session=session), model)


def said(role: str, content: Any) -> dict[str, Any]:
    return {"role": role, "content": content}


def test_a_conversation_keeps_its_number_as_it_grows():
    """What comes after the first question does not change it; another question does."""
    begin = [said("system", "be kind"), said("user", "hello")]
    grown = [*begin, said("assistant", "hi"), said("user", "more")]
    assert key(*begin) == key(*grown)
    assert key(*begin) != key(said("system", "be kind"), said("user", "hallo"))
    assert key(*begin) != key(*begin, model="other")


def test_a_session_is_a_conversation():
    """Where the client names it nothing else is looked at."""
    assert key(said("user", "a"), session="s") == key(said("user", "b"), session="s")


def test_pictures_count_too():
    """Parts of a message are told apart by how they begin."""
    first = [{"type": "text", "text": "what is it?"}, {"image_url": {"url": "data:1"}}]
    second = [{"type": "text", "text": "what is it?"}, {"image_url": {"url": "data:2"}}]
    assert key(said("user", first)) == key(said("user", first))
    assert key(said("user", first)) != key(said("user", second))


def test_what_is_no_conversation_has_no_number():
    """Embeddings, and messages of no shape, stay nowhere."""
    assert key() is None
    assert key("hello") is None
    assert key(said("system", "only")) is None


def test_the_server_that_knows_it_is_found(clock: FakeClock):
    """As long as it is among those that may be asked."""
    tested, seats = Affinity(), [seat(clock, "a"), seat(clock, "b")]
    assert tested.place(1, seats) is None
    tested.remember(1, "b")
    assert tested.place(1, seats) is seats[1]
    assert tested.place(1, seats[:1]) is None


def test_the_oldest_conversations_are_forgotten(clock: FakeClock, monkeypatch: Any):
    """Memory does not grow with the number of conversations; one that goes on is not old."""
    monkeypatch.setattr(affinity, "MOST_KEPT", 2)
    tested, seats = Affinity(), [seat(clock, "a")]
    for number in (1, 2):
        tested.remember(number, "a")
    tested.place(1, seats)
    tested.remember(3, "a")
    assert [tested.place(number, seats) is not None for number in (1, 2, 3)] == [True, False, True]


@given(st.lists(st.integers(0, 40), min_size=2, max_size=6))
def test_no_server_gets_much_more_than_its_share(busy: list[int]):
    """One that has its share by CAP already gets no further request for old times' sake."""
    clock = FakeClock()
    seats = [seat(clock, str(number), busy=each) for number, each in enumerate(busy)]
    share = (sum(busy) + 1) / len(busy)
    for each in seats:
        if has_room(each, seats):
            assert each.link.in_flight + 1 <= CAP * share + 1
    assert any(has_room(each, seats) for each in seats)
