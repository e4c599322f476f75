"""Dictation on a graphics card that others want as well."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from engine.errors import Overloaded
from engine.voice.card_decoder import REST_S
from engine.voice.settings import VoiceSettings
from tests.engine.voice.card_doubles import CardFactory, FakeRoom
from tests.engine.voice.doubles import until
from tests.engine.voice.test_service import (
    ENGLISH,
    SENTENCE,
    Room,
    often,
    our_threads,
    room,
    run,
    sine_file,
)

__all__ = ["often"]


@asynccontextmanager
async def desk(data: Path, memory: FakeRoom, factory: CardFactory) -> AsyncIterator[Room]:
    """Run a voice engine whose models go onto a card; its files are here."""
    for name in ("base", "small"):
        (data / "models" / name).mkdir(parents=True)
        (data / "models" / name / "model.bin").write_bytes(bytes(1 << 20))
    async with room(data, factory=factory, memory=memory) as made:
        yield made


def test_dictation_holds_room_until_the_engine_closes(tmp_path: Path):
    """The model asks for room before it is loaded and gives it back when it is gone."""
    memory, factory = FakeRoom(), CardFactory()

    async def scene() -> None:
        async with desk(tmp_path, memory, factory) as made:
            assert [(wish.name, wish.priority) for wish in memory.wishes] == [
                ("Whisper base", "high")
            ]
            shown = made.voice.snapshot()
            assert (shown.compute, shown.compute_note) == ("cuda int8_float16 (1 found)", None)
            await made.say(SENTENCE)
            assert [one.text for one in made.voice.snapshot().recent] == ["hello there."]
            assert not memory.stays[0].is_released
        assert memory.stays[0].is_released
        assert factory.decoders[0].closes == 1
        assert our_threads() == set()

    run(scene())


def test_while_somebody_is_listened_to_the_model_is_not_idle(tmp_path: Path):
    """A pause in a recording is no rest; once it is over, time runs."""
    memory = FakeRoom()

    async def scene() -> None:
        async with desk(tmp_path, memory, CardFactory()) as made:
            (tenant,) = memory.tenants
            await made.voice.start_recording()
            made.clock.advance(600)
            assert tenant.idle_s() == 0
            await made.voice.stop_recording()
            made.clock.advance(8)
            assert tenant.idle_s() == 8
            guest = made.voice.open_guest("browser", 16_000, 1)
            made.clock.advance(8)
            assert tenant.idle_s() == 0
            await guest.aclose()

    run(scene())


def test_asked_to_leave_it_comes_back_with_the_next_sentence(tmp_path: Path):
    """No word is lost: sound is kept, and written down when the model is there again."""
    memory, factory = FakeRoom(), CardFactory()

    async def scene() -> None:
        async with desk(tmp_path, memory, factory) as made:
            await memory.tenants[0].leave("made room for Training")
            shown = made.voice.snapshot()
            assert "made room for Training" in (shown.compute_note or "")
            assert (shown.compute or "").startswith("not loaded")
            await made.say(SENTENCE)
            shown = made.voice.snapshot()
            assert [one.text for one in shown.recent] == ["hello there."]
            assert (shown.compute_note, len(memory.stays)) == (None, 2)

    run(scene())


def test_without_room_dictation_works_on_the_cpu(tmp_path: Path):
    """That is shown with its reason; after a pause the card is tried again."""
    memory, factory = FakeRoom(Overloaded("no graphics card had 731 MiB free")), CardFactory()

    async def scene() -> None:
        async with desk(tmp_path, memory, factory) as made:
            assert factory.loaded == [("cpu", None)]
            shown = made.voice.snapshot()
            assert "no graphics card had 731 MiB free" in (shown.compute_note or "")
            await made.say(SENTENCE)
            memory.refusal = None
            made.clock.advance(REST_S)
            await made.say(SENTENCE)
            shown = made.voice.snapshot()
            assert [one.text for one in shown.recent] == ["hello there."] * 2
            assert (shown.compute, shown.compute_note) == ("cuda int8_float16 (1 found)", None)

    run(scene())


def test_another_model_takes_the_place_of_the_first(tmp_path: Path):
    """Both are never on the card at once."""
    memory = FakeRoom()

    async def scene() -> None:
        async with desk(tmp_path, memory, CardFactory()) as made:
            await made.voice.change_settings(VoiceSettings(language="en", model="small"))
            await until(lambda: made.voice.snapshot().model == "small", "the other model")
            assert [wish.name for wish in memory.wishes] == ["Whisper base", "Whisper small"]
            assert [stay.is_released for stay in memory.stays] == [True, False]

    run(scene())


def test_files_hold_room_only_while_they_are_transcribed(tmp_path: Path):
    """Their copy of the model asks by its own name, after dictation, and leaves with the last."""
    memory, factory = FakeRoom(), CardFactory()

    async def scene() -> None:
        async with desk(tmp_path, memory, factory) as made:
            await made.voice.transcribe_file(sine_file(tmp_path / "talk.wav"))
            wish = memory.wishes[-1]
            assert (wish.name, wish.priority) == ("Whisper base, files", "normal")
            await until(lambda: memory.stays[-1].is_released, "the room to be given back")
            assert [stay.is_released for stay in memory.stays] == [False, True]

    run(scene())


def test_on_the_cpu_nobody_is_asked(tmp_path: Path):
    """A machine without CUDA never waits for room."""
    memory = FakeRoom()

    async def scene() -> None:
        async with desk(tmp_path, memory, CardFactory(has_cuda=False)) as made:
            await made.say(SENTENCE)
            assert made.voice.snapshot().compute_note is None
            await asyncio.sleep(0)
        assert memory.wishes == []

    run(scene())


def test_the_english_settings_leave_the_choice_of_place_open():
    """What these tests say of cards is what users get who chose nothing."""
    assert ENGLISH.compute == "auto"
