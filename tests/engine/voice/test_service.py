"""The voice engine from outside: microphone and files in, words, history and snapshots out."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import engine.voice.recorder
from engine.errors import Damaged, EngineError, Refused, Unreachable
from engine.model_room import ModelRoom, UnsharedRoom
from engine.model_store.ports import ModelEntry, ModelFile
from engine.model_store.store import ModelStore
from engine.voice.adapters.pyav_reader import PyAvReader
from engine.voice.adapters.simulated import LoudnessDetector
from engine.voice.outside import VoicePorts
from engine.voice.ports import SAMPLE_RATE_HZ, DecoderFactory, FloatArray, Hypothesis
from engine.voice.recording import FULL_SCALE, Recording
from engine.voice.service import VoiceProcessingService
from engine.voice.settings import VoiceSettings
from engine.voice.snapshot import VoiceEvent, VoiceSnapshot, VoiceState
from engine.voice.stages import HighPass
from tests.conftest import FakeClock
from tests.engine.voice.doubles import (
    DESK,
    HEADSET,
    PATIENCE_S,
    ListDecoder,
    ListFactory,
    PushMicrophones,
    heard,
    quiet,
    tone,
    until,
    voice,
)

SENTENCE = np.concatenate([voice(40), quiet(30)])
ENGLISH = VoiceSettings(language="en")
OURS = ("voice", "recording", "sqlite", "simulated")
"""How the names of the engine's threads begin."""


def entry(name: str, *files: ModelFile) -> ModelEntry:
    """Return a model of `files`; without any it is always here."""
    return ModelEntry(name, name.title(), "all", "nobody/nothing", "0", files)


class Room:
    """A voice engine among stand-ins."""

    def __init__(
        self,
        data: Path,
        *,
        factory: DecoderFactory | None = None,
        source: PushMicrophones | None = None,
        settings: VoiceSettings = ENGLISH,
        entries: tuple[ModelEntry, ...] = (entry("base"), entry("small")),
        memory: ModelRoom | None = None,
    ) -> None:
        self.data = data
        self.clock = FakeClock()
        self.factory = factory or ListFactory(ListDecoder(["hello there."]))
        self.source = source or PushMicrophones(DESK, HEADSET)
        self.voice = VoiceProcessingService(
            settings=settings,
            ports=VoicePorts(
                microphones=self.source,
                decoders=self.factory,
                reader=PyAvReader(),
                models=ModelStore(shipped=None, own=data / "models", entries=entries),
                gate=LoudnessDetector,
                detector=LoudnessDetector,
                stages=lambda: [HighPass()],
                room=memory or UnsharedRoom(),
            ),
            data=data,
            clock=self.clock,
        )

    async def say(self, *sounds: np.ndarray) -> None:
        """Record `sounds`, from start to stop."""
        await self.voice.start_recording()
        self.source.stream.push(np.concatenate(sounds))
        await self.voice.stop_recording()
        self.clock.advance(1.0)

    async def state(self, wanted: VoiceState) -> VoiceSnapshot:
        """Wait for a state and return the snapshot."""
        await until(lambda: self.voice.snapshot().state is wanted, f"the state to be {wanted}")
        return self.voice.snapshot()

    @property
    def sound_files(self) -> list[str]:
        """The names of all files of recordings."""
        folder = self.data / "recordings"
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for microphones all the time."""
    monkeypatch.setattr(engine.voice.recorder, "WATCH_S", 0.005)


@asynccontextmanager
async def room(data: Path, **options: Any) -> AsyncIterator[Room]:
    """Run a voice engine; its model is loaded, or could not be."""
    made = Room(data, **options)
    async with made.voice:
        await until(
            lambda: made.voice.snapshot().state is not VoiceState.LOADING, "the model to be loaded"
        )
        yield made


def run(scene: Coroutine[Any, Any, None]) -> None:
    """Run `scene` to its end."""
    asyncio.run(asyncio.wait_for(scene, 30))


def our_threads() -> set[str]:
    """Return the names of the engine's threads."""
    return {one.name for one in threading.enumerate() if one.name.startswith(OURS)}


