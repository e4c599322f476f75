"""A recording begins, survives lost microphones and full disks, and ends with its last word."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import engine.voice.recorder
from engine.errors import Refused, Unreachable
from engine.voice.capture import BEGUN_S
from engine.voice.microphones import Microphones
from engine.voice.ports import FloatArray, Hypothesis
from engine.voice.recorder import Recorder
from engine.voice.snapshot import Device, VoiceState
from tests.engine.voice.doubles import (
    DESK,
    HEADSET,
    Desk,
    ListDecoder,
    ListFactory,
    PushMicrophones,
    quiet,
    until,
    voice,
)

SENTENCE = np.concatenate([voice(40), quiet(30)])


class Studio:
    """A recorder with its microphones, model and folder."""

    def __init__(self, folder: Path, factory: ListFactory, source: PushMicrophones) -> None:
        self.folder = folder
        self.source = source
        self.desk = Desk(factory)
        self.recorder = Recorder(
            live=self.desk.live,
            microphones=Microphones(source),
            folder=folder,
            clock=self.desk.clock,
            settle=self._settle,
        )
        self.is_stored = True

    @property
    def files(self) -> list[str]:
        """The names of all files of recordings."""
        return sorted(path.name for path in self.folder.iterdir()) if self.folder.is_dir() else []

    async def _settle(self) -> bool:
        return self.is_stored

    async def state(self, wanted: VoiceState) -> None:
        """Wait for a state."""
        await until(lambda: self.recorder.state is wanted, f"the state to be {wanted}")


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for microphones all the time."""
    monkeypatch.setattr(engine.voice.recorder, "WATCH_S", 0.005)


@asynccontextmanager
async def studio(
    folder: Path, factory: ListFactory | None = None, *, source: PushMicrophones | None = None
) -> AsyncIterator[Studio]:
    """Run a recorder whose model is loaded, and its watch."""
    made = Studio(
        folder,
        factory or ListFactory(ListDecoder(["hello there."])),
        source or PushMicrophones(DESK, HEADSET),
    )
    made.desk.live.start()
    await made.recorder.open(keep_days=30)
    watch = asyncio.ensure_future(made.recorder.watch())
    try:
        await asyncio.to_thread(made.desk.live.wait_for_model)
        yield made
    finally:
        watch.cancel()
        await made.recorder.stop(keep=False)
        await asyncio.to_thread(made.desk.live.close)


def run(scene: Coroutine[Any, Any, None]) -> None:
    """Run `scene` to its end."""
    asyncio.run(asyncio.wait_for(scene, 30))


def test_recording_becomes_words(tmp_path: Path):
    """Between start and stop all that is said becomes text; no sound is left on the disk."""

    async def scene() -> None:
        async with studio(tmp_path / "sound") as made:
            assert made.recorder.state is VoiceState.READY
            await made.recorder.start("")
            assert made.recorder.state is VoiceState.RECORDING
            assert made.files
            made.source.stream.push(SENTENCE)
            await made.recorder.stop(keep=False)
            assert made.recorder.state is VoiceState.READY
            assert made.desk.texts() == ["hello there."]
            assert made.files == []
            assert made.recorder.problem is None

    run(scene())


def test_starting_and_stopping_twice(tmp_path: Path):
    """A second start or stop changes nothing, and a new recording is possible after each."""

    async def scene() -> None:
        async with studio(tmp_path / "sound") as made:
            await made.recorder.stop(keep=False)
            for count in (1, 2):
                await made.recorder.start("")
                await made.recorder.start("headset")
                assert len(made.source.opened) == count
                made.source.stream.push(SENTENCE)
                await made.recorder.stop(keep=False)
                await made.recorder.stop(keep=False)
                assert len(made.desk.texts()) == count

    run(scene())


def test_sound_is_kept_where_it_is_wanted(tmp_path: Path):
    """With `keep` the sound stays as a WAV file, sample for sample."""

    async def scene() -> None:
        async with studio(tmp_path) as made:
            await made.recorder.start("")
            made.source.stream.push(SENTENCE)
            await made.recorder.stop(keep=True)
            assert made.files == ["20260301T120000.000000Z.wav"]

    run(scene())
    with wave.open(str(tmp_path / "20260301T120000.000000Z.wav")) as file:
        got = np.frombuffer(file.readframes(10**6), "<i2") / 32767
    np.testing.assert_allclose(got, SENTENCE, atol=1e-4)


