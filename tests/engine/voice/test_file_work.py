"""Files are transcribed one after the other, shown as jobs, and stop when told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import Damaged, Refused, Unreachable
from engine.voice.adapters.simulated import LoudnessDetector
from engine.voice.file_work import EverythingIsSpeech, FileWork
from engine.voice.ports import FloatArray, SpeechDecoder
from tests.engine.voice.doubles import ListDecoder, quiet, until, voice


class Sound:
    """A sound file of two seconds of speech, then what a test wants."""

    duration_s: float | None = 2.0

    def __init__(self, *, breaks: Exception | None = None) -> None:
        self._breaks = breaks

    def blocks(self) -> Iterator[FloatArray]:
        yield voice(60)
        if self._breaks is not None:
            raise self._breaks
        yield quiet(3)


class Shelf:
    """An AudioReader of files in memory."""

    def __init__(self, **files: Sound) -> None:
        self._files = files

    @contextmanager
    def open(self, path: Path) -> Iterator[Sound]:
        if path.name not in self._files:
            raise Unreachable(f"{path} is not there")
        yield self._files[path.name]


class Office:
    """File work over `files`, and the models it loaded."""

    def __init__(self, decoder: ListDecoder, **files: Sound) -> None:
        self.loaded: list[str] = []
        self.decoder = decoder
        self.problem: Exception | None = None
        self.work = FileWork(
            reader=Shelf(**files) if files else Shelf(talk=Sound()),
            detector=LoudnessDetector,
            load=self._load,
        )

    async def transcribe(self, name: str = "talk", *, model: str = "list") -> str:
        """Return the text of `name`."""
        path = Path(name)
        got = await self.work.transcribe(path, name=name, model=model, language="en")
        return got.text

    async def free(self) -> None:
        """Wait until the model was let go."""
        await until(lambda: self.work._decoder is None, "the model to be let go")

    @property
    def states(self) -> list[str]:
        """The states of all jobs."""
        return [job.state for job in self.work.jobs()]

    def _load(self, model: str) -> SpeechDecoder:
        self.loaded.append(model)
        if self.problem is not None:
            raise self.problem
        return self.decoder


@asynccontextmanager
async def office(decoder: ListDecoder | None = None, **files: Sound) -> AsyncIterator[Office]:
    """Run file work and close it."""
    made = Office(decoder or ListDecoder(["hello there."]), **files)
    try:
        yield made
    finally:
        await asyncio.to_thread(made.work.close)


def run(scene: Coroutine[Any, Any, None]) -> None:
    """Run `scene` to its end."""
    asyncio.run(asyncio.wait_for(scene, 30))


def test_job_shows_how_far_it_is():
    """A job waits, works with progress, and is done with its text."""
    may_decode = threading.Event()
    decoder = ListDecoder(["hello there."], pause=may_decode)

    async def scene() -> None:
        async with office(decoder) as made:
            first = asyncio.ensure_future(made.transcribe())
            await until(decoder.is_decoding.is_set, "the first file to be decoded")
            second = asyncio.ensure_future(made.transcribe())
            await asyncio.sleep(0)
            assert made.states == ["working", "waiting"]
            assert made.work.jobs()[0].progress is not None
            may_decode.set()
            assert await asyncio.gather(first, second) == ["hello there."] * 2
            assert made.states == ["done", "done"]
            assert [job.id for job in made.work.jobs()] == [1, 2]

    run(scene())


def test_unknown_length_has_no_progress():
    """Where the file does not tell its length, the progress is unknown while it works."""
    may_decode = threading.Event()
    decoder = ListDecoder(pause=may_decode)
    endless = Sound()
    endless.duration_s = None

    async def scene() -> None:
        async with office(decoder, radio=endless) as made:
            work = asyncio.ensure_future(made.transcribe("radio"))
            await until(decoder.is_decoding.is_set, "the file to be decoded")
            assert made.work.jobs()[0].progress is None
            may_decode.set()
            await work
            assert made.work.jobs()[0].progress == 1.0

    run(scene())


def test_model_is_kept_while_files_wait_and_let_go_then():
    """Files in a row share a loaded model; it is loaded again for the next batch."""

    async def scene() -> None:
        async with office() as made:
            await asyncio.gather(made.transcribe(), made.transcribe())
            assert made.loaded == ["list"]
            await made.free()
            await made.transcribe()
            assert made.loaded == ["list", "list"]

    run(scene())


def test_another_model_is_loaded():
    """A file that wants another model gets it."""

    async def scene() -> None:
        async with office() as made:
            await asyncio.gather(made.transcribe(), made.transcribe(model="small"))
            assert made.loaded == ["list", "small"]

    run(scene())


def test_damage_in_the_middle_is_shown_beside_the_text():
    """A file that breaks off gives the text so far, and its job says what happened."""
    broken = Sound(breaks=Damaged("talk cannot be decoded any further"))

    async def scene() -> None:
        async with office(talk=broken) as made:
            assert await made.transcribe() == "hello there."
            (job,) = made.work.jobs()
            assert (job.state, job.problem) == ("done", "talk cannot be decoded any further")

    run(scene())


def test_missing_file_and_missing_model_fail_the_job():
    """What the world refuses is raised, shown in the job, and the next file is worked on."""

    async def scene() -> None:
        async with office() as made:
            with pytest.raises(Unreachable):
                await made.transcribe("gone")
            await made.free()
            made.problem = Unreachable("model list is not here")
            with pytest.raises(Unreachable):
                await made.transcribe()
            made.problem = None
            await made.transcribe()
            assert made.states == ["failed", "failed", "done"]
            assert [job.problem for job in made.work.jobs()] == [
                "gone is not there",
                "model list is not here",
                None,
            ]

    run(scene())


def test_mistake_in_the_work_fails_the_job():
    """Even an error nobody thought of ends the job, so that none works for ever."""

    async def scene() -> None:
        async with office(talk=Sound(breaks=RuntimeError("no idea"))) as made:
            with pytest.raises(RuntimeError):
                await made.transcribe()
            (job,) = made.work.jobs()
            assert job.state == "failed"
            assert "no idea" in (job.problem or "")

    run(scene())


def test_waiting_job_can_be_cancelled_and_dismissed():
    """A job that waits is not begun once it was cancelled; dismissed, it is gone."""
    may_decode = threading.Event()
    decoder = ListDecoder(pause=may_decode)

    async def scene() -> None:
        async with office(decoder) as made:
            first = asyncio.ensure_future(made.transcribe())
            await until(decoder.is_decoding.is_set, "the first file to be decoded")
            second = asyncio.ensure_future(made.transcribe())
            await asyncio.sleep(0)
            made.work.cancel(2)
            made.work.cancel(99)
            may_decode.set()
            with pytest.raises(Refused, match="cancelled"):
                await second
            await first
            assert made.states == ["done", "cancelled"]
            assert len(decoder.asked) == 1
            made.work.dismiss(2)
            assert made.states == ["done"]

    run(scene())


def test_only_so_many_finished_jobs_stay(monkeypatch: pytest.MonkeyPatch):
    """Old finished jobs leave, whether they succeeded or failed."""
    monkeypatch.setattr("engine.voice.file_work.MOST_JOBS", 3)

    async def scene() -> None:
        async with office() as made:
            for _ in range(4):
                with pytest.raises(Unreachable):
                    await made.transcribe("gone")
                await made.transcribe()
            assert [job.id for job in made.work.jobs()] == [5, 6, 7, 8]

    run(scene())


def test_closing_cancels_everything():
    """Closing stops the file in hand after its passage, and those that wait at once."""
    may_decode = threading.Event()
    decoder = ListDecoder(pause=may_decode)

    async def scene() -> None:
        made = Office(decoder)
        works = [asyncio.ensure_future(made.transcribe()) for _ in range(3)]
        await until(decoder.is_decoding.is_set, "the first file to be decoded")
        under_way = list(made.work._under_way)
        closing = asyncio.ensure_future(asyncio.to_thread(made.work.close))
        await until(lambda: all(one.is_set() for one in under_way), "the work to be cancelled")
        may_decode.set()
        await closing
        ended = await asyncio.gather(*works, return_exceptions=True)
        assert len(decoder.asked) == 1
        assert not any(isinstance(one, str) for one in ended[1:])

    run(scene())


def test_cancelled_job_stays_cancelled():
    """What the thread still does for a caller who has gone does not revive the job."""
    may_decode = threading.Event()
    decoder = ListDecoder(["hello there."], pause=may_decode)

    async def scene() -> None:
        async with office(decoder) as made:
            work = asyncio.ensure_future(made.transcribe())
            await until(decoder.is_decoding.is_set, "the file to be decoded")
            work.cancel()
            await asyncio.wait([work])
            may_decode.set()
        assert made.states == ["cancelled"]

    run(scene())


def test_model_that_loads_for_nobody_is_let_go():
    """A model that arrives when its caller has gone does not stay in memory."""
    may_load, is_loading = threading.Event(), threading.Event()

    async def scene() -> None:
        async with office() as made:
            load = made._load

            def slow(model: str) -> SpeechDecoder:
                is_loading.set()
                assert may_load.wait(10)
                return load(model)

            made.work._load = slow
            work = asyncio.ensure_future(made.transcribe())
            await until(is_loading.is_set, "the model to be loaded")
            work.cancel()
            await asyncio.wait([work])
            may_load.set()
            await until(lambda: made.loaded, "the model to be there")
            await made.free()
            assert not made.work._under_way

    run(scene())


def test_closing_cuts_long_sound_short():
    """Sound that is handed in ends after its passage when the engine closes."""
    may_decode = threading.Event()
    decoder = ListDecoder(["hello there."], pause=may_decode)

    async def scene() -> None:
        made = Office(decoder)
        work = asyncio.ensure_future(
            made.work.transcribe_sound(voice(4000), with_vad=True, model="list", language="en")
        )
        await until(decoder.is_decoding.is_set, "the first passage")
        closing = asyncio.ensure_future(asyncio.to_thread(made.work.close))
        await until(lambda: all(one.is_set() for one in made.work._under_way), "the cancel")
        may_decode.set()
        await closing
        with pytest.raises(Refused, match="cancelled"):
            await work
        assert len(decoder.asked) == 1

    run(scene())


def test_sound_without_a_file_is_no_job():
    """Sound that is handed in becomes text without being shown as a job."""

    async def scene() -> None:
        async with office() as made:
            got = await made.work.transcribe_sound(
                voice(60), with_vad=True, model="list", language=None
            )
            assert (got.text, got.language) == ("hello there.", "en")
            assert made.work.jobs() == ()

    run(scene())


def test_everything_is_speech():
    """The detector for those who want no detector is sure of every window."""
    detector = EverythingIsSpeech()
    detector.reset()
    np.testing.assert_array_equal(detector.probabilities(np.zeros((3, 512), np.float32)), 1.0)


def test_a_model_that_is_let_go_frees_its_memory():
    """It is closed when nothing waits any more, and before another takes its place."""
    decoder = ListDecoder(["hello there."])

    async def scene() -> None:
        async with office(decoder) as made:
            await made.transcribe()
            await made.free()
            assert decoder.closes == 1
            first = asyncio.ensure_future(made.transcribe())
            second = asyncio.ensure_future(made.transcribe(model="other"))
            assert await asyncio.gather(first, second) == ["hello there."] * 2
            await made.free()
            assert (made.loaded, decoder.closes) == (["list", "list", "other"], 3)

    run(scene())