async def collected(events: AsyncIterator[VoiceEvent]) -> list[VoiceEvent]:
    """Return all events until they end."""
    return [event async for event in events]


def sine_file(path: Path, seconds: float = 3.0) -> Path:
    """Write a WAV file of a loud tone."""
    recording = Recording(path.parent, clock=FakeClock())
    recording.write(tone(440.0, seconds, loudness=0.3))
    made = recording.finish(keep=True)
    assert made is not None
    return made.rename(path)


def test_speech_becomes_history(tmp_path: Path):
    """What is said is told as events and is in the history once the recording has stopped."""

    async def scene() -> None:
        async with room(tmp_path) as made:
            events = asyncio.ensure_future(collected(made.voice.events()))
            await asyncio.sleep(0)
            await made.say(SENTENCE, SENTENCE)
            (second, first) = await made.voice.search_history("hello")
            assert (first.text, first.source, first.language) == (
                "hello there.",
                "microphone",
                "en",
            )
            assert first.duration_s == pytest.approx(40 * 0.032, abs=0.5)
            snapshot = made.voice.snapshot()
            assert [one.id for one in snapshot.recent] == [first.id, second.id]
            assert snapshot.history_version > 0
            assert snapshot.live is None
        told = await asyncio.wait_for(events, 10)
        assert [event.text for event in told if event.event == "final"] == ["hello there."] * 2
        assert our_threads() == set()

    run(scene())


def test_second_look_replaces_the_sentence(tmp_path: Path):
    """A second look that heard other words replaces the text, under the same row."""

    class Unsure(ListDecoder):
        def decode(self, audio: FloatArray, *, window: str, **_: Any) -> Hypothesis:
            if window == "full":
                return heard("hello there.")
            return heard("hello dear.", mean_log_probability=-0.9)

    factory = ListFactory(Unsure())

    async def scene() -> None:
        async with room(tmp_path, factory=factory) as made:
            events = asyncio.ensure_future(collected(made.voice.events()))
            await asyncio.sleep(0)
            await made.say(SENTENCE)
            (only,) = await made.voice.search_history("")
            assert only.text == "hello there."
        told = [event for event in await asyncio.wait_for(events, 10) if event.event != "partial"]
        assert [event.event for event in told] == ["final", "revised"]
        assert told[0].id == told[1].id

    run(scene())


def test_states_of_a_life(tmp_path: Path):
    """Stopped, loading, ready, recording, ready, stopped: each is shown."""
    factory = ListFactory(ListDecoder(model="base"))
    factory.may_load.clear()

    async def scene() -> None:
        made = Room(tmp_path, factory=factory)
        assert made.voice.snapshot().state is VoiceState.STOPPED
        await made.voice.start()
        loading = made.voice.snapshot()
        assert (loading.state, loading.model) == (VoiceState.LOADING, None)
        assert loading.devices == (DESK, HEADSET)
        factory.may_load.set()
        ready = await made.state(VoiceState.READY)
        assert (ready.model, ready.compute) == ("base", "scripted")
        assert (ready.device, ready.recording_s, ready.level_dbfs) == (
            "Desk microphone",
            None,
            None,
        )
        await made.voice.start_recording()
        made.source.stream.push(voice(20))
        await until(lambda: made.voice.snapshot().is_speech, "speech to be noticed")
        made.clock.advance(1.5)
        recording = made.voice.snapshot()
        assert recording.state is VoiceState.RECORDING
        assert recording.recording_s == 1.5
        assert recording.level_dbfs == pytest.approx(-13.5, abs=0.5)
        assert recording.peak_dbfs == pytest.approx(-10.5, abs=0.5)
        await made.voice.stop_recording()
        assert made.voice.snapshot().state is VoiceState.READY
        await made.voice.aclose()
        assert made.voice.snapshot().state is VoiceState.STOPPED
        assert our_threads() == set()

    run(scene())


def test_no_microphone(tmp_path: Path):
    """Without a microphone the problem names the remedy, and recording raises Unreachable."""

    async def scene() -> None:
        async with room(tmp_path, source=PushMicrophones()) as made:
            assert "plug one in" in (made.voice.snapshot().problem or "")
            with pytest.raises(Unreachable):
                await made.voice.start_recording()
            made.source.present = (DESK,)
            await until(lambda: made.voice.snapshot().problem is None, "the device to be noticed")
            await made.say(SENTENCE)
            assert len(made.voice.snapshot().recent) == 1

    run(scene())


