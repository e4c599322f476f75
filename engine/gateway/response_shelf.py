"""Responses that a client may come back to: the last ones, in memory."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from engine.gateway.fields import JsonObject

MOST = 1000
MOST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Kept:
    """A response, and the conversation up to its end."""

    response: JsonObject
    input: tuple[JsonObject, ...]
    """The items that were sent with it."""
    conversation: tuple[JsonObject, ...]
    """All items before it, its input and its output."""
    size_bytes: int
    """What the whole conversation takes as JSON."""


class ResponseShelf:
    """Keeps responses by client and id; the one that was asked for longest ago goes first.

    What one client keeps, no other finds.
    """

    def __init__(self, *, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._kept: OrderedDict[tuple[str, str], Kept] = OrderedDict()
        self._items: dict[tuple[str, str], JsonObject] = {}
        self._size_bytes = 0

    def put(self, client: str, kept: Kept) -> None:
        """Keep a response; one that is larger than all the room is not kept."""
        id = kept.response["id"]
        self.remove(client, id)
        if kept.size_bytes > self._most_bytes:
            return
        self._kept[client, id] = kept
        self._size_bytes += kept.size_bytes
        for item in (*kept.input, *kept.response["output"]):
            if isinstance(item.get("id"), str):
                self._items[client, item["id"]] = item
        while len(self._kept) > self._most or self._size_bytes > self._most_bytes:
            self.remove(*next(iter(self._kept)))

    def get(self, client: str, id: str) -> Kept | None:
        """Return the response `id` of `client`, or None where it is not kept any more."""
        found = self._kept.get((client, id))
        if found is not None:
            self._kept.move_to_end((client, id))
        return found

    def item(self, client: str, id: str) -> JsonObject | None:
        """Return an item of a response of `client` that is kept."""
        return self._items.get((client, id))

    def remove(self, client: str, id: str) -> bool:
        """Forget a response; tell whether it was there."""
        found = self._kept.pop((client, id), None)
        if found is None:
            return False
        self._size_bytes -= found.size_bytes
        for item in (*found.input, *found.response["output"]):
            self._items.pop((client, item.get("id", "")), None)
        return True
