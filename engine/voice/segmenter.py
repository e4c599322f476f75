"""Where sentences begin and end in the stream of sound."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from engine.voice.ports import SAMPLE_RATE_HZ, FloatArray
from engine.voice.settings import SegmentSettings
from engine.voice.vad import WINDOW, WINDOW_MS

START_WINDOWS = 2
"""Windows in a row above the start probability: one alone is often a click."""
COMPLETE_SHARE = 0.75
"""Share of the end silence that is enough once the words form a finished sentence."""
FADED_DB = 24.0
DOUBTFUL_PROBABILITY = 0.9
"""The detector's probability lags 60-220 ms behind the end of speech. A window this much quieter
than the loudest of its sentence, with the detector no longer sure, is silence already; in a noisy
room nothing is, and the detector decides alone."""
PARTING_PAUSE_MS = 128
"""A pause between phrases; inside words nobody is silent for so long."""
CUT_SEARCH_WINDOWS = 44
"""1.4 s: how far back a too long sentence is searched for its quietest point. Words older than
this may have been promised as part of it."""


@dataclass(slots=True)
class Speech:
    """One utterance, growing window by window until it is closed."""

    id: int
    start: int
    """Its first sample, counted from the start of the recording."""
    windows: list[FloatArray] = field(default_factory=list)
    speech_ms: float = 0.0
    """Time above the end probability."""
    silence_ms: float = 0.0
    """Time since the last window above the end probability."""
    loudest: float = 0.0
    """Mean square of its loudest window."""

    def audio(self) -> FloatArray:
        """Return the sound so far, shape (n,)."""
        return np.concatenate(self.windows)

    @property
    def samples(self) -> int:
        """Length of the sound so far."""
        return len(self.windows) * WINDOW

    @property
    def speech_end(self) -> int:
        """The sample after the last speech, counted from the start of the recording."""
        return self.start + self.samples - int(self.silence_ms * SAMPLE_RATE_HZ / 1000)


class Segmenter:
    """Parts the stream into utterances.

    Speech opens after two windows above the start probability and takes the pre-roll with it.
    It closes after the end silence, or 0.75 of it when told that the words are a finished
    sentence. A long one is parted at its next short pause, because decoding it takes ever longer;
    one without pauses at its quietest point once it is as long as the model can take.
    """

    def __init__(self, settings: SegmentSettings) -> None:
        self.settings = settings
        self._next_id = 1
        self._position = 0
        self._before: deque[FloatArray] = deque(maxlen=1)
        self._rising = 0
        self._open: Speech | None = None

    @property
    def open(self) -> Speech | None:
        """The utterance being spoken."""
        return self._open

    def push(
        self, window: FloatArray, probability: float, *, is_complete: bool = False
    ) -> Speech | None:
        """Take in the next window and return the utterance that it closed, if any.

        window: shape (512,). is_complete: what was heard so far is a finished sentence.
        """
        self._position += WINDOW
        if self._open is None:
            self._listen(window, probability)
            return None
        return self._grow(self._open, window, probability, is_complete)

    def restart(self) -> None:
        """Count samples from 0 again, for a new recording; numbers of utterances go on."""
        self._position = 0
        self._open = None
        self._rising = 0
        self._before.clear()

    def close(self) -> Speech | None:
        """End the open utterance at once and return it: the recording stops."""
        closed, self._open = self._open, None
        self._rising = 0
        self._before.clear()
        return closed

    def _listen(self, window: FloatArray, probability: float) -> None:
        pre_roll = round(self.settings.pre_roll_ms / WINDOW_MS) + START_WINDOWS
        if self._before.maxlen != pre_roll:
            self._before = deque(self._before, maxlen=pre_roll)
        self._before.append(window)
        self._rising = self._rising + 1 if probability > self.settings.start_probability else 0
        if self._rising >= START_WINDOWS:
            self._begin(list(self._before), speech_ms=START_WINDOWS * WINDOW_MS)

    def _begin(self, windows: list[FloatArray], *, speech_ms: float) -> None:
        start = self._position - len(windows) * WINDOW
        self._open = Speech(self._next_id, start, windows, speech_ms)
        self._next_id += 1
        self._rising = 0
        self._before.clear()

    def _grow(
        self, speech: Speech, window: FloatArray, probability: float, is_complete: bool
    ) -> Speech | None:
        speech.windows.append(window)
        power = float(np.mean(window**2))
        speech.loudest = max(speech.loudest, power)
        has_faded = power < speech.loudest * 10 ** (-FADED_DB / 10)
        is_speech = probability > self.settings.end_probability
        if is_speech and not (has_faded and probability < DOUBTFUL_PROBABILITY):
            if self._may_part(speech):
                return self._part(speech)
            speech.silence_ms = 0.0
            speech.speech_ms += WINDOW_MS
        else:
            speech.silence_ms += WINDOW_MS
        share = COMPLETE_SHARE if is_complete else 1.0
        if speech.silence_ms >= share * self.settings.end_silence_ms:
            return self.close()
        if speech.samples >= self.settings.longest_s * SAMPLE_RATE_HZ:
            return self._cut(speech)
        return None

    def _may_part(self, speech: Speech) -> bool:
        is_long = speech.samples >= self.settings.part_after_s * SAMPLE_RATE_HZ
        return is_long and speech.silence_ms >= PARTING_PAUSE_MS

    def _part(self, speech: Speech) -> Speech:
        """Close `speech` in the middle of the pause that its newest window ended."""
        after = round(speech.silence_ms / WINDOW_MS) // 2
        rest = self._split(speech, len(speech.windows) - 1 - after)
        speech.silence_ms -= after * WINDOW_MS
        self._begin(rest, speech_ms=WINDOW_MS)
        return speech

    def _cut(self, speech: Speech) -> Speech:
        """Close `speech` at the quietest of its last windows; the rest opens the next one."""
        # The newest window is left out: the next utterance is never without sound.
        recent = np.stack(speech.windows[-CUT_SEARCH_WINDOWS:-1])
        quietest = int(np.argmin(np.mean(recent**2, axis=1)))
        rest = self._split(speech, len(speech.windows) - 1 - len(recent) + quietest)
        speech.speech_ms = max(0.0, speech.speech_ms - len(rest) * WINDOW_MS)
        speech.silence_ms = 0.0
        self._begin(rest, speech_ms=len(rest) * WINDOW_MS)
        return speech

    def _split(self, speech: Speech, keep: int) -> list[FloatArray]:
        """Close `speech` after its first `keep` windows and return the others."""
        rest = speech.windows[keep:]
        speech.windows = speech.windows[:keep]
        return rest