def test_unplugged_and_plugged_in_again(tmp_path: Path):
    """A microphone that goes away while recording is shown as lost; the recording goes on."""

    async def scene() -> None:
        async with room(tmp_path) as made:
            await made.voice.start_recording()
            made.source.stream.push(SENTENCE)
            made.source.unplug("desk")
            made.source.present = ()
            await made.state(VoiceState.DEVICE_LOST)
            made.source.present = (DESK,)
            await made.state(VoiceState.RECORDING)
            made.source.stream.push(SENTENCE)
            await made.voice.stop_recording()
            assert len(made.voice.snapshot().recent) == 2
            assert made.voice.snapshot().problem is None

    run(scene())


def test_choosing_a_device(tmp_path: Path):
    """A chosen device is used at once while recording; one that is not there is refused."""

    async def scene() -> None:
        async with room(tmp_path) as made:
            await made.voice.choose_device("headset")
            assert made.voice.snapshot().device == "Headset"
            await made.voice.start_recording()
            assert made.source.stream.device == "headset"
            with pytest.raises(Unreachable):
                await made.voice.change_settings(replace(ENGLISH, device="webcam"))
            assert made.voice.snapshot().device == "Headset"
            await made.voice.change_settings(replace(ENGLISH, device="desk"))
            await until(lambda: made.source.opened[0].is_closed, "the old device to be closed")
            assert made.source.stream.device == "desk"

    run(scene())


def test_device_that_is_not_there_holds_up_no_other_setting(tmp_path: Path):
    """Of settings whose device will not open, the rest counts; the recording goes on."""
    decoder = ListDecoder(["bonjour."])

    async def scene() -> None:
        async with room(tmp_path, factory=ListFactory(decoder)) as made:
            await made.voice.start_recording()
            with pytest.raises(Unreachable):
                await made.voice.change_settings(VoiceSettings(language="fr", device="webcam"))
            made.source.stream.push(SENTENCE)
            await made.voice.stop_recording()
            assert {asked.language for asked in decoder.asked} == {"fr"}
            with pytest.raises(Unreachable, match="webcam"):
                await made.voice.start_recording()

    run(scene())


def test_recovered_sound_is_kept_where_sound_is_kept(tmp_path: Path):
    """With `keep_recordings` a recording that was cut off stays as a file once it is text."""
    cut_off = Recording(tmp_path / "recordings", clock=FakeClock())
    cut_off.write(voice(60))
    cut_off.finish(keep=True)
    folder = tmp_path / "recordings"
    (folder / f"{cut_off.name}.wav").replace(folder / f"{cut_off.name}.partial.wav")

    async def scene() -> None:
        async with room(tmp_path, settings=replace(ENGLISH, keep_recordings=True)) as made:
            (found,) = made.voice.snapshot().recovered
            await made.voice.transcribe_recovered(found.name)
            assert made.voice.snapshot().recovered == ()
            assert made.sound_files == [f"{cut_off.name}.wav"]
            assert [one.text for one in made.voice.snapshot().recent] == ["hello there."]

    run(scene())


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "is not here"), (b"other bytes", "is damaged")]
)
def test_model_missing_or_damaged(tmp_path: Path, content: bytes | None, reason: str):
    """Without a usable model the state says so, and a recording keeps its sound."""
    wanted = ModelFile("model.bin", "0" * 64, len(b"other bytes"))
    if content is not None:
        (tmp_path / "models" / "base").mkdir(parents=True)
        (tmp_path / "models" / "base" / "model.bin").write_bytes(content)

    async def scene() -> None:
        async with room(tmp_path, entries=(entry("base", wanted),)) as made:
            snapshot = made.voice.snapshot()
            assert snapshot.state is VoiceState.FAILED
            assert reason in (snapshot.problem or "")
            assert "models fetch base" in (snapshot.problem or "")
            with pytest.raises(Unreachable, match=reason):
                await made.voice.wait_for_model()
            await made.say(SENTENCE)
            (name,) = made.sound_files
            assert name.endswith("Z.wav")
            assert name in (made.voice.snapshot().problem or "")
            with pytest.raises(EngineError, match=reason):
                await made.voice.process_audio(voice(40))

    run(scene())


