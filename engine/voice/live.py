"""Live transcription: the microphone, the listener, the decode thread and what they tell."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

import numpy as np

from engine.clock import Clock
from engine.errors import EngineError
from engine.telemetry import Series
from engine.voice.capture import Capture
from engine.voice.decode_queue import DecodeQueue
from engine.voice.listener import Listener
from engine.voice.meters import Meters
from engine.voice.ports import InputStream, SpeechDecoder
from engine.voice.recording import Recording
from engine.voice.settings import VoiceSettings
from engine.voice.snapshot import LiveText, VoiceEvent, VoiceTraces
from engine.voice.stages import Pipeline, Stage
from engine.voice.transcriber import Transcriber
from engine.voice.vad import VoiceActivity

_log = logging.getLogger(__name__)

Load = Callable[[VoiceSettings], SpeechDecoder]


class LiveTranscription:
    """Everything between a microphone and events. Called from one thread, the engines' loop.

    load: returns the model that the settings name; called on the decode thread. tell, failed:
    hear events and problems, on the dsp or decode thread.
    """

    def __init__(
        self,
        *,
        settings: VoiceSettings,
        activity: VoiceActivity,
        stages: Sequence[Stage],
        load: Load,
        clock: Clock,
        tell: Callable[[VoiceEvent], None],
        failed: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._load = load
        self._clock = clock
        self._tell_event = tell
        self._failed = failed
        self.meters = Meters()
        self.pipeline = Pipeline(stages, settings.stages)
        self.queue = DecodeQueue()
        self.word_latency = Series("word shown", "s", capacity=300)
        self.final_latency = Series("final text", "s", capacity=300)
        self._transcriber = Transcriber(queue=self.queue, clock=clock, tell=self._tell)
        self._transcriber.language = _language(settings)
        self._listener = Listener(
            settings=settings, activity=activity, queue=self.queue, transcriber=self._transcriber
        )
        self._loaded: VoiceSettings | None = None
        self.decoder: SpeechDecoder | None = None
        self.load_problem: str | None = None
        self.has_missed = False
        """True once a sentence of this recording could not be transcribed."""
        self._is_settled = threading.Event()
        self.capture: Capture | None = None
        self._thread = threading.Thread(target=self._decode, name="voice-decode", daemon=True)

    def start(self) -> None:
        """Start the decode thread, which loads the model first."""
        self._thread.start()

    def close(self) -> None:
        """End the decode thread, after the job in hand. Blocks up to seconds."""
        self.queue.close()
        self._is_settled.set()
        if self._thread.ident is not None:
            self._thread.join()
        self.decoder = self._transcriber.decoder = None

    def begin(self, stream: InputStream, recording: Recording | None) -> None:
        """Record from `stream` into `recording`, and transcribe."""
        self._listener.restart()
        self.has_missed = False
        self.capture = Capture(
            stream,
            recording,
            pipeline=self.pipeline,
            listener=self._listener,
            meters=self.meters,
            clock=self._clock,
            failed=self._failed,
        )

    def end(self) -> None:
        """Stop the recording; what was heard waits to be decoded. Blocks for milliseconds."""
        if self.capture is not None:
            self.capture.stop()
            self.capture = None

    def change_settings(self, settings: VoiceSettings) -> None:
        """Use `settings` at once; another model is loaded between two decodes."""
        self._settings = settings
        self.pipeline.settings = settings.stages
        self._listener.change_settings(settings)
        self._transcriber.language = _language(settings)
        if self._needs_load(settings):
            self._is_settled.clear()
            self.queue.wake()

    def reload(self) -> None:
        """Load the model again: it was just fetched or removed."""
        self._loaded = None
        self._is_settled.clear()
        self.queue.wake()

    def wait_for_model(self) -> None:
        """Block until the model is loaded, or cannot be: then `load_problem` says why."""
        self._is_settled.wait()

    @property
    def is_loading(self) -> bool:
        """True until the model that the settings name is loaded, or cannot be."""
        return not self._is_settled.is_set()

    @property
    def live(self) -> LiveText | None:
        """The sentence being spoken."""
        return self._transcriber.live

    @property
    def is_speech(self) -> bool:
        """True while somebody speaks."""
        return self.capture is not None and self._listener.is_speech

    def median_of_minute(self, latency: Series) -> float | None:
        """Return the median of the last minute's readings; None where there are none."""
        readings = latency.latest()
        recent = readings[readings[:, 0] > self._clock.now() - 60.0, 1]
        return float(np.median(recent)) if len(recent) else None

    def traces(self) -> VoiceTraces:
        """Return copies of what there is to draw."""
        return VoiceTraces(
            level_dbfs=self.meters.level.latest(),
            speech=self.meters.speech.latest(),
            waveform=self.meters.waveform.latest(self.meters.waveform.capacity),
            spectrum=self.meters.spectrum.latest(self.meters.spectrum.capacity),
            word_latency_s=self.word_latency.latest(),
            final_latency_s=self.final_latency.latest(),
        )

    def _needs_load(self, settings: VoiceSettings) -> bool:
        loaded = self._loaded
        return loaded is None or (loaded.model, loaded.compute, loaded.threads) != (
            settings.model,
            settings.compute,
            settings.threads,
        )

    def _decode(self) -> None:
        while not self.queue.is_closed:
            try:
                self._decode_next()
            except Exception as error:  # noqa: BLE001 - the thread's outer loop; the sound is on disk
                _log.exception("transcription failed")
                self.has_missed = True
                self._transcriber.give_up()
                self._failed(f"A sentence could not be transcribed ({error!r})")

    def _decode_next(self) -> None:
        settings = self._settings
        if self._needs_load(settings):
            self._load_model(settings)
        if not self._needs_load(self._settings):
            self._is_settled.set()
        job = self.queue.take(timeout_s=1.0)
        if job is None:
            return
        if self._transcriber.decoder is None:
            # A model that comes later does not hear it: the sound must stay.
            self.has_missed = True
        else:
            self._transcriber.work(job)

    def _load_model(self, settings: VoiceSettings) -> None:
        self._loaded = settings
        try:
            self.decoder = self._transcriber.decoder = self._load(settings)
            self.load_problem = None
        except EngineError as error:
            # An older model goes on working; without one there is only sound.
            self.load_problem = str(error)

    def _tell(self, event: VoiceEvent, lag_s: float) -> None:
        if event.event == "partial":
            self.word_latency.append(self._clock.now(), lag_s)
        elif event.event == "final":
            self.final_latency.append(self._clock.now(), lag_s)
        self._tell_event(event)


def _language(settings: VoiceSettings) -> str | None:
    return None if settings.language == "auto" else settings.language
