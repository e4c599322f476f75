"""Speech packed into passages that fill the model's window, the silence between left out."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.voice.ports import SAMPLE_RATE_HZ, FloatArray
from engine.voice.vad import WINDOW, WINDOW_MS

WINDOW_S = WINDOW / SAMPLE_RATE_HZ

START_PROBABILITY, END_PROBABILITY = 0.5, 0.35
"""The detector's own recommendation, as for live speech."""

BEFORE, AFTER = 12, 19
"""Windows kept before speech (0.4 s) and after it (0.6 s): a second tells the model of a pause as
well as a minute does."""

LEAST_GAP = 31
"""Windows, a second, that leaving out is worth it: each gap is a place where times may slip."""

LONGEST = int(28.0 / WINDOW_S)
"""Windows in a passage: the model takes 30 s, and its last word needs room to end."""

EARLIEST_CUT = int(20.0 / WINDOW_S)
"""A passage is never cut earlier: each costs a whole window of the model, however short."""

PAUSE = 10
"""Windows of silence, a third of a second, that part sentences or at least phrases."""

UNHEARD_MS = 1000.0
"""Speech without any word that is worth another look: the model at times skips a sentence, most
often one that says the same as the one before."""

NEAR_S = 0.3
"""How far the times of segments are trusted: half of that is usual."""

START_WINDOWS = 2
"""One window alone above the start probability is often a click."""


@dataclass(slots=True)
class SpeechPassage:
    """Windows of a file that are decoded together, and where each came from."""

    windows: list[FloatArray] = field(default_factory=list)
    """Each of shape (512,)."""
    numbers: list[int] = field(default_factory=list)
    """The place of each window in the file, counted in windows."""
    probabilities: list[float] = field(default_factory=list)

    def append(self, window: FloatArray, number: int, probability: float) -> None:
        """Add one window at the end."""
        self.windows.append(window)
        self.numbers.append(number)
        self.probabilities.append(probability)

    def split(self, at: int) -> tuple[SpeechPassage, SpeechPassage]:
        """Return the first `at` windows and the rest."""
        rows = (self.windows, self.numbers, self.probabilities)
        return (
            SpeechPassage(*[list(row[:at]) for row in rows]),  # type: ignore[arg-type]
            SpeechPassage(*[list(row[at:]) for row in rows]),  # type: ignore[arg-type]
        )

    def audio(self) -> FloatArray:
        """Return the sound, shape (n,), 16 kHz mono."""
        return np.concatenate(self.windows)

    @property
    def speech_ms(self) -> float:
        """Time above the start probability."""
        return WINDOW_MS * sum(one >= START_PROBABILITY for one in self.probabilities)

    def has_speech(self, start_s: float, end_s: float) -> bool:
        """Tell whether anybody speaks between two moments of the passage."""
        first, last = self._at(start_s), self._at(end_s)
        return max(self.probabilities[first : last + 1]) >= END_PROBABILITY

    def unheard(self, heard: Sequence[tuple[float, float]]) -> list[SpeechPassage]:
        """Return the stretches with over a second of speech outside the spans `heard`."""
        taken = {
            at
            for start_s, end_s in heard
            for at in range(self._at(start_s - NEAR_S), self._at(end_s + NEAR_S) + 1)
        }
        runs: list[SpeechPassage] = []
        last = -2
        for at in [at for at in range(len(self.windows)) if at not in taken]:
            if at != last + 1:
                runs.append(SpeechPassage())
            runs[-1].append(self.windows[at], self.numbers[at], self.probabilities[at])
            last = at
        return [run for run in runs if run.speech_ms >= UNHEARD_MS]

    def place(self, start_s: float, end_s: float) -> int:
        """Return how much of the file was left out before a word, in windows.

        The model sometimes begins a word in the silence before it, across a gap: the middle of
        the speech between the two moments decides on which side it was said.
        """
        first, last = self._at(start_s), self._at(end_s)
        spoken = [
            at for at in range(first, last + 1) if self.probabilities[at] >= END_PROBABILITY
        ] or [(first + last) // 2]
        at = spoken[len(spoken) // 2]
        return self.numbers[at] - at

    def in_file(self, start_s: float, end_s: float) -> tuple[float, float]:
        """Return the two moments of a word in seconds of the file, on one side of any gap."""
        place = self.place(start_s, end_s)
        inside = [at for at, number in enumerate(self.numbers) if number - at == place]
        first_s, last_s = inside[0] * WINDOW_S, (inside[-1] + 1) * WINDOW_S
        start_s, end_s = (min(max(one, first_s), last_s) for one in (start_s, end_s))
        return start_s + place * WINDOW_S, end_s + place * WINDOW_S

    def _at(self, passage_s: float) -> int:
        return min(max(0, int(passage_s / WINDOW_S)), len(self.windows) - 1)


class PassagePacker:
    """Takes the windows of a file in order and hands out passages of at most 28 s.

    A passage is cut at the last real pause of its last 8 s, else in the longest silence there,
    else where it is quietest.
    """

    def __init__(self) -> None:
        self._passage = SpeechPassage()
        self._before: deque[tuple[FloatArray, int, float]] = deque(maxlen=BEFORE + LEAST_GAP)
        self._number = 0
        self._rising = 0
        self._silent = AFTER

    def push(self, window: FloatArray, probability: float) -> SpeechPassage | None:
        """Take in the next window, shape (512,), and return a passage that is now full."""
        place = (window, self._number, probability)
        self._number += 1
        if self._silent >= AFTER:
            self._wait(place)
            return None
        self._silent = 0 if probability >= END_PROBABILITY else self._silent + 1
        self._passage.append(*place)
        return self._cut() if len(self._passage.windows) >= LONGEST else None

    def flush(self) -> SpeechPassage | None:
        """Return the last passage, if there is one."""
        last, self._passage = self._passage, SpeechPassage()
        return last if last.windows else None

    def _wait(self, place: tuple[FloatArray, int, float]) -> None:
        """Keep the last moments of a silence until speech begins."""
        self._before.append(place)
        self._rising = self._rising + 1 if place[2] >= START_PROBABILITY else 0
        if self._rising < START_WINDOWS:
            return
        known = self._passage.numbers
        is_near = bool(known) and known[-1] + 1 == self._before[0][1]
        for kept in list(self._before)[0 if is_near else -BEFORE - START_WINDOWS :]:
            self._passage.append(*kept)
        self._before.clear()
        self._rising = self._silent = 0

    def _cut(self) -> SpeechPassage:
        full, self._passage = self._passage.split(_cut_point(self._passage))
        return full


def _cut_point(passage: SpeechPassage) -> int:
    """Return how many windows come before the best place to cut."""
    first = len(passage.windows) * EARLIEST_CUT // LONGEST
    pauses = list(_pauses(passage.probabilities, first))
    if pauses:
        long_enough = [pause for pause in pauses if len(pause) >= PAUSE]
        best = long_enough[-1] if long_enough else max(pauses, key=len)
        return best.start + (len(best) + 1) // 2
    power = [float(np.mean(np.square(window))) for window in passage.windows[first:-1]]
    smooth = np.convolve(power, np.ones(3), mode="same")
    return first + int(np.argmin(smooth)) + 1


def _pauses(probabilities: Sequence[float], first: int) -> Iterator[range]:
    """Yield the stretches from window `first` on in which nobody speaks."""
    start = first
    for at in range(first, len(probabilities) + 1):
        if at == len(probabilities) or probabilities[at] >= END_PROBABILITY:
            if at > start:
                yield range(start, at)
            start = at + 1