def test_changing_the_model(tmp_path: Path):
    """Another model is loaded while the engine runs, and shown as the one in use."""
    factory = ListFactory(ListDecoder(model="base"))

    async def scene() -> None:
        async with room(tmp_path, factory=factory) as made:
            factory.decoder = ListDecoder(model="small")
            await made.voice.change_settings(replace(ENGLISH, model="small"))
            await made.voice.wait_for_model()
            snapshot = made.voice.snapshot()
            assert snapshot.model == "small"
            assert [model.name for model in snapshot.models if model.is_in_use] == ["small"]

    run(scene())


@pytest.mark.parametrize(
    ("audio", "rate_hz", "channels"),
    [
        (tone(440.0, 2.0, loudness=0.3), SAMPLE_RATE_HZ, 1),
        (
            np.repeat(
                (tone(440.0, 2.0, loudness=0.3, rate_hz=44_100) * 32_767).astype(np.int16)[:, None],
                2,
                axis=1,
            ),
            44_100,
            2,
        ),
        (
            np.repeat(
                (tone(440.0, 2.0, loudness=0.3, rate_hz=44_100) * 32_767).astype(np.int16), 2
            ),
            44_100,
            2,
        ),
    ],
    ids=["float", "int16 frames", "int16 interleaved"],
)
def test_process_audio(tmp_path: Path, audio: np.ndarray, rate_hz: int, channels: int):
    """Sound of any type, rate and channel count becomes segments with times."""

    async def scene() -> None:
        async with room(tmp_path) as made:
            got = await made.voice.process_audio(audio, sample_rate=rate_hz, channels=channels)
            assert got.text == "hello there."
            assert got.duration_s == pytest.approx(2.0, abs=0.01)
            assert (got.model, got.language) == ("list", "en")
            (segment,) = got.segments
            assert 0.0 <= segment.start_s < segment.end_s <= 2.05
            assert made.voice.snapshot().jobs == ()

    run(scene())


@pytest.mark.parametrize(
    "audio",
    [np.zeros(0, np.float32), quiet(60), np.full(32_000, np.nan, np.float32)],
    ids=["empty", "silence", "NaN"],
)
def test_process_audio_without_speech(tmp_path: Path, audio: np.ndarray):
    """No sound, silence and what is no number give a transcript without text, and no decode."""
    decoder = ListDecoder()

    async def scene() -> None:
        async with room(tmp_path, factory=ListFactory(decoder)) as made:
            got = await made.voice.process_audio(audio)
            assert (got.segments, got.text, got.language) == ((), "", None)
            assert decoder.asked == []

    run(scene())


def test_process_audio_without_vad(tmp_path: Path):
    """Without voice activity detection all of the sound is decoded."""
    decoder = ListDecoder()

    async def scene() -> None:
        async with room(tmp_path, factory=ListFactory(decoder)) as made:
            await made.voice.process_audio(quiet(60), enable_vad=False)
            assert sum(asked.samples for asked in decoder.asked) >= 60 * 512

    run(scene())


@pytest.mark.parametrize(
    ("audio", "options"),
    [
        (np.zeros((10, 3), np.float32), {}),
        (np.zeros(10, np.float32), {"sample_rate": 0}),
        (np.zeros(10, np.complex64), {}),
        (np.zeros(11, np.float32), {"channels": 2}),
    ],
)
def test_process_audio_refuses_what_is_no_sound(
    tmp_path: Path, audio: np.ndarray, options: dict[str, int]
):
    """A wrong shape, rate or type is a programming mistake and says which."""

    async def scene() -> None:
        async with room(tmp_path) as made:
            with pytest.raises(ValueError):
                await made.voice.process_audio(audio, **options)

    run(scene())