def test_no_microphone(tmp_path: Path):
    """Without a microphone a recording does not begin, and leaves nothing."""

    async def scene() -> None:
        async with studio(tmp_path, source=PushMicrophones()) as made:
            with pytest.raises(Unreachable):
                await made.recorder.start("")
            assert made.recorder.state is VoiceState.READY
            assert made.files == []

    run(scene())


def test_lost_microphone_is_shown_and_taken_up_again(tmp_path: Path):
    """Unplugged while recording: the state says so; plugged in again, it goes on by itself."""

    async def scene() -> None:
        async with studio(tmp_path) as made:
            await made.recorder.start("desk")
            made.source.stream.push(SENTENCE)
            made.source.unplug("desk")
            await made.state(VoiceState.DEVICE_LOST)
            await until(lambda: made.recorder.problem, "the problem to be shown")
            assert "plug it in again" in (made.recorder.problem or "")
            made.source.present = (DESK, HEADSET)
            await made.state(VoiceState.RECORDING)
            assert made.recorder.problem is None
            made.source.stream.push(SENTENCE)
            await made.recorder.stop(keep=False)
            assert len(made.desk.texts()) == 2
            assert all(stream.is_closed for stream in made.source.opened)

    run(scene())


def test_silent_microphone_is_opened_again(tmp_path: Path):
    """A device that is there but delivers nothing for two seconds is opened anew."""

    async def scene() -> None:
        async with studio(tmp_path) as made:
            await made.recorder.start("desk")
            made.desk.clock.advance(BEGUN_S + 0.5)
            await until(lambda: len(made.source.opened) == 2, "the device to be opened again")
            await made.state(VoiceState.RECORDING)
            await until(lambda: made.source.opened[0].is_closed, "the old stream to be closed")

    run(scene())


def test_stopping_while_the_microphone_is_lost(tmp_path: Path):
    """What was heard before the loss is transcribed, and the loss is no problem any more."""

    async def scene() -> None:
        async with studio(tmp_path) as made:
            await made.recorder.start("desk")
            made.source.stream.push(SENTENCE)
            made.source.unplug("desk")
            await until(lambda: made.recorder.problem, "the problem to be shown")
            await made.recorder.stop(keep=False)
            assert made.desk.texts() == ["hello there."]
            assert made.recorder.problem is None
            assert made.recorder.state is VoiceState.READY

    run(scene())


def test_choosing_another_microphone_while_recording(tmp_path: Path):
    """The recording goes on with the new device; one that is not there changes nothing."""

    async def scene() -> None:
        async with studio(tmp_path) as made:
            await made.recorder.start("desk")
            with pytest.raises(Unreachable):
                await made.recorder.choose("webcam")
            assert not made.source.opened[0].is_closed
            await made.recorder.choose("headset")
            await until(lambda: made.source.opened[0].is_closed, "the old device to be closed")
            assert made.source.stream.device == "headset"
            assert made.recorder.state is VoiceState.RECORDING

    run(scene())


def test_device_that_was_chosen_is_the_one_that_is_waited_for(tmp_path: Path):
    """A device chosen while recording is the one that is taken up again after a loss."""

    async def scene() -> None:
        async with studio(tmp_path) as made:
            await made.recorder.start("desk")
            await made.recorder.choose("headset")
            made.source.unplug("headset")
            await made.state(VoiceState.DEVICE_LOST)
            made.source.present = (DESK, HEADSET)
            await made.state(VoiceState.RECORDING)
            assert made.source.stream.device == "headset"

    run(scene())


def test_disk_that_takes_no_recording(tmp_path: Path):
    """Where the sound cannot be kept, that is shown, and the words are heard all the same."""
    (tmp_path / "sound").write_text("a file where the folder should be")

    async def scene() -> None:
        async with studio(tmp_path / "sound") as made:
            await made.recorder.start("")
            assert "cannot be begun" in (made.recorder.problem or "")
            made.source.stream.push(SENTENCE)
            await made.recorder.stop(keep=True)
            assert made.desk.texts() == ["hello there."]

    run(scene())


