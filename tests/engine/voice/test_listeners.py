"""Events cross from the decode thread to every listener, in order, until the end."""

from __future__ import annotations

import asyncio
import threading

from engine.voice.listeners import Listeners
from engine.voice.snapshot import VoiceEvent


def event(id: int) -> VoiceEvent:
    """Return a final."""
    return VoiceEvent("final", id, f"Sentence {id}.", f"Sentence {id}.", 0.0, 1.0, 1.5)


def told_from_a_thread(listeners: Listeners, count: int) -> None:
    """Tell `count` events from another thread."""
    thread = threading.Thread(target=lambda: [listeners.tell(event(id)) for id in range(count)])
    thread.start()
    thread.join()


def test_every_listener_hears_everything_in_order():
    """Whoever subscribed hears each event once, in order, and so does the keeper."""

    async def listen() -> tuple[list[int], list[int], list[int]]:
        kept: list[int] = []
        listeners = Listeners(lambda heard: kept.append(heard.id))
        listeners.bind(asyncio.get_running_loop())
        streams = [listeners.subscribe(), listeners.subscribe()]
        told_from_a_thread(listeners, 50)
        await asyncio.sleep(0)
        listeners.close()
        first, second = [[one.id async for one in stream] for stream in streams]
        return kept, first, second

    assert asyncio.run(listen()) == (list(range(50)),) * 3


def test_listener_hears_what_is_said_from_then_on():
    """What was told before somebody subscribed does not reach them."""

    async def listen() -> list[int]:
        listeners = Listeners(lambda heard: None)
        listeners.bind(asyncio.get_running_loop())
        listeners.tell(event(1))
        await asyncio.sleep(0)
        stream = listeners.subscribe()
        listeners.tell(event(2))
        await asyncio.sleep(0)
        listeners.close()
        return [one.id async for one in stream]

    assert asyncio.run(listen()) == [2]


def test_listener_may_leave():
    """Somebody who stops listening is not told any more."""

    async def listen() -> list[VoiceEvent]:
        listeners = Listeners(lambda heard: None)
        listeners.bind(asyncio.get_running_loop())
        stream = listeners.subscribe()
        listeners.tell(event(1))
        assert (await anext(stream)).id == 1
        await stream.aclose()  # type: ignore[attr-defined]
        listeners.tell(event(2))
        await asyncio.sleep(0)
        return [one async for one in stream]

    assert asyncio.run(listen()) == []


def test_subscription_after_the_end_is_empty():
    """Who subscribes after the engine closed waits for nothing."""

    async def listen() -> list[VoiceEvent]:
        listeners = Listeners(lambda heard: None)
        listeners.close()
        return [one async for one in listeners.subscribe()]

    assert asyncio.run(asyncio.wait_for(listen(), 10)) == []


def test_nobody_is_told_before_there_is_a_loop():
    """An event before the engine started is dropped."""
    kept: list[VoiceEvent] = []
    Listeners(kept.append).tell(event(1))
    assert kept == []
