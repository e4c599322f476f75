"""The last responses stay, within their room, each for its own client."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.gateway.response_shelf import Kept, ResponseShelf


def kept(id: str, size: int = 10) -> Kept:
    """Return a response with one item."""
    item = {"id": f"item of {id}"}
    response: dict[str, Any] = {"id": id, "output": [item]}
    return Kept(response, ({"id": f"input of {id}"},), (item,), size)


def test_a_response_is_found_by_its_client_only():
    """What one client keeps, no other reads or forgets."""
    shelf = ResponseShelf()
    shelf.put("anna", kept("1"))
    assert shelf.get("anna", "1") is not None
    assert shelf.item("anna", "item of 1") == {"id": "item of 1"}
    assert shelf.get("bob", "1") is None
    assert shelf.item("bob", "item of 1") is None
    assert not shelf.remove("bob", "1")
    assert shelf.remove("anna", "1")
    assert shelf.item("anna", "input of 1") is None


def test_what_was_asked_for_longest_ago_goes_first():
    """Reading a response keeps it longer."""
    shelf = ResponseShelf(most=2)
    shelf.put("a", kept("1"))
    shelf.put("a", kept("2"))
    shelf.get("a", "1")
    shelf.put("a", kept("3"))
    assert [id for id in "123" if shelf.get("a", id)] == ["1", "3"]


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(1, 60))))
def test_the_room_is_never_exceeded(puts: list[tuple[str, int]]):
    """However much is kept, its size stays within the bound, and the newest that fits is there."""
    shelf = ResponseShelf(most=3, most_bytes=50)
    for id, size in puts:
        shelf.put("a", kept(id, size))
        found = {each: shelf._kept.get(("a", each)) for each in "abcdef"}
        sizes = [each.size_bytes for each in found.values() if each]
        assert sum(sizes) == shelf._size_bytes <= 50
        assert len(sizes) <= 3
        assert (found[id] is not None) == (size <= 50)
        assert len(shelf._items) == 2 * len(sizes)
