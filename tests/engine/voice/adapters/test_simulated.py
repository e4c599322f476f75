"""What is simulated looks enough like the real thing to show and to test everything else."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from engine.voice.adapters.simulated import (
    SENTENCES,
    ScriptedDecoder,
    babble,
)
from engine.voice.meters import level_dbfs
from engine.voice.ports import SAMPLE_RATE_HZ


@pytest.mark.parametrize("rate_hz", [16_000, 44_100, 48_000])
def test_babble_is_a_voice_at_any_rate(rate_hz: int):
    """Babble has the length that was asked for, an ordinary level, and is never cut off."""
    sound = babble(2.0, rate_hz)
    assert sound.shape == (2 * rate_hz,)
    assert sound.dtype == np.float32
    assert np.abs(sound).max() < 1.0
    assert -40 < level_dbfs(sound) < -10


def test_babble_is_the_same_each_time():
    """The same seed gives the same sound, another one another."""
    np.testing.assert_array_equal(babble(0.5, 16_000, seed=1), babble(0.5, 16_000, seed=1))
    assert not np.array_equal(babble(0.5, 16_000, seed=1), babble(0.5, 16_000, seed=2))


def test_scripted_words_come_as_the_sound_grows():
    """A growing sound is understood word by word; a shorter one begins the next sentence."""
    decoder = ScriptedDecoder("demo")

    def heard(seconds: float) -> str:
        sound = np.zeros(int(seconds * SAMPLE_RATE_HZ), np.float32)
        return decoder.decode(sound, language=None, window="short").text

    texts = [heard(seconds) for seconds in (0.5, 1.0, 2.0, 6.0)]
    assert all(later.startswith(text) for text, later in pairwise(texts))
    assert texts[-1] == SENTENCES[0]
    assert SENTENCES[1].startswith(heard(0.5))
