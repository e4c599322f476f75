"""The voice engine: microphone and files in, words out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from engine.clock import Clock
from engine.errors import EngineError
from engine.lifecycle import Service
from engine.storage import Database
from engine.voice.card_models import CardModels
from engine.voice.ears import Ears
from engine.voice.file_work import FileWork
from engine.voice.guests import Guest, Guests
from engine.voice.history import HISTORY_MIGRATIONS, History
from engine.voice.keeper import Keeper
from engine.voice.listeners import Listeners
from engine.voice.microphones import Microphones
from engine.voice.model_work import ModelWork
from engine.voice.outside import VoicePorts
from engine.voice.recorder import Recorder
from engine.voice.resample import to_mono_16k
from engine.voice.settings import VoiceSettings
from engine.voice.snapshot import Transcript, Utterance, VoiceEvent, VoiceSnapshot
from engine.voice.uploads import Uploads

_log = logging.getLogger(__name__)


class VoiceProcessingService(Service[VoiceSnapshot]):
    """Listens, transcribes and remembers. Its coroutines belong to one asyncio loop.

    data: folder of the history and the recordings.
    """

    def __init__(
        self, *, settings: VoiceSettings, ports: VoicePorts, data: Path, clock: Clock
    ) -> None:
        self._settings = settings
        self._ports = ports
        self._clock = clock
        self._database = Database(data / "history.sqlite", migrations=HISTORY_MIGRATIONS)
        self._keeper = Keeper(History(self._database, clock=clock), clock=clock)
        self._listeners = Listeners(self._keeper.take)
        self._microphones = Microphones(ports.microphones)
        cards = CardModels(ports.decoders, ports.room, clock=clock)
        self._models = ModelWork(ports.models, cards, changed=self._model_changed)
        self._ears = Ears(
            ports,
            settings=settings,
            load=self._models.load_live,
            tell=self._listeners.tell,
            failed=self._show_problem,
            clock=clock,
        )
        self._live = self._ears.microphone
        self._guests = Guests(listen=self._ears.guest, keep=self._keeper.take)
        self._models.is_listening = lambda: bool(self._live.capture) or self._guests.has_any
        # Two, so that a program's few seconds of sound never wait behind a person's long film.
        self._files, self._sounds = self._file_work(", files"), self._file_work(", programs")
        self.uploads = Uploads(self._sounds, self._keeper, ports.models, lambda: self._settings)
        """Files that programs send."""
        self._recorder = Recorder(
            live=self._live,
            microphones=self._microphones,
            folder=data / "recordings",
            clock=clock,
            settle=self._keeper.settle,
        )
        self._watcher: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open the history, look for microphones and unfinished recordings, load the model.

        Raises Refused or Damaged where the history cannot be opened; nothing is recorded then.
        """
        self._listeners.bind(asyncio.get_running_loop())
        await self._database.open()
        await self._keeper.load(keep_days=self._settings.keep_days)
        await self._models.refresh()
        self._live.start()
        await self._microphones.refresh()
        await self._recorder.open(keep_days=self._settings.keep_days)
        self._watcher = asyncio.ensure_future(self._recorder.watch())

    async def aclose(self) -> None:
        """Finish the running recording, then free everything. Never raises."""
        self._files.cancel_all()
        self._sounds.cancel_all()
        self._recorder.close()
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.wait([self._watcher])
        try:
            await self.stop_recording()
        except EngineError as error:
            _log.warning("%s", error)
        await self._guests.aclose()
        self._models.stop_loading()
        await asyncio.to_thread(self._live.close)
        await asyncio.to_thread(self._files.close)
        await asyncio.to_thread(self._sounds.close)
        await self._models.aclose()
        await self._keeper.settle()
        self._listeners.close()
        await self._database.aclose()

    async def start_recording(self) -> None:
        """Record from the chosen microphone; nothing happens while a recording runs.

        Raises Unreachable where there is no microphone, Refused where it will not open.
        """
        await self._recorder.start(self._settings.device)

    async def stop_recording(self) -> None:
        """End the recording; returns when the last words are in the history.

        Raises Refused where the sound could not be finished on the disk.
        """
        await self._recorder.stop(keep=self._settings.keep_recordings)

    async def choose_device(self, name: str) -> None:
        """Record from the microphone `name`, "" for the default one; at once, if recording.

        Raises Unreachable, Refused; the recording then goes on with the old one.
        """
        await self._recorder.choose(name)
        self._settings = replace(self._settings, device=name)

    async def change_settings(self, settings: VoiceSettings) -> None:
        """Use `settings` at once.

        Raises as `choose_device` where the device is another one; all the rest counts even so,
        and the next recording tries that device again.
        """
        before, self._settings = self._settings, settings
        self._ears.settings = settings
        self._live.change_settings(settings)
        if settings.device != before.device:
            await self._recorder.choose(settings.device)

    async def wait_for_model(self) -> None:
        """Return once the model is loaded. Raises Unreachable where it cannot be, saying why."""
        await asyncio.to_thread(self._ears.wait_for_model)

    async def process_audio(
        self,
        audio: NDArray[Any],
        enable_vad: bool = True,
        sample_rate: int = 16_000,
        channels: int = 1,
    ) -> Transcript:
        """Return segments with times, text and confidence of `audio`.

        audio: float in [-1, 1] or integer samples, shape (n,), (n, channels) or interleaved.
        enable_vad: leave out what is not speech. sample_rate: Hz. Raises ValueError for what
        cannot be sound, Unreachable or Damaged where the model is.
        """
        sound = await asyncio.to_thread(to_mono_16k, audio, sample_rate, channels)
        return await self._sounds.transcribe_sound(
            sound, with_vad=enable_vad, model=self._settings.model, language=self._language
        )

    async def transcribe_file(
        self, path: Path, *, model: str | None = None, language: str | None = None
    ) -> Transcript:
        """Return the text of a sound or video file; it goes into the history as well.

        Cancelling the coroutine cancels the work. Raises Unreachable, Refused, Damaged.
        """
        transcript = await self._transcribe(path, path.name, model, language)
        await self._keeper.add_file(path.name, transcript)
        return transcript

    def cancel_file(self, job_id: int) -> None:
        """Stop transcribing the file of job `job_id`."""
        self._files.cancel(job_id)

    def dismiss_file(self, job_id: int) -> None:
        """Show job `job_id` no more."""
        self._files.dismiss(job_id)

    def open_guest(self, label: str, sample_rate_hz: int, channels: int) -> Guest:
        """Hear somebody who sends sound, beside the microphone; his words go into the history.

        Raises Overloaded where there are too many, ValueError for what cannot be sound.
        """
        return self._guests.open(label, sample_rate_hz, channels)

    def events(self) -> AsyncIterator[VoiceEvent]:
        """Return everything that is said from now on, until the engine closes."""
        return self._listeners.subscribe()

    async def search_history(self, query: str, *, limit: int = 200) -> tuple[Utterance, ...]:
        """Return sentences that contain the words of `query`, newest first; "" for all."""
        return await self._keeper.search(query, limit=limit)

    async def delete_history(self, ids: Sequence[int]) -> None:
        """Delete sentences; `restore_history` brings them back until the next start."""
        await self._keeper.delete(ids)

    async def restore_history(self, ids: Sequence[int]) -> None:
        """Undo `delete_history`."""
        await self._keeper.restore(ids)

    async def fetch_model(self, name: str) -> None:
        """Bring the model `name` to this machine. Raises Unreachable, Refused, SettingsError."""
        await self._models.fetch(name)

    def cancel_fetch(self, name: str) -> None:
        """Stop fetching `name`."""
        self._models.cancel(name)

    async def remove_model(self, name: str) -> None:
        """Delete the user's copy of the model `name`. Raises Unreachable, Refused."""
        await self._models.remove(name)

    async def transcribe_recovered(self, name: str) -> None:
        """Transcribe a recording that was cut off; its sound stays only where sound is kept.

        Raises as transcribe_file.
        """
        path, said_at = await self._recorder.take_up(name)
        transcript = await self._transcribe(path, f"Recording of {name}", None, None)
        await self._keeper.add_recovered(transcript, said_at)
        await self._recorder.let_go(name, keep=self._settings.keep_recordings)

    async def discard_recovered(self, name: str) -> None:
        """Delete a recording that was cut off. Raises Refused."""
        await self._recorder.let_go(name, keep=False)

    def snapshot(self) -> VoiceSnapshot:
        """Return the engine as it is now; from any thread."""
        live, capture = self._live, self._live.capture
        level = live.meters.level.latest(1)
        device = (capture.device if capture else None) or self._settings.device
        return VoiceSnapshot(
            taken_s=self._clock.now(),
            state=self._recorder.state,
            problem=self._problem(),
            device=self._microphones.label(device),
            devices=self._microphones.devices,
            model=live.decoder.model if live.decoder else None,
            compute=live.decoder.compute if live.decoder else None,
            compute_note=self._models.note,
            recording_s=capture.length_s if capture else None,
            level_dbfs=float(level[0, 1]) if capture and len(level) else None,
            peak_dbfs=live.meters.peak_dbfs if capture else None,
            is_speech=live.is_speech,
            is_clipping=bool(capture) and live.meters.is_clipping,
            lost_frames=capture.lost_frames if capture else 0,
            overflows=capture.overflows if capture else 0,
            dropped_partials=live.queue.dropped_partials,
            live=live.live,
            recent=self._keeper.recent,
            history_version=self._keeper.version,
            stages=live.pipeline.views(),
            models=self._models.views(live.decoder.model if live.decoder else None),
            jobs=self._files.jobs(),
            recovered=self._recorder.recovered,
            guests=self._guests.views(),
            word_latency_s=live.median_of_minute(live.word_latency),
            final_latency_s=live.median_of_minute(live.final_latency),
            traces=live.traces(),
        )

    @property
    def _language(self) -> str | None:
        return None if self._settings.language == "auto" else self._settings.language

    def _problem(self) -> str | None:
        first = self._recorder.problem, self._live.load_problem, self._keeper.problem
        return next(filter(None, first), self._microphones.problem)

    def _file_work(self, label: str) -> FileWork:
        return FileWork(
            reader=self._ports.reader,
            detector=self._ports.detector,
            load=lambda model: self._models.load(replace(self._settings, model=model), label),
        )

    def _model_changed(self, name: str) -> None:
        if name == self._settings.model:
            self._live.reload()

    def _show_problem(self, text: str) -> None:
        self._recorder.problem = text

    async def _transcribe(
        self, path: Path, name: str, model: str | None, language: str | None
    ) -> Transcript:
        model, language = model or self._settings.model, language or self._language
        return await self._files.transcribe(path, name=name, model=model, language=language)
