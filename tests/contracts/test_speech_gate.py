"""Whatever looks first, it behaves alike: the contract of `SpeechGate`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from engine.voice.adapters.simulated import LoudnessDetector, babble
from engine.voice.adapters.webrtc_gate import WebrtcGate
from engine.voice.ports import FloatArray, SpeechGate
from engine.voice.vad import WINDOW


@pytest.fixture(params=[WebrtcGate, LoudnessDetector])
def gate(request: pytest.FixtureRequest) -> SpeechGate:
    """Return a gate that has heard nothing yet."""
    make: Callable[[], SpeechGate] = request.param
    return make()


def windows(*, loudness: float = 1.0) -> FloatArray:
    """Return sound with the look of speech, shape (60, 512), at a peak of `loudness`."""
    sound = babble(60 * WINDOW / 16_000, 16_000)
    return (sound / np.abs(sound).max() * loudness).reshape(60, WINDOW)


@pytest.mark.parametrize("loudness", [1.0, 0.1, 0.02])
def test_speech_passes(gate: SpeechGate, loudness: float):
    """Most windows of a voice pass, loud or quiet; a window that does not is bridged."""
    passed = [gate.is_maybe_speech(window) for window in windows(loudness=loudness)]
    assert sum(passed) > 40


def test_sound_stays_as_it_is(gate: SpeechGate):
    """Looking does not change the sound."""
    sound = windows()
    before = sound.copy()
    for window in sound:
        assert isinstance(gate.is_maybe_speech(window), bool)
    np.testing.assert_array_equal(sound, before)


def test_neural_detector_may_sleep_through_silence():
    """WebRTC's gate is shut in digital silence: that is what saves the CPU."""
    gate = WebrtcGate()
    assert not any(gate.is_maybe_speech(np.zeros(WINDOW, np.float32)) for _ in range(60))
