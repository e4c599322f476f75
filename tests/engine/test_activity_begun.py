"""Requests under way are listed until they end."""

from __future__ import annotations

from engine.activity import UnderWay
from engine.activity_begun import MOST, RequestsBegun


def begin(begun: RequestsBegun, id: str) -> None:
    begun.begin(id, lambda: UnderWay(id, 1.0, "chat", "me", "auto"))


def ids(begun: RequestsBegun) -> list[str]:
    return [each.id for each in begun.latest()]


def test_listed_until_its_end() -> None:
    """The oldest comes first; what has ended is gone, and what never began is no trouble."""
    begun = RequestsBegun()
    for id in ("a", "b", "c"):
        begin(begun, id)
    begun.end("b")
    begun.end("never")
    assert ids(begun) == ["a", "c"]


def test_what_never_ends_leaves_at_last() -> None:
    """No more than MOST are listed: the oldest leave."""
    begun = RequestsBegun()
    for number in range(MOST + 3):
        begin(begun, str(number))
    assert len(ids(begun)) == MOST
    assert ids(begun)[0] == "3"


def test_asked_only_when_somebody_looks() -> None:
    """What is told is as it stands at the moment of looking."""
    begun, asked = RequestsBegun(), []
    begun.begin("a", lambda: asked.append(1) or UnderWay("a", 1.0, "chat", "me", "auto"))
    assert asked == []
    begun.latest()
    assert asked == [1]