def test_file_becomes_a_job_and_history(tmp_path: Path):
    """A file is shown while it is transcribed, and its text is in the history under its name."""
    path = sine_file(tmp_path / "talk.wav")

    async def scene() -> None:
        async with room(tmp_path / "data") as made:
            got = await made.voice.transcribe_file(path)
            assert got.text == "hello there."
            (job,) = made.voice.snapshot().jobs
            assert (job.name, job.state, job.progress, job.problem) == (
                "talk.wav",
                "done",
                1.0,
                None,
            )
            assert job.transcript == got
            (stored,) = await made.voice.search_history("hello")
            assert (stored.source, stored.duration_s) == ("talk.wav", pytest.approx(3.0, abs=0.01))
            made.voice.dismiss_file(job.id)
            assert made.voice.snapshot().jobs == ()

    run(scene())


@pytest.mark.parametrize("content", [b"", b"not a sound file" * 100, None])
def test_broken_files_are_failed_jobs(tmp_path: Path, content: bytes | None):
    """An empty, senseless or missing file raises, and its job says why; the engine goes on."""
    path = tmp_path / "broken.mp3"
    if content is not None:
        path.write_bytes(content)
    kind = Unreachable if content is None else Damaged

    async def scene() -> None:
        async with room(tmp_path / "data") as made:
            with pytest.raises(kind):
                await made.voice.transcribe_file(path)
            (job,) = made.voice.snapshot().jobs
            assert (job.state, job.transcript) == ("failed", None)
            assert "broken.mp3" in (job.problem or "")
            assert await made.voice.search_history("") == ()
            assert made.voice.snapshot().state is VoiceState.READY

    run(scene())


def test_cancelling_a_file(tmp_path: Path):
    """A cancelled file stops after the passage in hand; nothing of it is in the history."""
    path = sine_file(tmp_path / "long.wav", seconds=70.0)
    may_decode = threading.Event()
    decoder = ListDecoder(pause=may_decode)

    async def scene() -> None:
        async with room(tmp_path / "data", factory=ListFactory(decoder)) as made:
            work = asyncio.ensure_future(made.voice.transcribe_file(path))
            await until(decoder.is_decoding.is_set, "the first passage")
            (job,) = made.voice.snapshot().jobs
            assert job.state == "working"
            made.voice.cancel_file(job.id)
            may_decode.set()
            with pytest.raises(Refused, match="cancelled"):
                await work
            assert made.voice.snapshot().jobs[0].state == "cancelled"
            assert len(decoder.asked) == 1
            assert await made.voice.search_history("") == ()

    run(scene())


def test_sound_of_a_program_does_not_wait_behind_a_file(tmp_path: Path):
    """A few seconds of sound are answered while a long file is being transcribed."""
    path = sine_file(tmp_path / "long.wav", seconds=70.0)
    may_decode = threading.Event()
    slow, quick = ListDecoder(pause=may_decode), ListDecoder(["Soon."])
    factory = ListFactory(slow)

    async def scene() -> None:
        async with room(tmp_path / "data", factory=factory) as made:
            file = asyncio.ensure_future(made.voice.transcribe_file(path))
            await until(slow.is_decoding.is_set, "the first passage")
            factory.decoder = quick
            got = await asyncio.wait_for(made.voice.process_audio(voice(40)), PATIENCE_S)
            assert got.text == "Soon."
            assert not file.done()
            may_decode.set()
            await file

    run(scene())


def test_cancelling_the_caller_cancels_the_file(tmp_path: Path):
    """When whoever waits for a file gives up, the work stops."""
    path = sine_file(tmp_path / "long.wav", seconds=70.0)
    may_decode = threading.Event()
    decoder = ListDecoder(pause=may_decode)

    async def scene() -> None:
        async with room(tmp_path / "data", factory=ListFactory(decoder)) as made:
            work = asyncio.ensure_future(made.voice.transcribe_file(path))
            await until(decoder.is_decoding.is_set, "the first passage")
            work.cancel()
            with pytest.raises(asyncio.CancelledError):
                await work
            may_decode.set()
            assert made.voice.snapshot().jobs[0].state == "cancelled"
        assert len(decoder.asked) == 1

    run(scene())


