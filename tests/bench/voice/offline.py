"""Live transcription without the clock: what is heard is decoded at once, so only words count.

The figures of docs/decisions 9 to 11 come from here; those of rejected rules with the values of
`StablePrefix` or `Segmenter` changed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.clock import SystemClock
from engine.model_store.store import shipped_models
from engine.voice.adapters.faster_whisper_decoder import FasterWhisperFactory
from engine.voice.adapters.silero_detector import SileroDetector
from engine.voice.adapters.webrtc_gate import WebrtcGate
from engine.voice.decode_queue import DecodeQueue
from engine.voice.listener import Listener
from engine.voice.ports import SAMPLE_RATE_HZ, FloatArray, SpeechDecoder
from engine.voice.settings import VoiceSettings
from engine.voice.snapshot import VoiceEvent
from engine.voice.stages import BLOCK, HighPass
from engine.voice.transcriber import Transcriber
from engine.voice.vad import WINDOW, VoiceActivity
from tests.bench.table import Row
from tests.bench.voice.clips import clip
from tests.bench.voice.scoring import errors

STREAMS = ("stream_en", "stream_en_noisy")
UNBROKEN = ("lj_0004", "lj_0006", "quilter", "ss_0870", "ss_0920", "arctic_a0024", "newhome")
GAP_S = 0.18
"""Between the sentences of unbroken speech: too short for an end of speech."""
SILENT = 1e-3
"""Share of a sentence's largest power below which its edges are cut off."""


def rows() -> list[Row]:
    """Return the word error rates of finals, with and without the high-pass."""
    folder: Path = shipped_models() / "base"
    decoder = FasterWhisperFactory().load("base", folder, compute="cpu", threads=2)
    found = []
    for name in STREAMS:
        sound, text = clip(name).sound(), " ".join(word.text for word in clip(name).words)
        found.append(Row(f"{name}, no clock: WER of finals", _wer(decoder, sound, text), "%"))
        filtered = _wer(decoder, _high_passed(sound), text)
        found.append(Row(f"{name}, no clock, high-pass on: WER of finals", filtered, "%"))
    sound, text = _unbroken()
    found.append(Row("unbroken speech, no clock: WER of finals", _wer(decoder, sound, text), "%"))
    return found


def _wer(decoder: SpeechDecoder, sound: FloatArray, text: str) -> float:
    finals = [event.text for event in _events(decoder, sound) if event.event == "final"]
    wrong, words = errors(text, " ".join(finals))
    return 100 * wrong / words


def _events(decoder: SpeechDecoder, sound: FloatArray) -> list[VoiceEvent]:
    told: list[VoiceEvent] = []
    queue, clock = DecodeQueue(), SystemClock()
    transcriber = Transcriber(queue=queue, clock=clock, tell=lambda event, _: told.append(event))
    transcriber.decoder, transcriber.language = decoder, "en"
    activity = VoiceActivity(gate=WebrtcGate(), detector=SileroDetector())
    listener = Listener(
        settings=VoiceSettings(language="en"),
        activity=activity,
        queue=queue,
        transcriber=transcriber,
    )
    for window in sound[: len(sound) // WINDOW * WINDOW].reshape(-1, WINDOW):
        listener.hear(window, clock.now())
        _decode_all(queue, transcriber)
    listener.stop(clock.now())
    _decode_all(queue, transcriber)
    return told


def _decode_all(queue: DecodeQueue, transcriber: Transcriber) -> None:
    while (job := queue.take(timeout_s=0)) is not None:
        # Decoding costs no time here: partials come as often as the settings ask.
        transcriber.work(job)
        transcriber.partial_cost_s = 0.0


def _high_passed(sound: FloatArray) -> FloatArray:
    stage = HighPass()
    blocks = sound[: len(sound) // BLOCK * BLOCK].reshape(-1, BLOCK)
    return np.concatenate([stage.process(block) for block in blocks])


def _unbroken() -> tuple[FloatArray, str]:
    """Return sentences said without a pause that would end one, and their text."""
    hiss = np.random.default_rng(0)
    parts: list[FloatArray] = []
    for name in UNBROKEN:
        sound = clip(name).sound()
        power = np.convolve(sound**2, np.ones(400) / 400, "same")
        loud = np.flatnonzero(power > power.max() * SILENT)
        parts.append(sound[max(0, loud[0] - 800) : loud[-1] + 800])
        gap = hiss.normal(0, 1e-3, int(GAP_S * SAMPLE_RATE_HZ))
        parts.append(gap.astype(np.float32))
    parts.append(np.zeros(SAMPLE_RATE_HZ, np.float32))
    return np.concatenate(parts), " ".join(clip(name).text for name in UNBROKEN)