class BrokenDecoder(ListDecoder):
    """Cannot decode."""

    def decode(self, audio: FloatArray, **asked: object) -> Hypothesis:
        raise RuntimeError("out of memory")


@pytest.mark.parametrize(
    ("factory", "said"),
    [
        (lambda: ListFactory(ListDecoder(), error=Unreachable("no model")), "Nothing was"),
        (lambda: ListFactory(BrokenDecoder()), "Not all of it was"),
    ],
)
def test_sound_that_became_no_words_is_kept(
    tmp_path: Path, factory: Callable[[], ListFactory], said: str
):
    """Without a model, or with one that fails, the sound stays, and it is said where."""

    async def scene() -> None:
        async with studio(tmp_path, factory()) as made:
            await made.recorder.start("")
            made.source.stream.push(SENTENCE)
            await made.recorder.stop(keep=False)
            (name,) = made.files
            assert name.endswith("Z.wav")
            assert (made.recorder.problem or "").startswith(said)
            assert str(tmp_path / name) in (made.recorder.problem or "")

    run(scene())


def test_sound_is_kept_when_transcribing_takes_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """When what was said is not transcribed in time, its sound stays."""
    monkeypatch.setattr(engine.voice.recorder, "DRAIN_S", 0.01)
    factory = ListFactory(ListDecoder(["hello there."]))

    async def scene() -> None:
        async with studio(tmp_path, factory) as made:
            factory.may_load.clear()
            made.desk.live.reload()
            await made.recorder.start("")
            made.source.stream.push(SENTENCE)
            await made.recorder.stop(keep=False)
            assert [name.endswith("Z.wav") for name in made.files] == [True]
            factory.may_load.set()

    run(scene())


def test_sound_is_kept_when_the_history_takes_no_words(tmp_path: Path):
    """What was transcribed but could not be stored stays as sound."""

    async def scene() -> None:
        async with studio(tmp_path) as made:
            made.is_stored = False
            await made.recorder.start("")
            made.source.stream.push(SENTENCE)
            await made.recorder.stop(keep=False)
            assert made.desk.texts() == ["hello there."]
            (name,) = made.files
            assert name.endswith("Z.wav")
            assert (made.recorder.problem or "").startswith("Not all of it is in the history")

    run(scene())


def test_sound_is_kept_when_the_model_comes_too_late(tmp_path: Path):
    """A sentence that was said without a model is not forgotten when one is there at the end."""
    factory = ListFactory(ListDecoder(["hello there."]), error=Unreachable("no model"))

    async def scene() -> None:
        async with studio(tmp_path, factory) as made:
            await made.recorder.start("")
            made.source.stream.push(SENTENCE)
            await until(lambda: made.desk.live.has_missed, "the sentence to be missed")
            factory.error = None
            made.desk.live.reload()
            await until(lambda: made.desk.live.decoder, "the model to be loaded")
            await made.recorder.stop(keep=False)
            assert [name.endswith("Z.wav") for name in made.files] == [True]
            assert (made.recorder.problem or "").startswith("Not all of it was")

    run(scene())


def test_stop_that_nobody_waits_for_still_ends_the_recording(tmp_path: Path):
    """Cancelling the caller in the middle of a stop loses neither words nor files."""
    factory = ListFactory(ListDecoder(["hello there."]))

    async def scene() -> None:
        async with studio(tmp_path, factory) as made:
            factory.may_load.clear()
            made.desk.live.reload()
            await made.recorder.start("")
            made.source.stream.push(SENTENCE)
            stopping = asyncio.ensure_future(made.recorder.stop(keep=False))
            await made.state(VoiceState.DRAINING)
            stopping.cancel()
            await asyncio.wait([stopping])
            closing = asyncio.ensure_future(made.recorder.stop(keep=False))
            factory.may_load.set()
            await closing
            assert made.desk.texts() == ["hello there."]
            assert made.files == []
            assert made.recorder.state is VoiceState.READY

    run(scene())


