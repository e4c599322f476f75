"""Speech models are opened where there is room, and only there is anybody asked."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.errors import Overloaded, Refused
from engine.model_room import RoomWish, Stay, Tenant
from engine.voice import card_models
from engine.voice.card_decoder import CardDecoder
from engine.voice.card_models import PATIENCE_S, CardModels, Purpose
from engine.voice.ports import SpeechDecoder
from engine.voice.settings import VoiceSettings
from tests.conftest import FakeClock
from tests.engine.voice.card_doubles import CardFactory, FakeRoom
from tests.engine.voice.doubles import quiet

AUTO = VoiceSettings()
QUIETLY = Purpose()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of a model of 10 MiB."""
    with (tmp_path / "model.bin").open("wb") as file:
        file.truncate(10 << 20)
    return tmp_path


def opened(
    models: CardModels, folder: Path, purpose: Purpose = QUIETLY, settings: VoiceSettings = AUTO
) -> SpeechDecoder:
    """Return the model as another thread opens it while the loop runs."""

    async def main() -> SpeechDecoder:
        models.bind(asyncio.get_running_loop())
        return await asyncio.to_thread(models.open, "base", folder, settings, purpose)

    return asyncio.run(main())


def test_on_the_cpu_nobody_is_asked(folder: Path):
    """Without CUDA, or where the CPU was chosen, the model is the plain one and needs no room."""
    room = FakeRoom()
    for factory, settings in (
        (CardFactory(has_cuda=False), AUTO),
        (CardFactory(), VoiceSettings(compute="cpu")),
    ):
        models = CardModels(factory, room, clock=FakeClock())
        assert opened(models, folder, settings=settings) is factory.decoders[0]
        assert factory.loaded == [(settings.compute, None)]
        models.close()
    assert room.wishes == []


def test_room_is_asked_for_by_name_size_and_priority(folder: Path):
    """Who looks at the leases sees which model it is, and what it is for."""
    room, factory = FakeRoom(), CardFactory()
    models = CardModels(factory, room, clock=FakeClock())
    opened(models, folder, Purpose(priority="high"))
    opened(models, folder, Purpose(label=", files"))
    told = [(wish.name, wish.needs, wish.priority, wish.patience_s) for wish in room.wishes]
    assert told == [
        ("Whisper base", 265, "high", PATIENCE_S),
        ("Whisper base, files", 265, "normal", PATIENCE_S),
    ]
    assert {wish.model for wish in room.wishes} == {"Whisper base int8_float16"}
    models.close()
    assert [stay.is_released for stay in room.stays] == [True, True]


def test_a_wish_for_cuda_makes_a_broken_card_an_error(folder: Path):
    """Where the user wants the card, and not what happens to work, there is no fallback."""
    factory = CardFactory()
    factory.broken = Refused("CUDA does not work")
    models = CardModels(factory, FakeRoom(), clock=FakeClock())
    with pytest.raises(Refused, match="CUDA does not work"):
        opened(models, folder, settings=VoiceSettings(compute="cuda"))
    assert opened(models, folder).decode(quiet(1), language="en", window="full").text


def test_before_there_is_a_loop_models_are_loaded_as_if_alone(folder: Path):
    """A program that starts no engine has nobody to ask."""
    room, factory = FakeRoom(), CardFactory()
    models = CardModels(factory, room, clock=FakeClock())
    decoder = models.open("base", folder, AUTO, Purpose())
    assert (factory.loaded, room.wishes) == ([("cuda", None)], [])
    decoder.close()


def test_a_loop_that_has_ended_leaves_the_cpu(folder: Path):
    """While the application closes nobody waits for room that nobody gives."""
    models = CardModels(CardFactory(), FakeRoom(), clock=FakeClock())
    opened(models, folder)
    decoder = models.open("base", folder, AUTO, Purpose())
    assert isinstance(decoder, CardDecoder)
    assert "the application is closing" in (decoder.note or "")


class SilentRoom:
    """A ModelRoom that never answers."""

    def __init__(self) -> None:
        self.was_given_up = False

    async def hold(self, wish: RoomWish, tenant: Tenant) -> Stay:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.was_given_up = True
            raise
        raise AssertionError


def test_who_never_answers_is_given_up(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """Dictation does not wait for ever for who gives out memory."""
    monkeypatch.setattr(card_models, "SILENCE_S", 0.0)
    monkeypatch.setattr(card_models, "PATIENCE_S", 0.0)
    room = SilentRoom()
    decoder = opened(CardModels(CardFactory(), room, clock=FakeClock()), folder)
    assert isinstance(decoder, CardDecoder)
    assert "does not answer" in (decoder.note or "")
    assert room.was_given_up


def test_closed_models_are_forgotten(folder: Path):
    """However many files are transcribed, only models that may come back are remembered."""
    models = CardModels(CardFactory(), FakeRoom(), clock=FakeClock())
    for _ in range(5):
        opened(models, folder).close()
    assert len(models._open) == 1


def test_no_room_is_told_by_the_model(folder: Path):
    """The reason is the one that whoever gives room tells."""
    room = FakeRoom(Overloaded("no graphics card had room"))
    decoder = opened(CardModels(CardFactory(), room, clock=FakeClock()), folder)
    assert decoder.compute.startswith("cpu int8 (no room on a graphics card: no graphics card had")
