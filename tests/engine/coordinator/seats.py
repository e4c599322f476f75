"""Servers without a coordinator around them."""

from __future__ import annotations

from random import Random
from typing import Any

from engine.clock import Clock
from engine.coordinator.link import Link, Seat
from engine.exchange import ServedModel
from tests.engine.coordinator.fake_provider import FakeProvider
from tests.engine.coordinator.world import MODEL, endpoint


def link(clock: Clock, name: str = "a", key: str = "", **more: Any) -> Link:
    """Return a server that lists MODEL."""
    found = Link(
        endpoint=endpoint(name, **more),
        provider=FakeProvider(name),
        key=lambda: key,
        clock=clock,
        random=Random(1),
    )
    found.list([ServedModel(MODEL)])
    return found


def seat(
    clock: Clock, name: str = "a", *, first_s: float | None = None, busy: int = 0, **more: Any
) -> Seat:
    """Return MODEL at a server that takes `first_s` to its first token, with `busy` requests."""
    found = link(clock, name, **more).seats[MODEL]
    found.link.in_flight = busy
    if first_s is not None:
        found.pace.note_first(first_s, clock.now())
    return found
