"""Files waiting to be transcribed, one after the other, on a thread of their own."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from engine.errors import EngineError, Refused
from engine.voice.files import FileTranscriber, Manner
from engine.voice.ports import AudioReader, FloatArray, SpeechDecoder, SpeechDetector
from engine.voice.snapshot import FileJob, Segment, Transcript

ResultT = TypeVar("ResultT")

MOST_JOBS = 50
"""Finished jobs that stay to be seen."""


class EverythingIsSpeech:
    """A SpeechDetector for callers who want every sound transcribed."""

    def reset(self) -> None:
        """Forget nothing: nothing was kept."""

    def probabilities(self, windows: FloatArray) -> FloatArray:
        """Return 1 for each of the windows, shape (n, 512), shape (n,)."""
        return np.ones(len(windows), np.float32)


@dataclass(slots=True)
class _Job:
    view: FileJob
    cancelled: threading.Event = field(default_factory=threading.Event)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def show(self, **changes: object) -> None:
        """Change what is seen of the job; from any thread."""
        with self.turn:
            self.view = replace(self.view, **changes)  # type: ignore[arg-type]

    def show_progress(self, read_s: float, length_s: float | None) -> None:
        """Show how far the work is, unless it was cancelled meanwhile."""
        share = min(1.0, read_s / length_s) if length_s else None
        with self.turn:
            if not self.cancelled.is_set():
                self.view = replace(self.view, state="working", progress=share)


class FileWork:
    """Transcribes files on one thread, with a model of its own, so that live speech never waits.

    load: returns the model of a name, called on that thread. The model is let go when nothing
    waits any more.
    """

    def __init__(
        self,
        *,
        reader: AudioReader,
        detector: Callable[[], SpeechDetector],
        load: Callable[[str], SpeechDecoder],
    ) -> None:
        self._reader = reader
        self._detector = detector
        self._load = load
        self._decoder: SpeechDecoder | None = None
        self._jobs: dict[int, _Job] = {}
        self._ids = itertools.count(1)
        self._under_way: set[threading.Event] = set()
        """Set, they end the work that waits or is being done."""
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="voice-files")

    def jobs(self) -> tuple[FileJob, ...]:
        """Return every job, oldest first."""
        return tuple(job.view for job in list(self._jobs.values()))

    async def transcribe(
        self, path: Path, *, name: str, model: str, language: str | None
    ) -> Transcript:
        """Return the text of `path`; shown as the job `name` meanwhile and afterwards.

        Raises Unreachable, Refused, Damaged; Refused where the job was cancelled.
        """
        job = _Job(FileJob(next(self._ids), name, "waiting", 0.0, None, None))
        self._add(job)

        def work() -> Transcript | None:
            return self._files(model).transcribe(
                path,
                language=language,
                progress=job.show_progress,
                warn=lambda text: job.show(problem=text),
                cancelled=job.cancelled,
            )

        try:
            transcript = await self._run(work, job.cancelled)
        except asyncio.CancelledError:
            job.show(state="cancelled")
            raise
        except BaseException as error:
            problem = str(error) if isinstance(error, EngineError) else repr(error)
            job.show(state="failed", problem=problem)
            raise
        if transcript is None:
            job.show(state="cancelled")
            raise Refused(f"{name}: the transcription was cancelled")
        job.show(state="done", progress=1.0, transcript=transcript)
        return transcript

    async def transcribe_quietly(
        self,
        path: Path,
        *,
        model: str,
        language: str | None,
        manner: Manner,
        heard: Callable[[Segment], None],
    ) -> Transcript:
        """Return the text of `path`; not shown as a job.

        heard: told each segment as soon as it is known, on the thread. Raises Unreachable,
        Refused, Damaged; Refused where everything is cancelled.
        """
        cancelled = threading.Event()

        def work() -> Transcript | None:
            files = self._files(model, manner=manner, heard=heard)
            return files.transcribe(path, language=language, cancelled=cancelled)

        return _done(await self._run(work, cancelled))

    async def transcribe_sound(
        self, sound: FloatArray, *, with_vad: bool, model: str, language: str | None
    ) -> Transcript:
        """Return the text of `sound`, shape (n,), 16 kHz mono; not shown as a job.

        Raises Unreachable, Refused, Damaged; Refused where everything is cancelled.
        """
        cancelled = threading.Event()

        def work() -> Transcript | None:
            detector = self._detector() if with_vad else EverythingIsSpeech()
            files = self._files(model, detector=detector)
            return files.transcribe_sound(sound, language=language, cancelled=cancelled)

        return _done(await self._run(work, cancelled))

    def cancel(self, job_id: int) -> None:
        """Stop a job after the passage in hand; an unknown or finished one is left alone."""
        if job_id in self._jobs:
            self._jobs[job_id].cancelled.set()

    def dismiss(self, job_id: int) -> None:
        """Cancel a job and show it no more."""
        self.cancel(job_id)
        self._jobs.pop(job_id, None)

    def cancel_all(self) -> None:
        """Stop all work after the passage in hand."""
        for cancelled in list(self._under_way):
            cancelled.set()

    def close(self) -> None:
        """Cancel everything and end the thread. Blocks until the passage in hand is done."""
        self.cancel_all()
        self._worker.shutdown(cancel_futures=True)
        self._free()

    async def _run(self, work: Callable[[], ResultT], cancelled: threading.Event) -> ResultT:
        """Return what `work` returns on the thread; whoever is cancelled sets `cancelled`."""
        self._under_way.add(cancelled)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._worker, work)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        finally:
            self._under_way.discard(cancelled)
            with suppress(RuntimeError):  # closed, which lets the model go as well
                self._worker.submit(self._let_go)

    def _let_go(self) -> None:
        """Free the model where nothing waits; on the thread, which may just be loading it."""
        if not self._under_way:
            self._free()

    def _free(self) -> None:
        decoder, self._decoder = self._decoder, None
        if decoder is not None:
            decoder.close()

    def _files(
        self,
        model: str,
        *,
        detector: SpeechDetector | None = None,
        manner: Manner | None = None,
        heard: Callable[[Segment], None] = lambda _: None,
    ) -> FileTranscriber:
        decoder = self._decoder
        if decoder is None or decoder.model != model:
            self._free()
            decoder = self._decoder = self._load(model)
        return FileTranscriber(
            reader=self._reader,
            detector=detector or self._detector(),
            decoder=decoder,
            manner=manner or Manner(),
            heard=heard,
        )

    def _add(self, job: _Job) -> None:
        self._jobs[job.view.id] = job
        running = ("waiting", "working")
        finished = [one.view.id for one in self._jobs.values() if one.view.state not in running]
        for job_id in finished[:-MOST_JOBS]:
            del self._jobs[job_id]


def _done(transcript: Transcript | None) -> Transcript:
    if transcript is None:
        raise Refused("The transcription was cancelled")
    return transcript