def test_history_can_be_deleted_and_brought_back(tmp_path: Path):
    """Deleted sentences are gone from search and snapshot, until they are restored."""

    async def scene() -> None:
        async with room(tmp_path) as made:
            await made.say(SENTENCE)
            before = made.voice.snapshot()
            (only,) = before.recent
            await made.voice.delete_history([only.id])
            gone = made.voice.snapshot()
            assert gone.recent == ()
            assert gone.history_version > before.history_version
            assert await made.voice.search_history("") == ()
            await made.voice.restore_history([only.id])
            assert made.voice.snapshot().recent == (only,)

    run(scene())


def test_history_outlives_the_engine(tmp_path: Path):
    """The next start knows what was said before, without what is too old."""

    async def scene() -> None:
        async with room(tmp_path) as made:
            await made.say(SENTENCE)
        async with room(tmp_path) as made:
            assert [one.text for one in made.voice.snapshot().recent] == ["hello there."]
        late = Room(tmp_path, settings=replace(ENGLISH, keep_days=30))
        late.clock.advance(31 * 86_400)
        async with late.voice:
            assert late.voice.snapshot().recent == ()

    run(scene())


def test_recording_cut_off_by_a_crash_is_found(tmp_path: Path):
    """Sound of a process that was killed is offered at the next start, and transcribed once."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    name = "20260228T100000.000000Z"
    sound = (SENTENCE * FULL_SCALE).astype("<i2").tobytes()
    (folder / f"{name}.partial.wav").write_bytes(b"\0" * 44 + sound)

    async def scene() -> None:
        async with room(tmp_path) as made:
            (found,) = made.voice.snapshot().recovered
            assert found.name == name
            assert found.duration_s == pytest.approx(len(SENTENCE) / SAMPLE_RATE_HZ)
            await made.voice.transcribe_recovered(name)
            assert made.voice.snapshot().recovered == ()
            assert made.sound_files == []
            (stored,) = await made.voice.search_history("hello")
            assert (stored.source, stored.said_at) == ("microphone", found.started_at)
            with pytest.raises(Unreachable):
                await made.voice.transcribe_recovered(name)

    run(scene())


def test_recovered_sound_that_cannot_be_transcribed_stays(tmp_path: Path):
    """A recovered recording is deleted only after it was transcribed, or when it is not wanted."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    name = "20260228T100000.000000Z"
    (folder / f"{name}.partial.wav").write_bytes(b"\0" * 44 + b"\1\0" * 32_000)
    factory = ListFactory(ListDecoder(), error=Unreachable("no model"))

    async def scene() -> None:
        async with room(tmp_path, factory=factory) as made:
            with pytest.raises(Unreachable):
                await made.voice.transcribe_recovered(name)
            assert [one.name for one in made.voice.snapshot().recovered] == [name]
            await made.voice.discard_recovered(name)
            assert made.voice.snapshot().recovered == ()
            assert made.sound_files == []

    run(scene())


def test_closing_while_recording_loses_nothing(tmp_path: Path):
    """Closing in the middle of a sentence transcribes it first, then ends every thread."""

    async def scene() -> None:
        made = Room(tmp_path)
        await made.voice.start()
        await made.voice.start_recording()
        made.source.stream.push(voice(40))
        await made.voice.aclose()
        assert our_threads() == set()
        assert made.sound_files == []
        assert made.source.stream.is_closed
        await made.voice.aclose()
        async with room(tmp_path) as later:
            assert [one.text for one in later.voice.snapshot().recent] == ["hello there."]

    run(scene())


@pytest.mark.parametrize("when", ["never started", "loading", "lost", "file"])
def test_closing_from_every_state(tmp_path: Path, when: str):
    """Whatever the engine does, closing ends it: no thread and no temporary file is left."""
    path = sine_file(tmp_path / "long.wav", seconds=70.0)
    temporary = set(Path(tempfile.gettempdir()).iterdir())
    may_decode = threading.Event()
    decoder = ListDecoder(pause=may_decode)
    factory = ListFactory(decoder)

    async def scene() -> None:
        made = Room(tmp_path / "data", factory=factory)
        if when == "loading":
            factory.may_load.clear()
        if when != "never started":
            await made.voice.start()
        work = None
        if when == "lost":
            await made.voice.start_recording()
            made.source.unplug("desk")
            await made.state(VoiceState.DEVICE_LOST)
        if when == "file":
            work = asyncio.ensure_future(made.voice.transcribe_file(path))
            await until(decoder.is_decoding.is_set, "the first passage")
        closing = asyncio.ensure_future(made.voice.aclose())
        await asyncio.sleep(0)
        factory.may_load.set()
        may_decode.set()
        await closing
        if work is not None:
            with pytest.raises(Refused):
                await work
        assert our_threads() == set()
        assert made.sound_files == []

    run(scene())
    assert {
        one for one in Path(tempfile.gettempdir()).iterdir() if "voice" in one.name
    } <= temporary


