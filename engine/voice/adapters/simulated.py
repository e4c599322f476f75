"""A microphone and a speech model that are not there: for demonstrations and tests."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import Literal

import numpy as np

from engine.errors import Unreachable
from engine.telemetry import Ring
from engine.voice.meters import level_dbfs
from engine.voice.ports import (
    SAMPLE_RATE_HZ,
    FloatArray,
    Hypothesis,
    InputStream,
    Passage,
    SpeechDecoder,
    SpeechTask,
)
from engine.voice.snapshot import Device, Segment, Word

SENTENCES = (
    "Please remind me to compare both models on the long contract.",
    "The quick answer was good, but the second one cites its sources.",
    "Move the training run to the other card when it is free.",
    "Let us write down what worked and try a lower temperature.",
)
WORDS_PER_S = 2.6
SPEECH_DBFS = -45.0
"""Louder than this counts as speech: the simulated room is perfectly quiet."""
FRAME_S = 0.02
DEMO_COST_S = 0.12
"""About what a real model takes for a short window on two cores."""
DEVICES = (
    Device("desk", "Desk microphone (simulated)", 1, 48_000, True),
    Device("headset", "Headset (simulated)", 2, 44_100, False),
)


def babble(seconds: float, sample_rate_hz: int, *, seed: int = 0) -> FloatArray:
    """Return sound with the look of speech, shape (n,): syllables of a buzzing voice."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(int(seconds * sample_rate_hz)) / sample_rate_hz
    pitch_hz = 120 + 20 * np.sin(2 * np.pi * 0.7 * time_s)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / sample_rate_hz
    formants_hz = np.repeat(rng.uniform(400, 2600, int(seconds * 5) + 1), sample_rate_hz // 5)
    formants_hz = formants_hz[: len(time_s)]
    voice = np.zeros(len(time_s))
    for harmonic in range(1, 30):
        nearness = np.exp(-(((harmonic * 120 - formants_hz) / 450) ** 2))
        voice += nearness * np.sin(harmonic * phase)
    syllables = np.clip(np.sin(2 * np.pi * 2.5 * time_s), 0, None) ** 0.5
    sound = voice * (0.25 + 0.75 * syllables) * 0.08 + rng.normal(0, 2e-4, len(time_s))
    return sound.astype(np.float32)


class SimulatedMicrophones:
    """An AudioInput with two devices; each says a sentence, then pauses, for ever."""

    def __init__(self, devices: Sequence[Device] = DEVICES) -> None:
        self.present = tuple(devices)

    def devices(self) -> tuple[Device, ...]:
        """Return the devices that are plugged in."""
        return self.present

    def open(self, device: str) -> InputStream:
        """Open `device`, or the default one for "". Raises Unreachable for an unknown one."""
        for found in self.present:
            if found.name == device or (not device and found.is_default):
                return SimulatedStream(found)
        there = "; ".join(one.name for one in self.present) or "none is there"
        raise Unreachable(f"No microphone {device!r} was found: choose one of these: {there}")


class SimulatedStream:
    """An InputStream whose sound comes in real time from a thread of its own."""

    def __init__(self, device: Device) -> None:
        self.device = device.name
        self.sample_rate_hz = device.sample_rate_hz
        self.channels = device.channels
        self.overflows = 0
        self.ring = Ring(20 * device.sample_rate_hz, row_shape=(device.channels,))
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._speak, name="simulated-microphone")
        self._thread.daemon = True
        self._thread.start()

    def is_alive(self) -> bool:
        """Tell whether it was not closed."""
        return not self._closed.is_set()

    def close(self) -> None:
        """End the thread; may be called twice."""
        self._closed.set()
        self._thread.join()

    def _speak(self) -> None:
        sentence = babble(4.2, self.sample_rate_hz)
        pause = np.zeros(int(1.4 * self.sample_rate_hz), np.float32)
        sound = np.concatenate([pause[: self.sample_rate_hz // 2], sentence, pause])
        size = int(FRAME_S * self.sample_rate_hz)
        for start in cycle(range(0, len(sound) - size, size)):
            frames = np.repeat(sound[start : start + size, None], self.channels, axis=1)
            self.ring.extend(frames)
            if self._closed.wait(FRAME_S):
                return


class LoudnessDetector:
    """A SpeechDetector and a SpeechGate that take everything loud for speech."""

    def reset(self) -> None:
        """Forget nothing: nothing is remembered."""

    def probabilities(self, windows: FloatArray) -> FloatArray:
        """Return 0.97 for each loud one of the windows, else 0.02; shape (n,)."""
        loud = [level_dbfs(window) > SPEECH_DBFS for window in windows]
        return np.where(loud, 0.97, 0.02).astype(np.float32)

    def is_maybe_speech(self, window: FloatArray) -> bool:
        """Always say so: the detector is cheap enough."""
        return True


class ScriptedDecoderFactory:
    """A DecoderFactory whose model needs no files. cost_s: what each look takes."""

    def __init__(self, *, cost_s: float = DEMO_COST_S) -> None:
        self._cost_s = cost_s

    def wants_card(self, compute: str) -> bool:
        """Return False: it needs no memory."""
        return False

    def load(
        self, name: str, folder: Path, *, compute: str, threads: int, card: str | None = None
    ) -> SpeechDecoder:
        """Return a model that says SENTENCES."""
        return ScriptedDecoder(name, cost_s=self._cost_s)

    def stop(self) -> None:
        """Do nothing: it loads at once."""


class ScriptedDecoder:
    """A SpeechDecoder that says as many words of its script as fit into the sound.

    cost_s: how long each look at the sound takes, as it does for a real model.
    """

    compute = "simulated"

    def __init__(
        self, model: str, sentences: Sequence[str] = SENTENCES, *, cost_s: float = 0.0
    ) -> None:
        self.model = model
        self._cost_s = cost_s
        self._sentences = cycle(sentences)
        self._words = next(self._sentences).split()
        self._longest = 0

    def decode(
        self,
        audio: FloatArray,
        *,
        language: str | None,
        window: Literal["short", "full"],
        prefix: str = "",
    ) -> Hypothesis:
        """Return the words that were said after the length of `audio`, after `prefix`."""
        time.sleep(self._cost_s)
        if len(audio) < self._longest:
            self._words = next(self._sentences).split()
        self._longest = len(audio)
        count = max(1, int(WORDS_PER_S * len(audio) / SAMPLE_RATE_HZ))
        text = " ".join(self._words[:count])
        if not text.startswith(prefix):
            text = " ".join([prefix, *self._words[len(prefix.split()) : count]])
        return Hypothesis(text, language or "en", -0.2, 0.01, 1.0, False, True)

    def decode_passage(
        self,
        audio: FloatArray,
        *,
        language: str | None,
        task: SpeechTask = "transcribe",
        prompt: str = "",
    ) -> Passage:
        """Return the first sentence, its words spread over `audio`."""
        length_s = len(audio) / SAMPLE_RATE_HZ
        step_s = length_s / len(self._words)
        words = tuple(
            Word(text, number * step_s, (number + 1) * step_s, 0.9)
            for number, text in enumerate(self._words)
        )
        segment = Segment(" ".join(self._words), 0.0, length_s, 0.9, words)
        return Passage((segment,), language or "en")

    def close(self) -> None:
        """Do nothing: nothing was loaded."""
