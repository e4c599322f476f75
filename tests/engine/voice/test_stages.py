"""Rumble is removed, speech passes; stages can be switched, cost what they cost, may fail."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import Unreachable
from engine.voice.meters import level_dbfs
from engine.voice.ports import SAMPLE_RATE_HZ, FloatArray
from engine.voice.settings import StageSettings
from engine.voice.stages import BLOCK, HighPass, Pipeline, butterworth_high_pass
from tests.engine.voice.doubles import tone

ALL_ON = StageSettings(high_pass=True, noise_suppression=True, gain_control=True)


def processed(sound: FloatArray) -> FloatArray:
    """Return `sound` after a high-pass, block by block."""
    stage = HighPass()
    return np.concatenate([stage.process(block) for block in sound.reshape(-1, BLOCK)])


def gain_db(hz: float) -> float:
    """Return what the high-pass does to a sine, after it has settled."""
    sound = tone(hz, 2.0, loudness=0.5)
    settled = slice(SAMPLE_RATE_HZ, None)
    return level_dbfs(processed(sound)[settled]) - level_dbfs(sound[settled])


class Adder:
    """A stage that adds, and fails where it is told to."""

    def __init__(self, name: str, amount: float, *, fails: bool = False) -> None:
        self.name = name
        self.label = f"Stage {name}"
        self.calls = 0
        self.fails = fails
        self._amount = amount

    def process(self, block: FloatArray) -> FloatArray:
        self.calls += 1
        if self.fails:
            raise Unreachable("the library is missing: install it")
        return block + np.float32(self._amount)


def test_high_pass_equals_its_difference_equation():
    """Block by block the result is that of the filter's recursion over the whole signal."""
    (b0, b1, b2), (a1, a2) = butterworth_high_pass(80.0)
    sound = np.random.default_rng(1).uniform(-1, 1, 20 * BLOCK).astype(np.float32)
    expected = np.zeros(len(sound))
    for n in range(len(sound)):
        x1, x2 = (float(sound[n - k]) if n >= k else 0.0 for k in (1, 2))
        y1, y2 = (expected[n - k] if n >= k else 0.0 for k in (1, 2))
        expected[n] = b0 * float(sound[n]) + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2
    np.testing.assert_allclose(processed(sound), expected, atol=1e-6)


@pytest.mark.parametrize("hz", [20.0, 80.0, 300.0])
def test_high_pass_is_a_butterworth(hz: float):
    """Its gain is that of the analogue filter, |H|² = 1 / (1 + (80 / f)⁴)."""
    assert gain_db(hz) == pytest.approx(-10 * np.log10(1 + (80 / hz) ** 4), abs=0.1)


def test_hum_goes_and_speech_stays():
    """50 Hz hum loses at least 8 dB, 1 kHz at most 0.1 dB."""
    assert gain_db(50.0) <= -8.0
    assert abs(gain_db(1000.0)) <= 0.1


def test_high_pass_recovers_from_full_scale():
    """A constant offset at full scale is gone within half a second."""
    sound = np.ones(SAMPLE_RATE_HZ, np.float32)
    assert level_dbfs(processed(sound)[SAMPLE_RATE_HZ // 2 :]) == -90.0


def test_stages_work_in_order_and_can_be_switched():
    """Only stages that are on change the sound, from the next block on."""
    first, second = Adder("high_pass", 1.0), Adder("gain_control", 10.0)
    pipeline = Pipeline([first, second], StageSettings(high_pass=True, gain_control=False))
    block = np.zeros(BLOCK, np.float32)
    assert pipeline.process(block)[0] == 1.0
    pipeline.settings = ALL_ON
    assert pipeline.process(block)[0] == 11.0
    pipeline.settings = StageSettings(high_pass=False, gain_control=True)
    assert pipeline.process(block)[0] == 10.0
    assert (first.calls, second.calls) == (2, 2)


def test_stages_show_their_cost():
    """A stage shows its cost in CPU time once it has run, and none before."""
    settings = StageSettings(high_pass=True, gain_control=False)
    pipeline = Pipeline([Adder("high_pass", 1.0), Adder("gain_control", 1.0)], settings)
    for _ in range(100):
        pipeline.process(np.zeros(BLOCK, np.float32))
    on, off = pipeline.views()
    assert (on.name, on.label, on.is_on) == ("high_pass", "Stage high_pass", True)
    assert on.cost_us is not None
    assert 0.0 <= on.cost_us < 1e6
    assert (off.is_on, off.cost_us) == (False, None)


def test_failing_stage_is_shown_and_left_out():
    """A stage that cannot work tells why, once, and the sound goes past it."""
    broken, good = Adder("noise_suppression", 0.0, fails=True), Adder("gain_control", 2.0)
    pipeline = Pipeline([broken, good], ALL_ON)
    for _ in range(3):
        assert pipeline.process(np.zeros(BLOCK, np.float32))[0] == 2.0
    assert broken.calls == 1
    assert pipeline.views()[0].problem == "the library is missing: install it"
    assert pipeline.views()[1].problem is None


def test_failed_stage_is_tried_again_when_switched_on_again():
    """Switching a failed stage off and on again gives it another chance."""
    stage = Adder("gain_control", 2.0, fails=True)
    pipeline = Pipeline([stage], ALL_ON)
    pipeline.process(np.zeros(BLOCK, np.float32))
    stage.fails = False
    pipeline.settings = StageSettings(gain_control=False)
    pipeline.process(np.zeros(BLOCK, np.float32))
    assert pipeline.views()[0].problem is None
    pipeline.settings = ALL_ON
    assert pipeline.process(np.zeros(BLOCK, np.float32))[0] == 2.0