def test_closing_does_not_wait_for_the_model(tmp_path: Path):
    """A model that is still being loaded is given up; nothing is left of it, and nobody told."""
    factory = ListFactory(ListDecoder())
    factory.may_load.clear()

    async def scene() -> None:
        made = Room(tmp_path, factory=factory)
        await made.voice.start()
        waiting = asyncio.ensure_future(made.voice.wait_for_model())
        await made.voice.aclose()
        assert factory.may_load.is_set(), "nobody told the factory to stop"
        with pytest.raises(Unreachable):
            await waiting
        assert our_threads() == set()
        assert factory.loaded in ([], ["base"])

    run(scene())


def test_closing_while_a_lost_microphone_opens(tmp_path: Path):
    """A microphone that is being opened again when the engine closes is closed as well."""

    async def scene() -> None:
        made = Room(tmp_path)
        await made.voice.start()
        await made.voice.start_recording()
        made.source.is_opening.clear()
        made.source.may_open.clear()
        made.source.opened[0].unplug()
        await until(made.source.is_opening.is_set, "the device to be opened again")
        closing = asyncio.ensure_future(made.voice.aclose())
        await until(lambda: made.source.opened[0].is_closed, "the lost device to be closed")
        made.source.may_open.set()
        await closing
        await until(lambda: len(made.source.opened) == 2, "the device to open too late")
        await until(lambda: made.source.opened[1].is_closed, "it to be closed")

    run(scene())


def test_history_that_cannot_be_opened(tmp_path: Path):
    """A damaged history is told at the start, and closing is still safe."""
    (tmp_path / "history.sqlite").write_bytes(b"no database" * 1000)

    async def scene() -> None:
        made = Room(tmp_path)
        with pytest.raises(Damaged, match=r"history\.sqlite"):
            await made.voice.start()
        assert made.voice.snapshot().state is VoiceState.STOPPED
        await made.voice.aclose()
        assert our_threads() == set()

    run(scene())


def test_snapshots_from_another_thread(tmp_path: Path):
    """A snapshot may be taken from any thread while sound comes in; it is always whole."""
    failures: list[BaseException] = []
    taken: list[VoiceSnapshot] = []

    async def scene() -> None:
        async with room(tmp_path) as made:
            is_over = threading.Event()

            def look() -> None:
                try:
                    while not is_over.wait(0.001):
                        taken.append(made.voice.snapshot())
                except Exception as error:  # noqa: BLE001 - the test shows it
                    failures.append(error)

            watcher = threading.Thread(target=look)
            watcher.start()
            await made.voice.start_recording()
            for _ in range(3):
                made.source.stream.push(SENTENCE)
                seen = len(taken)
                await until(lambda: len(taken) > seen + 5, "snapshots")  # noqa: B023
            await made.voice.stop_recording()
            is_over.set()
            await asyncio.to_thread(watcher.join)

    run(scene())
    assert failures == []
    assert [one.taken_s for one in taken] == sorted(one.taken_s for one in taken)
    assert {one.state for one in taken} >= {VoiceState.RECORDING}


def test_events_end_when_the_engine_closes(tmp_path: Path):
    """Subscriptions from before the start and after the end both come to an end."""

    async def scene() -> None:
        made = Room(tmp_path)
        early = made.voice.events()
        async with made.voice:
            await made.say(SENTENCE)
        assert [event.event for event in await collected(early)][-1] == "final"
        assert await collected(made.voice.events()) == []

    run(scene())
