"""The detector sleeps while the gate is shut, and wakes knowing what came before."""

from __future__ import annotations

import numpy as np
import pytest

from engine.voice.ports import FloatArray
from engine.voice.vad import HANGOVER, WARM_UP, WINDOW, VoiceActivity


def window(number: int) -> FloatArray:
    """Return a window that can be told apart."""
    return np.full(WINDOW, number, np.float32)


class NotingDetector:
    """Notes the numbers of the windows it heard since the last reset; sure that all is speech."""

    def __init__(self) -> None:
        self.heard: list[int] = []

    def reset(self) -> None:
        self.heard.clear()

    def probabilities(self, windows: FloatArray) -> FloatArray:
        assert windows.shape[1:] == (WINDOW,)
        self.heard += [int(number) for number in windows[:, 0]]
        return np.full(len(windows), 0.75, np.float32)


class OpenFrom:
    """A gate that opens at the given windows only."""

    def __init__(self, *numbers: int) -> None:
        self._numbers = numbers

    def is_maybe_speech(self, window: FloatArray) -> bool:
        return int(window[0]) in self._numbers


def test_detector_sleeps_behind_a_shut_gate():
    """While the gate is shut the probability is 0 and the detector is not asked."""
    detector = NotingDetector()
    activity = VoiceActivity(gate=OpenFrom(), detector=detector)
    assert [activity.push(window(number)) for number in range(50)] == [0.0] * 50
    assert detector.heard == []


def test_detector_first_hears_what_it_slept_through():
    """When the gate opens the detector begins anew with the windows just before."""
    detector = NotingDetector()
    activity = VoiceActivity(gate=OpenFrom(1, 60), detector=detector)
    for number in range(61):
        probability = activity.push(window(number))
    assert probability == pytest.approx(0.75)
    assert detector.heard == list(range(60 - WARM_UP, 61))


def test_detector_outlasts_the_gate():
    """After the gate has shut the detector goes on for half a second, then sleeps."""
    detector = NotingDetector()
    activity = VoiceActivity(gate=OpenFrom(0), detector=detector)
    awake = [activity.push(window(number)) > 0 for number in range(40)]
    assert awake == [True] * HANGOVER + [False] * (40 - HANGOVER)


def test_reset_forgets_everything():
    """After a reset nothing of what was heard or slept through reaches the detector."""
    detector = NotingDetector()
    activity = VoiceActivity(gate=OpenFrom(0, 30), detector=detector)
    for number in range(25):
        activity.push(window(number))
    activity.reset()
    assert detector.heard == []
    activity.push(window(30))
    assert detector.heard == [30]
