"""Whose time counts for an answer that several wait for, and who accounts for it."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from engine.coordinator.flights import EARLY_S, cuts_short, ends_s, forget, inherited
from engine.exchange import LlmRequest, Reply

deadlines = st.none() | st.floats(0, 1000)


@dataclass(eq=False)
class Flight:
    """As much of an answer under way as these rules read."""

    ends_s: float = inf
    is_orphan: bool = False
    reply: Reply | None = None


def ask(deadline_s: float | None = None, id: str = "r2") -> LlmRequest:
    return LlmRequest("m", {}, id=id, came_s=5.0, deadline_s=deadline_s)


def flight(**fields: Any) -> Any:
    return cast(Any, Flight(**fields))


@given(deadlines, deadlines)
def test_only_a_deadline_before_ones_own_cuts_short(first: float | None, other: float | None):
    """Who has no deadline is cut short by any; who has the earlier one by none."""
    shared, request = flight(ends_s=ends_s(ask(first))), ask(other)
    is_earlier = first is not None and (other is None or first < other - EARLY_S)
    if first is None or other is None or abs(first - other) > 2 * EARLY_S:
        assert cuts_short(shared, request) is is_earlier


def test_one_inherits_what_nobody_took():
    """The first who asks gets the reply under his own id, every other one none."""
    reply = Reply("m", "e", "r1")
    assert inherited(ask(), flight(reply=reply)) is None
    assert inherited(ask(), flight(is_orphan=True)) is None
    shared = flight(reply=reply, is_orphan=True)
    assert [inherited(ask(id="a"), shared), inherited(ask(id="b"), shared)] == [reply, None]
    assert reply.id == "a"


def test_only_what_is_over_is_forgotten():
    """Another one with the same key stays."""
    old, new = flight(), flight()
    flights = {"k": new}
    forget(flights, "k", old)
    assert flights == {"k": new}
    forget(flights, "k", new)
    forget(flights, "k", new)
    assert flights == {}
