"""Who listens hears everything, in order."""

from __future__ import annotations

import asyncio

from engine.gpu.lease_events import MOST_UNHEARD, LeaseEvents
from engine.gpu.lease_holding import Holding
from engine.gpu.lease_views import EventKind, LeaseEvent
from engine.gpu.leases import LeaseRequest, Priority
from tests.leaping import LeapingLoop, leap


def told(kind: EventKind) -> LeaseEvent:
    request = LeaseRequest("a", "a", 1, Priority.LOW, 1.0, 0.0)
    return LeaseEvent(kind, Holding(request).view(None))


def test_everybody_hears_what_comes_after_they_began():
    """Two listeners, the second later."""

    async def work(loop: LeapingLoop) -> tuple[list[EventKind], list[EventKind]]:
        events = LeaseEvents()
        first = events.listen()
        events.tell(told(EventKind.QUEUED))
        second = events.listen()
        events.tell(told(EventKind.GRANTED))
        events.close()
        heard = [each.kind async for each in first]
        return heard, [each.kind async for each in second]

    both = leap(work)
    assert both == ([EventKind.QUEUED, EventKind.GRANTED], [EventKind.GRANTED])


def test_who_stopped_to_listen_is_left():
    """The stream of one that is too far behind ends; others go on."""

    async def work(loop: LeapingLoop) -> int:
        events = LeaseEvents()
        asleep = events.listen()
        for _ in range(MOST_UNHEARD + 5):
            events.tell(told(EventKind.MOVED))
        return len([each async for each in asleep])

    assert leap(work) == MOST_UNHEARD


def test_a_listener_may_leave():
    """Nothing is kept for it."""

    async def work(loop: LeapingLoop) -> None:
        events = LeaseEvents()
        stream = events.listen()
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        await stream.aclose()
        events.tell(told(EventKind.MOVED))
        assert not events._listeners

    leap(work)
