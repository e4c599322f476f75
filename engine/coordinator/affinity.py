"""Sends a conversation to the server that has read its beginning already."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from math import ceil
from typing import Any

from engine.coordinator.link import Seat
from engine.exchange import LlmRequest

MOST_KEPT = 4096
"""Conversations that are remembered; each costs about 200 bytes."""
CAP = 1.25
"""A server may have so many times its share of what is under way before others get the request:
consistent hashing with bounded loads (Mirrokni, Thorup, Zadimoghaddam 2016) with c = 1.25."""
READ = 4096
"""Characters of a message that make it known; what follows differs rarely where these do not."""


class Affinity:
    """Remembers where conversations went. For the engines' loop."""

    def __init__(self) -> None:
        self._places: OrderedDict[int, str] = OrderedDict()

    def place(self, key: int, seats: Sequence[Seat]) -> Seat | None:
        """Return who knows the conversation and has not more than its share to do, or None."""
        name = self._places.get(key)
        if name is None:
            return None
        self._places.move_to_end(key)
        known = next((seat for seat in seats if seat.link.name == name), None)
        return known if known is not None and has_room(known, seats) else None

    def remember(self, key: int, name: str) -> None:
        """Note that the server `name` has read the beginning of the conversation `key`."""
        self._places[key] = name
        self._places.move_to_end(key)
        if len(self._places) > MOST_KEPT:
            self._places.popitem(last=False)


def has_room(seat: Seat, seats: Sequence[Seat]) -> bool:
    """Tell whether one more request leaves `seat` within CAP times its share among `seats`."""
    under_way = sum(each.link.in_flight for each in seats) + 1
    slots = sum(each.link.endpoint.slots for each in seats)
    most = ceil(CAP * under_way * seat.link.endpoint.slots / max(1, slots))
    return seat.link.in_flight + 1 <= most


def conversation(request: LlmRequest, model: str) -> int | None:
    """Return a number for the conversation that `request` goes on with; None where it is none.

    That is its session, else its messages up to the first of the user's: they stay the same, and
    what a server keeps of a prompt begins with them.
    """
    if request.session:
        return hash((model, request.session))
    blocks: list[Any] = [model]
    messages: list[Any] = request.messages
    for message in messages:
        if not isinstance(message, dict):
            return None
        blocks.append(_mark(message.get("content")))
        if message.get("role") == "user":
            return hash(tuple(blocks))
    return None


def _mark(content: Any) -> str:
    """Return the beginning of a message as text; a long one costs no more than a short one."""
    if isinstance(content, str):
        return content[:READ]
    if isinstance(content, list):
        return "\n".join(_mark(part) for part in content[:8])
    if isinstance(content, dict):
        return ",".join(f"{key}:{_mark(part)}" for key, part in list(content.items())[:8])
    return str(content)[:READ]
