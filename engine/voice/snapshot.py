"""What the world may see of the voice engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray


class VoiceState(StrEnum):
    """What the engine is doing."""

    STOPPED = "stopped"
    LOADING = "loading"
    """The model is being loaded; recording is possible and is transcribed afterwards."""
    READY = "ready"
    RECORDING = "recording"
    DRAINING = "draining"
    """Recording ended; what was heard is still being transcribed."""
    DEVICE_LOST = "device lost"
    """The microphone went away while recording; it resumes by itself."""
    FAILED = "failed"
    """No transcription; `problem` says why and what mends it. Recording still works."""


@dataclass(frozen=True, slots=True)
class Device:
    """A microphone, or anything else that sound comes from."""

    name: str
    """What `choose_device` takes."""
    label: str
    """What a person reads."""
    channels: int
    sample_rate_hz: int
    is_default: bool


@dataclass(frozen=True, slots=True)
class Word:
    """One word and when it was said, in seconds from the start of its recording or file."""

    text: str
    start_s: float
    end_s: float
    confidence: float
    """In [0, 1]."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch of speech."""

    text: str
    start_s: float
    end_s: float
    confidence: float
    """In [0, 1]: exp of the mean log probability of its tokens."""
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Transcript:
    """The text of one piece of audio."""

    segments: tuple[Segment, ...]
    language: str | None
    """ISO 639-1; None where nobody spoke."""
    duration_s: float
    model: str

    @property
    def text(self) -> str:
        """All segments, a space between."""
        return " ".join(segment.text for segment in self.segments)


@dataclass(frozen=True, slots=True)
class VoiceEvent:
    """One thing a listener hears: words on their way, a finished sentence, or its second look."""

    event: Literal["partial", "final", "revised"]
    id: int
    """The sentence: partials, its final and its revision share it."""
    text: str
    stable: str
    """The part of a partial that will not change; for the others the whole text."""
    start_s: float
    end_s: float
    """Seconds since the recording began."""
    at_s: float
    """When this was known, on the same clock."""
    language: str | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class LiveText:
    """The sentence being spoken."""

    id: int
    stable: str
    """Will not change any more."""
    tentative: str
    """May still change; follows `stable` as it is, its first blank included."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """A finished sentence in the history."""

    id: int
    """The row in the history."""
    said_at: datetime
    """UTC."""
    text: str
    language: str | None
    duration_s: float
    source: str
    """"microphone" or a file's name."""
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class StageView:
    """One stage of the audio pipeline."""

    name: str
    label: str
    is_on: bool
    cost_us: float | None
    """CPU microseconds a second of audio; None before it has run."""
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class ModelView:
    """One speech model that can be had."""

    name: str
    label: str
    size_mib: int
    languages: str
    is_installed: bool
    is_in_use: bool
    progress: float | None = None
    """In [0, 1] while it is being fetched."""
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class FileJob:
    """One file being transcribed, or just done."""

    id: int
    name: str
    state: Literal["waiting", "working", "done", "cancelled", "failed"]
    progress: float | None
    """In [0, 1]; None where the length is not known."""
    problem: str | None
    transcript: Transcript | None


@dataclass(frozen=True, slots=True)
class Recovered:
    """Sound of a recording that was cut off, found at the next start."""

    name: str
    started_at: datetime
    duration_s: float


@dataclass(frozen=True, slots=True)
class GuestView:
    """Somebody who sends sound, such as a browser."""

    id: int
    label: str
    received_s: float
    """Seconds of sound so far."""
    level_dbfs: float | None
    is_speech: bool
    live: LiveText | None
    last_text: str
    """The last finished sentence."""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class VoiceTraces:
    """What to draw: copies, oldest first."""

    level_dbfs: NDArray[np.float64]
    """Shape (n, 2): seconds, RMS level; 32 ms apart."""
    speech: NDArray[np.float64]
    """Shape (n, 2): seconds, speech probability in [0, 1]; 32 ms apart."""
    waveform: NDArray[np.float32]
    """Shape (n, 2): lowest and highest sample in [-1, 1] of each 8 ms; the last 8 s."""
    spectrum: NDArray[np.uint8]
    """Shape (n, 64): mel bands from 60 Hz to 7.6 kHz, -90..0 dB as 0..255; 32 ms apart."""
    word_latency_s: NDArray[np.float64]
    """Shape (n, 2): seconds, word end to word shown."""
    final_latency_s: NDArray[np.float64]
    """Shape (n, 2): seconds, speech end to final text."""


def _no_traces() -> VoiceTraces:
    pairs = np.zeros((0, 2))
    return VoiceTraces(
        level_dbfs=pairs,
        speech=pairs,
        waveform=np.zeros((0, 2), np.float32),
        spectrum=np.zeros((0, 64), np.uint8),
        word_latency_s=pairs,
        final_latency_s=pairs,
    )


@dataclass(frozen=True, slots=True)
class VoiceSnapshot:
    """The voice engine at one moment."""

    taken_s: float
    """Clock.now(), monotonic: the time axis of the traces."""
    state: VoiceState = VoiceState.STOPPED
    problem: str | None = None
    """What went wrong and what mends it."""
    device: str | None = None
    """Label of the device being recorded, or that would be."""
    devices: tuple[Device, ...] = ()
    model: str | None = None
    """Name of the loaded model."""
    compute: str | None = None
    """Such as "cpu int8", and why."""
    compute_note: str | None = None
    """Why the model is not on the graphics card where it should be, and what helps."""
    recording_s: float | None = None
    """Length of the running recording; None when there is none."""
    level_dbfs: float | None = None
    peak_dbfs: float | None = None
    is_speech: bool = False
    is_clipping: bool = False
    lost_frames: int = 0
    """Frames of this recording that were overwritten before they were read."""
    overflows: int = 0
    """How often in this recording the system lost sound before it reached us."""
    dropped_partials: int = 0
    """Refreshes left out so that the text does not lag."""
    live: LiveText | None = None
    recent: tuple[Utterance, ...] = ()
    """The newest sentences, oldest first."""
    history_version: int = 0
    """Moves whenever the stored history changes: search again."""
    stages: tuple[StageView, ...] = ()
    models: tuple[ModelView, ...] = ()
    jobs: tuple[FileJob, ...] = ()
    recovered: tuple[Recovered, ...] = ()
    guests: tuple[GuestView, ...] = ()
    word_latency_s: float | None = None
    """Median of the last minute."""
    final_latency_s: float | None = None
    traces: VoiceTraces = field(default_factory=_no_traces)
