"""What the voice engine needs from outside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.telemetry import Ring
from engine.voice.snapshot import Device, Segment

FloatArray = NDArray[np.float32]

SAMPLE_RATE_HZ = 16_000
"""What Whisper and Silero were trained on; everything after the resampler has this rate."""


class InputStream(Protocol):
    """An open microphone that fills a ring."""

    @property
    def device(self) -> str:
        """Name of the device it is."""
        ...

    @property
    def ring(self) -> Ring:
        """Captured frames, row shape (channels,), float32 in [-1, 1], as the device gives them."""
        ...

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the frames in the ring."""
        ...

    @property
    def channels(self) -> int:
        """Width of a frame."""
        ...

    @property
    def overflows(self) -> int:
        """How often the system said that it lost sound before the callback saw it."""
        ...

    def is_alive(self) -> bool:
        """Tell whether the device still delivers or may; False once it has gone."""
        ...

    def close(self) -> None:
        """Stop at once and free the device; may be called twice."""
        ...


class AudioInput(Protocol):
    """The sound system."""

    def devices(self) -> tuple[Device, ...]:
        """Return what can be recorded now. Blocks for milliseconds."""
        ...

    def open(self, device: str) -> InputStream:
        """Open `device`, or the default one for "".

        Raises Unreachable where there is none of that name, Refused where it will not open.
        """
        ...


class SpeechGate(Protocol):
    """A cheap first look at sound: may this be speech?"""

    def is_maybe_speech(self, window: FloatArray) -> bool:
        """Tell whether `window`, shape (512,), is worth a closer look; errs towards True."""
        ...


class SpeechDetector(Protocol):
    """A neural voice activity detector; it remembers what it heard until `reset()`."""

    def reset(self) -> None:
        """Forget what was heard."""
        ...

    def probabilities(self, windows: FloatArray) -> FloatArray:
        """Return the speech probability of each of the windows, shape (n, 512), shape (n,)."""
        ...


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What one decode of one utterance heard."""

    text: str
    """With leading and trailing blanks removed; "" where nothing was heard."""
    language: str
    mean_log_probability: float
    no_speech_probability: float
    compression_ratio: float
    """Length of the text over its zlib length; above 2.4 it repeats itself."""
    was_cut: bool
    """A repeated tail was cut off, or the length cap was hit."""
    is_closed: bool
    """The model wrote an end time: it takes the last word for finished, not broken off."""
    end_s: float | None = None
    """The last time at which a phrase ended, in seconds of the sound; None where none did."""
    ended_text: str = ""
    """The text up to there."""


SpeechTask = Literal["transcribe", "translate"]
"""Write down what is said, or say it in English."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A decoded stretch of a file."""

    segments: tuple[Segment, ...]
    """Times in seconds from the start of the stretch; words are timed."""
    language: str


class SpeechDecoder(Protocol):
    """A speech model. Loaded once, used from one thread at a time."""

    @property
    def model(self) -> str:
        """Name of the model."""
        ...

    @property
    def compute(self) -> str:
        """Where it runs and why, such as "cpu int8 (no CUDA device)"."""
        ...

    def decode(
        self,
        audio: FloatArray,
        *,
        language: str | None,
        window: Literal["short", "full"],
        prefix: str = "",
    ) -> Hypothesis:
        """Return the words in `audio`: shape (n,), 16 kHz mono, at most 30 s.

        language: code, or None to detect it. window: "short" runs the encoder over little more
        than `audio`, several times faster; "full" over the 30 s it was trained on. prefix: the
        text begins with these words whatever the sound says.
        """
        ...

    def decode_passage(
        self,
        audio: FloatArray,
        *,
        language: str | None,
        task: SpeechTask = "transcribe",
        prompt: str = "",
    ) -> Passage:
        """Return segments and timed words of `audio`: shape (n,), 16 kHz mono, at most 30 s.

        language: the one that is spoken, or None to detect it. prompt: words that came before,
        or that tell how names are written.
        """
        ...

    def close(self) -> None:
        """Free the model's memory at once; it is not used again. May be called twice."""
        ...


class DecoderFactory(Protocol):
    """Loads speech models."""

    def wants_card(self, compute: str) -> bool:
        """Tell whether models are loaded onto a graphics card. Blocks for milliseconds.

        compute: "auto", "cpu" or "cuda". Raises Refused where `compute` cannot be had.
        """
        ...

    def load(
        self, name: str, folder: Path, *, compute: str, threads: int, card: str | None = None
    ) -> SpeechDecoder:
        """Return the model in `folder`. Blocks for seconds.

        compute: as above. card: the PCI address of the graphics card to use; None for the first.
        Raises Damaged where its files are, Refused where `compute` or the card cannot be had, and
        after `stop()`.
        """
        ...

    def stop(self) -> None:
        """Load no model any more: a load under way ends with its next step. From any thread."""
        ...


class AudioFile(Protocol):
    """A file being decoded."""

    @property
    def duration_s(self) -> float | None:
        """Length where the container tells."""
        ...

    def blocks(self) -> Iterator[FloatArray]:
        """Yield the sound in order, shape (n,), 16 kHz mono, about a second each.

        Raises Damaged where the content turns out not to be sound; what came before is good.
        """
        ...


class AudioReader(Protocol):
    """Opens sound and video files."""

    def open(self, path: Path) -> AbstractContextManager[AudioFile]:
        """Open `path`.

        Raises Unreachable where there is no such file, Refused where it may not be read,
        Damaged where it is empty, no sound file, or has no sound in it.
        """
        ...
