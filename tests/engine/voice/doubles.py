"""Stand-ins that the voice engine's tests share: scripted models, microphones filled by hand."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from engine.errors import Refused, Unreachable
from engine.telemetry import Ring
from engine.voice.adapters.simulated import LoudnessDetector
from engine.voice.decode_queue import DecodeQueue
from engine.voice.listener import Listener
from engine.voice.live import LiveTranscription
from engine.voice.ports import (
    SAMPLE_RATE_HZ,
    FloatArray,
    Hypothesis,
    InputStream,
    Passage,
    SpeechDecoder,
    SpeechTask,
)
from engine.voice.settings import VoiceSettings
from engine.voice.snapshot import Device, Segment, VoiceEvent, Word
from engine.voice.transcriber import Transcriber
from engine.voice.vad import WINDOW, VoiceActivity
from tests.conftest import FakeClock

PATIENCE_S = 10.0
"""What another thread may take on a busy machine before a test fails."""

DESK = Device("desk", "Desk microphone", 1, SAMPLE_RATE_HZ, True)
HEADSET = Device("headset", "Headset", 2, 44_100, False)


def heard(text: str, **changes: object) -> Hypothesis:
    """Return a decode of `text` that no guard objects to, with `changes`."""
    sure = Hypothesis(text, "en", -0.2, 0.01, 1.0, was_cut=False, is_closed=True)
    return replace(sure, **changes)  # type: ignore[arg-type]


def wait_until(is_true: Callable[[], object], what: str) -> None:
    """Return once `is_true()`; fail with `what` when that takes too long."""
    deadline_s = time.monotonic() + PATIENCE_S
    pause = threading.Event()
    while not is_true():
        assert time.monotonic() < deadline_s, f"waited in vain: {what}"
        pause.wait(0.005)


async def until(is_true: Callable[[], object], what: str) -> None:
    """Return once `is_true()`, letting the loop run; fail with `what` when it takes too long."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not is_true():
        assert time.monotonic() < deadline_s, f"waited in vain: {what}"
        await asyncio.sleep(0.005)


def voice(windows: int, *, loudness: float = 0.3) -> FloatArray:
    """Return what LoudnessDetector takes for speech, shape (windows * 512,)."""
    return tone(440.0, windows * WINDOW / SAMPLE_RATE_HZ, loudness=loudness)


def quiet(windows: int) -> FloatArray:
    """Return silence, shape (windows * 512,)."""
    return np.zeros(windows * WINDOW, np.float32)


def tone(
    hz: float, seconds: float, *, loudness: float = 1.0, rate_hz: int = SAMPLE_RATE_HZ
) -> FloatArray:
    """Return a sine, shape (n,)."""
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return (loudness * np.sin(2 * np.pi * hz * time_s)).astype(np.float32)


@dataclass(frozen=True)
class Asked:
    """One call of `decode`."""

    samples: int
    language: str | None
    window: str
    prefix: str


class ListDecoder:
    """A SpeechDecoder that says what it was given, one text a decode; the last one for ever.

    Where `pause` is given, it waits for it in each decode, which tells `is_decoding`.
    """

    compute = "scripted"

    def __init__(
        self,
        answers: Iterable[Hypothesis | str] = ("hello",),
        *,
        model: str = "list",
        pause: threading.Event | None = None,
    ) -> None:
        self.model = model
        self.asked: list[Asked] = []
        self.manners: list[tuple[SpeechTask, str]] = []
        self.is_decoding = threading.Event()
        self.closes = 0
        self._answers = [heard(one) if isinstance(one, str) else one for one in answers]
        self._pause = pause

    def decode(
        self,
        audio: FloatArray,
        *,
        language: str | None,
        window: Literal["short", "full"],
        prefix: str = "",
    ) -> Hypothesis:
        """Return the next answer."""
        self.asked.append(Asked(len(audio), language, window, prefix))
        self.is_decoding.set()
        if self._pause is not None:
            assert self._pause.wait(PATIENCE_S), "nobody let the decoder go on"
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    def decode_passage(
        self,
        audio: FloatArray,
        *,
        language: str | None,
        task: SpeechTask = "transcribe",
        prompt: str = "",
    ) -> Passage:
        """Return the next answer as one segment over all of `audio`."""
        self.manners.append((task, prompt))
        answer = self.decode(audio, language=language, window="full")
        length_s = len(audio) / SAMPLE_RATE_HZ
        words = answer.text.split()
        step_s = length_s / max(1, len(words))
        timed = tuple(
            Word(word, number * step_s, (number + 1) * step_s, 0.9)
            for number, word in enumerate(words)
        )
        segments = (Segment(answer.text, 0.0, length_s, 0.9, timed),) if words else ()
        return Passage(segments, language or answer.language)

    def close(self) -> None:
        """Count it; it can be used all the same."""
        self.closes += 1


class ListFactory:
    """A DecoderFactory that gives `decoder`, or fails with `error` while there is one."""

    def __init__(self, decoder: SpeechDecoder, *, error: Exception | None = None) -> None:
        self.decoder = decoder
        self.error = error
        self.loaded: list[str] = []
        self.may_load = threading.Event()
        self.may_load.set()

    def wants_card(self, compute: str) -> bool:
        """Return False."""
        return False

    def load(
        self, name: str, folder: Path, *, compute: str, threads: int, card: str | None = None
    ) -> SpeechDecoder:
        """Return the decoder, once that is allowed."""
        assert self.may_load.wait(PATIENCE_S), "nobody let the model load"
        self.loaded.append(name)
        if self.error is not None:
            raise self.error
        return self.decoder

    def stop(self) -> None:
        """Fail whatever is loaded from now on, at once."""
        self.error = Refused("the application is closing")
        self.may_load.set()


