"""A speech model that shares a graphics card with others."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.errors import Damaged, Overloaded, Refused
from engine.model_room import RoomWish
from engine.voice.card_decoder import REST_S, WAKING_PATIENCE_S, CardDecoder, CardPlan
from tests.conftest import FakeClock
from tests.engine.voice.card_doubles import CardFactory, FakeRoom
from tests.engine.voice.doubles import quiet, wait_until

WISH = RoomWish(name="Whisper base", model="w", needs=500, priority="high", patience_s=15.0)
FULL = Overloaded("no graphics card had 900 MiB free within 15 s: end a lease.")


class World:
    """A model on a card."""

    def __init__(self, **changes: Any) -> None:
        self.clock, self.room, self.factory = FakeClock(), FakeRoom(), CardFactory()
        self.is_listening = False
        plan = CardPlan(
            model="base",
            wish=WISH,
            load=lambda compute, card: self.factory.load(
                "base", Path(), compute=compute, threads=1, card=card
            ),
            ask=lambda wish, tenant, patience_s: self.room.given(
                replace(wish, patience_s=patience_s), tenant
            ),
            in_use=lambda: self.is_listening,
        )
        self.decoder = CardDecoder(replace(plan, **changes), clock=self.clock)

    def decode(self) -> str:
        """Return what is heard."""
        return self.decoder.decode(quiet(1), language="en", window="full").text

    def leave(self, reason: str = "made room for Training") -> None:
        """Ask it to leave."""
        asyncio.run(self.decoder.leave(reason))


def test_it_is_loaded_onto_the_card_that_gave_room():
    """Room comes first, then the model, on that card and no other."""
    world = World()
    world.decoder.open()
    assert [wish.patience_s for wish in world.room.wishes] == [15.0]
    assert world.factory.loaded == [("cuda", "0000:01:00.0")]
    assert world.decoder.compute == "cuda int8_float16 (1 found)"
    assert (world.decoder.note, world.decode()) == (None, "hello there.")
    passage = world.decoder.decode_passage(quiet(1), language="en")
    assert passage.segments[0].text == "hello there."


def test_without_room_it_works_on_the_cpu_and_says_so():
    """What keeps it from the card, and what helps, can be read."""
    world = World()
    world.room.refusal = FULL
    world.decoder.open()
    assert world.factory.loaded == [("cpu", None)]
    assert world.decode() == "hello there."
    assert world.decoder.compute == f"cpu int8 ({world.decoder.note})"
    assert world.decoder.note == (
        "no room on a graphics card: no graphics card had 900 MiB free within 15 s: end a lease; "
        "it is tried there again after a pause"
    )


def test_from_the_cpu_it_comes_back_after_a_pause():
    """While somebody speaks it stays; after a pause it looks again, and not for long."""
    world = World()
    world.room.refusal = FULL
    world.decoder.open()
    world.clock.advance(REST_S - 1)
    world.decode()
    world.clock.advance(REST_S)
    world.decode()
    assert [wish.patience_s for wish in world.room.wishes] == [15.0, WAKING_PATIENCE_S]
    assert world.factory.loaded == [("cpu", None)]
    world.room.refusal = None
    world.clock.advance(REST_S)
    world.decode()
    assert world.factory.loaded == [("cpu", None), ("cuda", "0000:01:00.0")]
    assert [each.closes for each in world.factory.decoders] == [1, 0]
    assert world.decoder.note is None


def test_who_is_asked_to_leave_frees_the_memory_and_comes_back_when_needed():
    """The model is closed, then the room given back; the next sentence asks for room again."""
    world = World()
    world.decoder.open()
    world.leave()
    assert [each.closes for each in world.factory.decoders] == [1]
    assert [each.is_released for each in world.room.stays] == [True]
    assert world.decoder.compute == (
        "not loaded (left the graphics card, made room for Training; the next sentence brings it "
        "back)"
    )
    assert world.decode() == "hello there."
    assert world.decoder.note is None
    assert [each.is_released for each in world.room.stays] == [True, False]


def test_a_decode_in_hand_is_finished_first():
    """Whoever is asked to leave while somebody's words are written down leaves after that."""
    world = World()
    world.decoder.open()
    inner, go = world.factory.decoders[0], threading.Event()
    inner._pause = go
    heard: list[str] = []
    speaking = threading.Thread(target=lambda: heard.append(world.decode()))
    speaking.start()
    assert inner.is_decoding.wait(10)
    assert world.decoder.idle_s() == 0.0
    leaving = threading.Thread(target=world.leave)
    leaving.start()
    assert inner.closes == 0
    assert not world.room.stays[0].is_released
    go.set()
    speaking.join()
    leaving.join()
    assert heard == ["hello there."]
    assert (inner.closes, world.room.stays[0].is_released) == (1, True)


def test_it_is_idle_from_its_last_work_on():
    """Time runs from the end of the last decode, or since nobody is listened to."""
    world = World()
    world.decoder.open()
    world.clock.advance(5)
    assert world.decoder.idle_s() == 5
    world.decode()
    assert world.decoder.idle_s() == 0
    world.is_listening = True
    world.clock.advance(60)
    assert world.decoder.idle_s() == 0
    world.is_listening = False
    world.clock.advance(7)
    assert world.decoder.idle_s() == 7


def test_a_card_that_does_not_work_gives_its_room_back():
    """CUDA without its libraries leaves the CPU; where the user wants the card, an error."""
    world = World()
    world.factory.broken = Refused("CUDA does not work (libcublas is missing): install cuBLAS")
    world.decoder.open()
    assert world.room.stays[0].is_released
    assert world.decoder.note == (
        "CUDA does not work (libcublas is missing): install cuBLAS; or set voice.compute to cpu"
    )
    assert world.decode() == "hello there."
    must = World(is_card_a_must=True)
    must.factory.broken = world.factory.broken
    with pytest.raises(Refused, match="libcublas"):
        must.decoder.open()
    assert must.room.stays[0].is_released


@pytest.mark.parametrize("error", [Damaged("model base: fetch it again"), MemoryError()])
def test_what_cannot_be_loaded_gives_the_room_back(error: Exception):
    """Nothing is held for a model that is not there, whatever the reason."""
    world = World()
    world.factory.broken = error
    with pytest.raises(type(error)):
        world.decoder.open()
    assert world.room.stays[0].is_released


def test_a_closed_model_stays_closed():
    """Its room is given back once, and nobody can load it again."""
    world = World()
    world.decoder.open()
    world.decoder.close()
    world.decoder.close()
    world.leave()
    assert world.decoder.is_closed
    assert (world.factory.decoders[0].closes, world.room.stays[0].is_released) == (1, True)
    with pytest.raises(Refused, match="was closed"):
        world.decode()


def test_it_rests_for_another_and_comes_back():
    """A model that makes room for its successor can be used again if that does not load."""
    world = World()
    world.decoder.open()
    world.decoder.rest("another model is loaded")
    assert world.room.stays[0].is_released
    assert "another model is loaded" in world.decoder.compute
    assert world.decode() == "hello there."
    wait_until(lambda: world.decoder.note is None, "it to be back")
