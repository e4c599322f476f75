"""Whatever tells speech from other sound, it behaves alike: the contract of `SpeechDetector`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from engine.voice.adapters.silero_detector import SileroDetector
from engine.voice.adapters.simulated import LoudnessDetector, babble
from engine.voice.file_work import EverythingIsSpeech
from engine.voice.ports import FloatArray, SpeechDetector
from engine.voice.settings import SegmentSettings
from engine.voice.vad import WINDOW

Made = Callable[[], SpeechDetector]


@pytest.fixture(params=[SileroDetector, LoudnessDetector, EverythingIsSpeech])
def made(request: pytest.FixtureRequest) -> Made:
    """Return what makes a detector."""
    kind: Made = request.param
    return kind


def windows(count: int = 40, *, seed: int = 1) -> FloatArray:
    """Return sound with the look of speech, shape (count, 512)."""
    return babble(count * WINDOW / 16_000, 16_000, seed=seed).reshape(count, WINDOW)


def test_one_probability_a_window(made: Made):
    """There is one probability in [0, 1] for each window, and the sound stays as it is."""
    sound = windows()
    before = sound.copy()
    probabilities = made().probabilities(sound)
    assert probabilities.shape == (40,)
    assert probabilities.dtype == np.float32
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    np.testing.assert_array_equal(sound, before)


@pytest.mark.parametrize("size", [1, 3, 39])
def test_many_at_once_is_one_by_one(made: Made, size: int):
    """However the windows are grouped, the probabilities are the same."""
    sound = windows()
    together = made().probabilities(sound)
    detector = made()
    parts = [detector.probabilities(sound[at : at + size]) for at in range(0, 40, size)]
    np.testing.assert_allclose(np.concatenate(parts), together, atol=1e-4)


def test_reset_forgets(made: Made):
    """After a reset the same sound gets the same probabilities as at first."""
    detector, sound = made(), windows()
    first = detector.probabilities(sound)
    detector.probabilities(windows(seed=2))
    detector.reset()
    np.testing.assert_allclose(detector.probabilities(sound), first, atol=1e-6)


@pytest.mark.parametrize("kind", [SileroDetector, LoudnessDetector])
def test_silence_is_no_speech(kind: Made):
    """Digital silence stays below the probability that ends speech."""
    probabilities = kind().probabilities(np.zeros((60, WINDOW), np.float32))
    assert probabilities.max() < SegmentSettings().end_probability