class PushStream:
    """An InputStream that a test fills by hand."""

    def __init__(self, device: Device = DESK, *, ring_s: float = 60.0) -> None:
        self.device = device.name
        self.sample_rate_hz = device.sample_rate_hz
        self.channels = device.channels
        self.overflows = 0
        self.ring = Ring(int(ring_s * self.sample_rate_hz), row_shape=(self.channels,))
        self.is_closed = False
        self._is_plugged = True

    def push(self, sound: FloatArray) -> None:
        """Deliver `sound`, shape (n,), on every channel, or (n, channels)."""
        frames = sound if sound.ndim == 2 else np.repeat(sound[:, None], self.channels, axis=1)
        self.ring.extend(frames)

    def unplug(self) -> None:
        """Let the device go away."""
        self._is_plugged = False

    def is_alive(self) -> bool:
        """Tell whether it is plugged in and open."""
        return self._is_plugged and not self.is_closed

    def close(self) -> None:
        """End it."""
        self.is_closed = True


class PushMicrophones:
    """An AudioInput whose devices come and go when a test says so."""

    def __init__(self, *devices: Device) -> None:
        self.present: tuple[Device, ...] = devices
        self.opened: list[PushStream] = []
        self.may_open = threading.Event()
        self.may_open.set()
        self.is_opening = threading.Event()

    def devices(self) -> tuple[Device, ...]:
        """Return what is plugged in."""
        return self.present

    def open(self, device: str) -> InputStream:
        """Open `device`, or the default one for ""."""
        self.is_opening.set()
        assert self.may_open.wait(PATIENCE_S), "nobody let the microphone open"
        for found in self.present:
            if found.name == device or (not device and found.is_default):
                stream = PushStream(found)
                self.opened.append(stream)
                return stream
        raise Unreachable(f"No microphone {device!r}: plug one in or choose another")

    @property
    def stream(self) -> PushStream:
        """The one opened last."""
        return self.opened[-1]

    def unplug(self, name: str) -> None:
        """Take the device `name` away; its streams end."""
        self.present = tuple(device for device in self.present if device.name != name)
        for stream in self.opened:
            if stream.device == name:
                stream.unplug()


class Ear:
    """Listener, queue and transcriber on the calling thread: what is heard is decoded at once.

    told: the events. lags_s: how late each was.
    """

    def __init__(
        self, decoder: SpeechDecoder, clock: FakeClock, settings: VoiceSettings | None = None
    ) -> None:
        self.told: list[VoiceEvent] = []
        self.lags_s: list[float] = []
        self.queue = DecodeQueue()
        self._clock = clock
        self.transcriber = Transcriber(queue=self.queue, clock=clock, tell=self._tell)
        self.transcriber.decoder = decoder
        self.transcriber.language = "en"
        loudness = LoudnessDetector()
        self.listener = Listener(
            settings=settings or VoiceSettings(),
            activity=VoiceActivity(gate=loudness, detector=loudness),
            queue=self.queue,
            transcriber=self.transcriber,
        )
        self.listener.begin_at(clock.now())

    def hear(self, *sounds: FloatArray, decodes: bool = True) -> None:
        """Hear `sounds`, 32 ms after 32 ms; `decodes`: what is asked for is decoded meanwhile."""
        for window in np.concatenate(sounds).reshape(-1, WINDOW):
            self._clock.advance(WINDOW / SAMPLE_RATE_HZ)
            self.listener.hear(window, self._clock.now())
            if decodes:
                self.decode()

    def decode(self) -> None:
        """Do all that waits."""
        while (job := self.queue.take(timeout_s=0)) is not None:
            self.transcriber.work(job)

    def events(self, kind: str) -> list[VoiceEvent]:
        """Return the events of one kind."""
        return [event for event in self.told if event.event == kind]

    def _tell(self, event: VoiceEvent, lag_s: float) -> None:
        self.told.append(event)
        self.lags_s.append(lag_s)


class Desk:
    """Live transcription of a microphone filled by hand, with what it told."""

    def __init__(self, factory: ListFactory, settings: VoiceSettings | None = None) -> None:
        self.clock = FakeClock()
        self.told: list[VoiceEvent] = []
        self.problems: list[str] = []
        loudness = LoudnessDetector()
        self.live = LiveTranscription(
            settings=settings or VoiceSettings(language="en"),
            activity=VoiceActivity(gate=loudness, detector=loudness),
            stages=[],
            load=lambda wanted: factory.load(
                wanted.model, Path(), compute=wanted.compute, threads=wanted.threads
            ),
            clock=self.clock,
            tell=self.told.append,
            failed=self.problems.append,
        )

    def texts(self, kind: str = "final") -> list[str]:
        """Return the texts of one kind of event."""
        return [event.text for event in self.told if event.event == kind]

    def say(self, stream: PushStream, *sounds: FloatArray) -> None:
        """Record `sounds` from `stream` and wait until all is decoded."""
        self.live.begin(stream, None)
        stream.push(np.concatenate(sounds))
        self.live.end()
        assert self.live.queue.drain(timeout_s=PATIENCE_S)
