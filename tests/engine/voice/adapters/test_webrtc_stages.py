"""WebRTC's stages suppress noise and even out levels, block by block."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from engine.errors import Unreachable
from engine.voice.adapters.simulated import babble
from engine.voice.adapters.webrtc_stages import GainControl, NoiseSuppression
from engine.voice.meters import level_dbfs
from engine.voice.ports import SAMPLE_RATE_HZ, FloatArray
from engine.voice.settings import StageSettings
from engine.voice.stages import BLOCK, Pipeline, Stage

SETTLED = 3 * SAMPLE_RATE_HZ


def processed(stage: Stage, sound: FloatArray) -> FloatArray:
    """Return `sound` after `stage`, block by block."""
    return np.concatenate([stage.process(block) for block in sound.reshape(-1, BLOCK)])


def steady_noise(seconds: float) -> FloatArray:
    """Return white noise at -40 dBFS."""
    rng = np.random.default_rng(1)
    return rng.normal(0, 0.01, int(seconds * SAMPLE_RATE_HZ)).astype(np.float32)


@pytest.mark.parametrize("stage", [NoiseSuppression(), GainControl()])
def test_blocks_keep_their_shape(stage: Stage):
    """A block of 160 samples of float32 comes back as such; its name is that of a setting."""
    block = stage.process(np.zeros(BLOCK, np.float32))
    assert (block.shape, block.dtype) == ((BLOCK,), np.float32)
    assert hasattr(StageSettings(), stage.name)
    assert stage.label


def test_noise_is_suppressed():
    """Steady noise loses at least 6 dB once the stage has got to know it."""
    noise = steady_noise(5.0)
    after = processed(NoiseSuppression(), noise)
    assert level_dbfs(after[SETTLED:]) < level_dbfs(noise[SETTLED:]) - 6.0


def test_quiet_voice_is_raised():
    """A voice 26 dB quieter than usual becomes at least 3 dB louder."""
    quiet = 0.05 * babble(6.0, SAMPLE_RATE_HZ)
    after = processed(GainControl(), quiet)
    assert level_dbfs(after[SETTLED:]) > level_dbfs(quiet[SETTLED:]) + 3.0
    assert np.abs(after).max() <= 1.0


def test_missing_library_is_shown_and_left_out(monkeypatch: pytest.MonkeyPatch):
    """Without WebRTC's library the stage says what to install, and sound passes unchanged."""
    monkeypatch.setitem(sys.modules, "pywebrtc_audio", None)
    with pytest.raises(Unreachable, match="install pywebrtc-audio"):
        NoiseSuppression().process(np.zeros(BLOCK, np.float32))
    pipeline = Pipeline([NoiseSuppression()], StageSettings(noise_suppression=True))
    block = np.ones(BLOCK, np.float32)
    np.testing.assert_array_equal(pipeline.process(block), block)
    assert "install pywebrtc-audio" in (pipeline.views()[0].problem or "")
