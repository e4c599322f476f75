"""Sound that others send is heard beside the microphone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.errors import Damaged, Overloaded
from engine.voice.guests import MOST_GUESTS
from tests.engine.voice.doubles import ListDecoder, ListFactory, until
from tests.engine.voice.test_service import SENTENCE, collected, often, our_threads, room, run

__all__ = ["often"]

RATE_HZ = 16_000


def frames(sound: np.ndarray) -> np.ndarray:
    """Return mono sound as frames, shape (n, 1)."""
    return sound[:, None]


def test_what_a_guest_says_is_told_kept_and_shown(tmp_path: Path):
    """Words go to who listens to the guest and into the history under his name."""

    async def scene() -> None:
        async with room(tmp_path) as made:
            guest = made.voice.open_guest("browser", RATE_HZ, 1)
            events = guest.events()
            guest.push(frames(SENTENCE))
            await until(lambda: made.voice.snapshot().guests[0].last_text, "the sentence")
            [view] = made.voice.snapshot().guests
            assert (view.label, view.last_text) == ("browser", "hello there.")
            assert view.received_s == pytest.approx(len(SENTENCE) / RATE_HZ)
            await guest.aclose()
            told = await collected(events)
            assert [each.text for each in told if each.event == "final"] == ["hello there."]
            await until(lambda: made.voice.snapshot().recent, "the history")
            assert made.voice.snapshot().recent[-1].source == "browser"
            assert made.voice.snapshot().guests == ()

    run(scene())


def test_the_last_words_are_heard_when_a_guest_leaves(tmp_path: Path):
    """A connection that ends within a sentence loses nothing of it."""

    async def scene() -> None:
        async with room(tmp_path) as made:
            guest = made.voice.open_guest("browser", RATE_HZ, 1)
            events = guest.events()
            guest.push(frames(SENTENCE[: len(SENTENCE) // 2]))
            await guest.aclose()
            assert [each.text for each in await collected(events)][-1] == "hello there."

    run(scene())


def test_guests_and_the_microphone_are_heard_at_once_by_one_model(tmp_path: Path):
    """The model is loaded once, and sentences of several speakers stay apart."""
    factory = ListFactory(ListDecoder(["hello there."]))

    async def scene() -> None:
        async with room(tmp_path, factory=factory) as made:
            guests = [made.voice.open_guest(name, RATE_HZ, 1) for name in ("one", "two")]
            for guest in guests:
                guest.push(frames(SENTENCE))
            await made.say(SENTENCE)
            for guest in guests:
                await guest.aclose()
            await until(lambda: len(made.voice.snapshot().recent) == 3, "three sentences")
            sources = {each.source for each in made.voice.snapshot().recent}
            assert sources == {"one", "two", "microphone"}

    run(scene())
    assert factory.loaded == ["base"]


def test_too_many_guests_are_told_to_wait(tmp_path: Path):
    """One model serves only so many; who left makes room."""

    async def scene() -> None:
        async with room(tmp_path) as made:
            guests = [made.voice.open_guest("x", RATE_HZ, 1) for _ in range(MOST_GUESTS)]
            with pytest.raises(Overloaded, match="end one"):
                made.voice.open_guest("x", RATE_HZ, 1)
            await guests[0].aclose()
            await guests[0].aclose()
            await made.voice.open_guest("x", RATE_HZ, 2).aclose()

    run(scene())
    assert our_threads() == set()


@pytest.mark.parametrize(("rate_hz", "channels"), [(0, 1), (48_000, 0), (48_000, 99)])
def test_what_cannot_be_sound_is_a_mistake(tmp_path: Path, rate_hz: int, channels: int):
    """A sender's parameters are checked before anything is opened."""

    async def scene() -> None:
        async with room(tmp_path) as made:
            with pytest.raises(ValueError, match="no sound"):
                made.voice.open_guest("x", rate_hz, channels)
            assert made.voice.snapshot().guests == ()

    run(scene())


def test_guests_end_with_the_engine(tmp_path: Path):
    """Nothing of a guest is left once the engine has closed."""

    async def scene() -> None:
        async with room(tmp_path) as made:
            made.voice.open_guest("x", RATE_HZ, 1).push(frames(SENTENCE))

    run(scene())
    assert our_threads() == set()


def test_without_a_model_a_guest_hears_nothing_and_ends_well(tmp_path: Path):
    """A model that does not load is no reason to hang."""
    factory = ListFactory(ListDecoder(), error=Damaged("model.bin is damaged"))

    async def scene() -> None:
        async with room(tmp_path, factory=factory) as made:
            guest = made.voice.open_guest("x", RATE_HZ, 1)
            events = guest.events()
            guest.push(frames(SENTENCE))
            await guest.aclose()
            assert await collected(events) == []

    run(scene())
