"""Is somebody speaking? A cheap gate first, then a neural detector."""

from __future__ import annotations

from collections import deque

import numpy as np

from engine.voice.ports import SAMPLE_RATE_HZ, FloatArray, SpeechDetector, SpeechGate

WINDOW = 512
"""Samples the detector takes at a time."""
WINDOW_MS = 1000 * WINDOW / SAMPLE_RATE_HZ
"""32 ms."""
HANGOVER = 16
"""Windows the detector goes on after the gate has closed: half a second bridges word gaps."""
WARM_UP = 8
"""Windows the detector hears again when the gate opens, so that it knows what came before."""


class VoiceActivity:
    """Speech probability of each window, with the detector asleep while the gate is shut."""

    def __init__(self, *, gate: SpeechGate, detector: SpeechDetector) -> None:
        self._gate = gate
        self._detector = detector
        self._slept: deque[FloatArray] = deque(maxlen=WARM_UP)
        self._awake_for = 0

    def push(self, window: FloatArray) -> float:
        """Return the speech probability of `window`, shape (512,), float32."""
        if self._gate.is_maybe_speech(window):
            self._awake_for = HANGOVER
        elif self._awake_for:
            self._awake_for -= 1
        if not self._awake_for:
            self._slept.append(window)
            return 0.0
        if self._slept:
            self._detector.reset()
            self._detector.probabilities(np.stack(self._slept))
            self._slept.clear()
        return float(self._detector.probabilities(window[None])[0])

    def reset(self) -> None:
        """Forget what was heard."""
        self._detector.reset()
        self._slept.clear()
        self._awake_for = 0
