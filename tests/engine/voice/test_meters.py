"""What is drawn is what was heard: levels, stripes and bands."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.voice.meters import (
    BANDS,
    FLOOR_DBFS,
    HIGHEST_HZ,
    LOWEST_HZ,
    Meters,
    level_dbfs,
    mel_filters,
    peak_dbfs,
)
from engine.voice.ports import SAMPLE_RATE_HZ, FloatArray
from engine.voice.vad import WINDOW
from tests.engine.voice.doubles import tone


def measured(*windows: FloatArray) -> Meters:
    """Return meters that heard `windows`, one a second."""
    meters = Meters()
    for number, window in enumerate(windows):
        meters.measure(window, 0.25, float(number))
    return meters


def window_of(hz: float, *, loudness: float = 1.0) -> FloatArray:
    """Return one window of a sine."""
    return tone(hz, WINDOW / SAMPLE_RATE_HZ, loudness=loudness)


def test_full_scale_sine_reads_minus_three():
    """A sine at full scale has an RMS level of -3.01 dBFS and a peak of 0 dBFS."""
    sound = tone(500.0, 1.0)
    assert level_dbfs(sound) == pytest.approx(-3.01, abs=0.01)
    assert peak_dbfs(sound) == pytest.approx(0.0, abs=0.01)


def test_silence_reads_the_floor():
    """Silence has the lowest level there is, not minus infinity."""
    assert level_dbfs(np.zeros(WINDOW, np.float32)) == FLOOR_DBFS
    assert peak_dbfs(np.zeros(WINDOW, np.float32)) == FLOOR_DBFS


@given(st.floats(0.001, 1.0), st.floats(0.01, 1.0))
def test_gain_is_added(loudness: float, gain: float):
    """Sound made softer by a factor reads softer by that factor in decibels."""
    before = level_dbfs(window_of(1000.0, loudness=loudness))
    after = level_dbfs(window_of(1000.0, loudness=loudness * gain))
    assert after == pytest.approx(max(FLOOR_DBFS, before + 20 * np.log10(gain)), abs=0.01)


def test_filters_cover_the_range():
    """The 64 bands each sum to 1, and begin and end where they should."""
    filters = mel_filters()
    assert filters.shape == (BANDS, WINDOW // 2 + 1)
    np.testing.assert_allclose(filters.sum(axis=1), 1.0, rtol=1e-5)
    used_hz = np.flatnonzero(filters.sum(axis=0)) * SAMPLE_RATE_HZ / WINDOW
    assert used_hz[0] <= LOWEST_HZ + 31.25
    assert HIGHEST_HZ - 300 < used_hz[-1] <= HIGHEST_HZ


@pytest.mark.parametrize("hz", [250.0, 1000.0, 3000.0, 6000.0])
def test_sine_shows_in_its_band(hz: float):
    """A sine is brightest in the band whose middle, in mel, is nearest to it."""
    meters = measured(window_of(hz))
    (column,) = meters.spectrum.latest(1)
    mel = 2595 * np.log10(1 + np.array([LOWEST_HZ, HIGHEST_HZ, hz]) / 700)
    expected = (mel[2] - mel[0]) / (mel[1] - mel[0]) * (BANDS + 1) - 1
    assert abs(int(np.argmax(column)) - expected) <= 1.0
    assert (column.dtype, column.shape) == (np.uint8, (BANDS,))


def test_spectrum_runs_from_silence_to_full_scale():
    """Silence is 0 in every band; a sine at full scale on a bin is near 255 in a narrow band."""
    silent, loud = np.zeros(WINDOW, np.float32), window_of(250.0)
    columns = measured(silent, loud).spectrum.latest(2)
    assert columns[0].max() == 0
    assert columns[1].max() > 240


def test_waveform_has_lowest_and_highest_of_each_stripe():
    """Each 8 ms gives a pair of lowest and highest sample, in order."""
    window = np.repeat(np.float32([0.1, 0.2, 0.3, 0.4]), WINDOW // 4)
    window[5], window[-5] = -0.5, 0.9
    rows = measured(window).waveform.latest(4)
    np.testing.assert_allclose(rows, [[-0.5, 0.1], [0.2, 0.2], [0.3, 0.3], [0.4, 0.9]])


def test_traces_carry_their_times():
    """Level and speech are pairs of the window's time and value."""
    meters = measured(window_of(440.0), np.zeros(WINDOW, np.float32))
    np.testing.assert_allclose(meters.speech.latest(), [[0.0, 0.25], [1.0, 0.25]])
    np.testing.assert_allclose(meters.level.latest()[1], [1.0, FLOOR_DBFS])


@pytest.mark.parametrize(("peak", "is_clipping"), [(0.99, False), (1.0, True), (-1.0, True)])
def test_clipping(peak: float, is_clipping: bool):
    """A sample at either end of the scale counts as cut off, until the next window."""
    window = np.zeros(WINDOW, np.float32)
    window[7] = peak
    meters = measured(window)
    assert meters.is_clipping is is_clipping
    meters.measure(np.zeros(WINDOW, np.float32), 0.0, 1.0)
    assert not meters.is_clipping