def test_stop_right_after_the_start_finds_the_recording(tmp_path: Path):
    """A key that is let go while the microphone still opens leaves nothing recording."""

    async def scene() -> None:
        async with studio(tmp_path) as made:
            made.source.may_open.clear()
            starting = asyncio.ensure_future(made.recorder.start(""))
            stopping = asyncio.ensure_future(made.recorder.stop(keep=False))
            await until(made.source.is_opening.is_set, "the microphone to be opened")
            made.source.may_open.set()
            await asyncio.gather(starting, stopping)
            assert made.recorder.state is VoiceState.READY
            assert made.source.stream.is_closed

    run(scene())


def test_nothing_is_recorded_after_closing(tmp_path: Path):
    """A start that comes after the close opens no microphone."""

    async def scene() -> None:
        async with studio(tmp_path) as made:
            made.recorder.close()
            with pytest.raises(Refused, match="not running"):
                await made.recorder.start("")
            assert made.source.opened == []
            assert made.recorder.state is VoiceState.STOPPED

    run(scene())


def test_microphone_of_an_odd_kind_is_closed_again(tmp_path: Path):
    """When listening cannot begin, neither the microphone nor a file stays open."""
    odd = replace(DESK, channels=300)

    async def scene() -> None:
        async with studio(tmp_path, source=PushMicrophones(odd)) as made:
            with pytest.raises(ValueError, match="300 channels"):
                await made.recorder.start("")
            assert made.source.stream.is_closed
            assert made.files == []
            assert made.recorder.state is VoiceState.READY

    run(scene())


def test_watch_survives_a_mistake(tmp_path: Path):
    """A sound system that fails in an unknown way is a problem to see, and is asked again."""

    class Moody(PushMicrophones):
        is_broken = False

        def devices(self) -> tuple[Device, ...]:
            if self.is_broken:
                raise ZeroDivisionError("driver")
            return super().devices()

    source = Moody(DESK)

    async def scene() -> None:
        async with studio(tmp_path, source=source) as made:
            await made.recorder.start("desk")
            source.is_broken = True
            await until(lambda: made.recorder.problem, "the problem to be shown")
            assert "driver" in (made.recorder.problem or "")
            source.is_broken = False
            source.unplug("desk")
            await made.state(VoiceState.DEVICE_LOST)

    run(scene())


def test_old_sound_is_deleted_at_the_start(tmp_path: Path):
    """Kept recordings older than the settings say are deleted; newer ones stay."""
    old, new = "20260101T000000.000000Z.wav", "20260228T000000.000000Z.wav"
    for name in (old, new):
        (tmp_path / name).write_bytes(b"")

    async def scene() -> None:
        async with studio(tmp_path) as made:
            assert made.files == [new]

    run(scene())


def test_draining_is_shown(tmp_path: Path):
    """Between the stop and the last word the state says what is going on."""
    factory = ListFactory(ListDecoder(["hello there."]))

    async def scene() -> None:
        async with studio(tmp_path, factory) as made:
            factory.may_load.clear()
            made.desk.live.reload()
            await made.recorder.start("")
            made.source.stream.push(SENTENCE)
            stopping = asyncio.ensure_future(made.recorder.stop(keep=False))
            await made.state(VoiceState.DRAINING)
            factory.may_load.set()
            await stopping
            assert made.recorder.state is VoiceState.READY
            assert made.desk.texts() == ["hello there."]

    run(scene())


@pytest.mark.parametrize(
    ("error", "state"), [(None, VoiceState.READY), (Unreachable("none"), VoiceState.FAILED)]
)
def test_states_without_a_recording(tmp_path: Path, error: Exception | None, state: VoiceState):
    """Opened, it first loads the model; then the engine is ready, or has failed."""
    factory = ListFactory(ListDecoder(), error=error)
    factory.may_load.clear()

    async def scene() -> None:
        made = Studio(tmp_path, factory, PushMicrophones(DESK))
        assert made.recorder.state is VoiceState.STOPPED
        made.desk.live.start()
        await made.recorder.open(keep_days=0)
        assert made.recorder.state is VoiceState.LOADING
        factory.may_load.set()
        await made.state(state)
        await asyncio.to_thread(made.desk.live.close)

    run(scene())
