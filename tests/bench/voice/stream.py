"""Our live engine, fed a recording in real time as a microphone would."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from engine.clock import SystemClock
from engine.model_store.store import shipped_models
from engine.telemetry import Ring
from engine.voice.adapters.faster_whisper_decoder import FasterWhisperFactory
from engine.voice.adapters.silero_detector import SileroDetector
from engine.voice.adapters.webrtc_gate import WebrtcGate
from engine.voice.live import LiveTranscription
from engine.voice.ports import SAMPLE_RATE_HZ, FloatArray, SpeechDecoder
from engine.voice.settings import VoiceSettings
from engine.voice.snapshot import VoiceEvent
from engine.voice.vad import VoiceActivity
from tests.bench.voice.scoring import Told

CHUNK_S = 0.02
TAIL_S = 1.0
"""Silence fed after the recording, as a microphone goes on."""


@dataclass(slots=True)
class FedStream:
    """An InputStream that is fed by hand."""

    ring: Ring
    device: str = "fed"
    sample_rate_hz: int = SAMPLE_RATE_HZ
    channels: int = 1
    overflows: int = 0

    def is_alive(self) -> bool:
        """Tell that it is."""
        return True

    def close(self) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class StreamRun:
    """What came of one stream."""

    told: tuple[Told, ...]
    cpu_s_per_s: float
    dropped_partials: int


class LiveBench:
    """The engine with its model loaded; each run is a recording of its own."""

    def __init__(self, *, threads: int = 2, language: str = "en") -> None:
        self.settings = VoiceSettings(threads=threads, language=language)
        self._told: list[Told] = []
        self._began_s = 0.0
        self._live = LiveTranscription(
            settings=self.settings,
            activity=VoiceActivity(gate=WebrtcGate(), detector=SileroDetector()),
            stages=(),
            load=_load,
            clock=SystemClock(),
            tell=self._tell,
            failed=print,
        )
        self._live.start()
        self._live.wait_for_model()

    def run(self, sound: FloatArray) -> StreamRun:
        """Feed `sound`, shape (n,), 16 kHz, in real time and return what was told."""
        self._told = []
        stream = FedStream(Ring(20 * SAMPLE_RATE_HZ, row_shape=(1,)))
        fed = np.concatenate([sound, np.zeros(int(TAIL_S * SAMPLE_RATE_HZ), np.float32)])
        dropped = self._live.queue.dropped_partials
        self._began_s = time.monotonic()
        self._live.begin(stream, None)
        began_cpu_s = time.process_time()
        size = int(CHUNK_S * SAMPLE_RATE_HZ)
        for start in range(0, len(fed), size):
            due_s = self._began_s + (start + size) / SAMPLE_RATE_HZ
            time.sleep(max(0.0, due_s - time.monotonic()))
            stream.ring.extend(fed[start : start + size, None])
        used_s = time.process_time() - began_cpu_s
        self._live.end()
        self._live.queue.drain(timeout_s=60)
        return StreamRun(
            tuple(self._told),
            used_s / (len(fed) / SAMPLE_RATE_HZ),
            self._live.queue.dropped_partials - dropped,
        )

    def close(self) -> None:
        """End the engine's threads."""
        self._live.close()

    def _tell(self, event: VoiceEvent) -> None:
        self._told.append(Told(time.monotonic() - self._began_s, event))


def _load(settings: VoiceSettings) -> SpeechDecoder:
    folder = shipped_models() / settings.model
    return FasterWhisperFactory().load(
        settings.model, folder, compute="cpu", threads=settings.threads
    )
