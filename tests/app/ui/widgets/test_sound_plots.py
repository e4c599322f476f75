from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from app.ui.widgets.level_meter import LevelMeter, held_peak_dbfs
from app.ui.widgets.sound_frame import GUTTER_PX
from app.ui.widgets.spectrogram import Spectrogram, height_of
from app.ui.widgets.speech_trace import SpeechTrace, stretches
from app.ui.widgets.waveform import Waveform, coverage, envelope, full_height


def test_same_sound_paints_nothing_new(theme, traces, count_paints):
    """Shown the same traces twice, waveform, spectrogram and speech are painted once."""
    for widget, show in (
        (w := Waveform(theme), lambda w=w: w.show_waveform(traces.waveform.copy())),
        (s := Spectrogram(theme), lambda s=s: s.show_spectrum(traces.spectrum.copy())),
        (p := SpeechTrace(theme), lambda p=p: p.show_speech(traces.speech.copy(), threshold=0.5)),
    ):
        count = count_paints(widget)
        show()
        QApplication.processEvents()
        assert count.paints == 1
        show()
        QApplication.processEvents()
        assert count.paints == 1


def test_same_level_paints_nothing_new(theme, count_paints):
    """The meter is painted when a reading changed, and only then."""
    meter = LevelMeter(theme)
    count = count_paints(meter)
    for level_dbfs in (-20.0, -20.0, -19.0):
        meter.show_level(level_dbfs, peak_dbfs=-6.0, is_clipping=False)
        QApplication.processEvents()
    assert count.paints == 2


def test_clipping_lights_the_lamp(theme, count_paints):
    """Clipping is told in red and in words."""
    meter = LevelMeter(theme)
    count_paints(meter)
    meter.show_level(-1.0, peak_dbfs=0.0, is_clipping=True)
    picture = meter.grab().toImage()
    colours = {picture.pixelColor(x, 8).name() for x in range(meter.width() - 70, meter.width())}
    assert QColor(theme.tokens.bad).name() in colours
    assert "clipping" in meter.accessibleDescription()


def test_peak_is_held_for_a_second_and_a_half():
    """A peak counts for 1.5 s, whether its sample is negative or positive."""
    rows = np.zeros((1000, 2), np.float32)
    rows[-187] = (-0.5, 0.1)
    assert held_peak_dbfs(rows) == pytest.approx(-6.02, abs=0.01)
    rows = np.roll(rows, -2, axis=0)
    assert held_peak_dbfs(rows) is None


def test_envelope_keeps_every_peak():
    """However narrow the plot, the highest and lowest sample stay."""
    rows = np.random.default_rng(2).uniform(-1, 1, (1000, 2)).astype(np.float32)
    for columns in (2, 333, 600, 999):
        found = envelope(rows, columns)
        assert len(found) == columns
        assert found[:, 0].min() == rows[:, 0].min()
        assert found[:, 1].max() == rows[:, 1].max()


def test_waveform_scale_holds_all_of_it():
    """The scale is the smallest that cuts nothing off, and silence has the finest."""
    assert full_height(np.zeros((0, 2), np.float32)) == 0.1
    assert full_height(np.array([[-0.3, 0.1]], np.float32)) == 0.5
    assert full_height(np.array([[-3.0, 0.1]], np.float32)) == 1.0


def test_speech_is_shaded_in_unbroken_stretches():
    """Stretches begin and end where speech does, also at the edges of the plot."""
    assert stretches(np.array([True, True, False, True])) == [(0, 1), (3, 3)]
    assert stretches(np.zeros(4, bool)) == []


def test_frequency_axis_spans_the_mel_bands():
    """60 Hz lies at the foot, 7.6 kHz at the top, and half of the mel between them in between."""
    assert height_of(60) == 0
    assert height_of(7600) == pytest.approx(1)
    assert height_of(1000) == pytest.approx((1000 - 91.2) / (2780 - 91.2), abs=0.01)


def test_high_bands_are_drawn_above_low_ones(theme, count_paints):
    """A spectrum that is loud only in its low bands is bright only at the bottom."""
    widget = Spectrogram(theme)
    count_paints(widget)
    rows = np.zeros((250, 64), np.uint8)
    rows[:, :16] = 255
    widget.show_spectrum(rows)
    picture = widget.grab().toImage()
    x = (GUTTER_PX + picture.width()) // 2 + 7
    top, bottom = picture.pixelColor(x, 8), picture.pixelColor(x, picture.height() - 12)
    assert bottom.lightness() > top.lightness() + 100


def test_a_short_recording_fills_from_the_right(theme, count_paints):
    """One second of sound is drawn at the right, where now is."""
    widget = Spectrogram(theme)
    count_paints(widget)
    widget.show_spectrum(np.full((31, 64), 255, np.uint8))
    picture = widget.grab().toImage()
    y = 5
    assert picture.pixelColor(picture.width() - 8, y).lightness() > 150
    assert picture.pixelColor(GUTTER_PX + 20, y).lightness() < 60


def test_sound_covers_the_pixels_between_its_lowest_and_highest_sample():
    """Half of full height covers the middle half of a column, partly where it ends in a pixel."""
    pixels = coverage(np.array([[-0.5, 0.5], [-0.5, 0.25]], np.float32), 10, 1.0)
    assert pixels.shape == (10, 2)
    assert pixels[:, 0].tolist() == [0, 0, 127, 255, 255, 255, 255, 127, 0, 0]
    assert pixels[3, 1] == 63  # its highest sample lies a quarter up this pixel


def test_silence_is_a_line():
    """No sound at all still covers one pixel of each column."""
    pixels = coverage(np.zeros((3, 2), np.float32), 10, 1.0)
    assert (pixels.sum(axis=0) >= 254).all()


def test_columns_reach_each_other():
    """Between a column above and one below the middle no gap is left."""
    pixels = coverage(np.array([[0.6, 0.8], [-0.8, -0.6]], np.float32), 20, 1.0)
    assert (pixels[4:18, 1] > 0).all()
