"""What the sound looks like: level, waveform and spectrum, ready to be drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.telemetry import Ring, Series
from engine.voice.ports import SAMPLE_RATE_HZ, FloatArray
from engine.voice.vad import WINDOW

FLOOR_DBFS = -90.0
"""Silence; 16 bit sound has no less."""
CLIPPING = 0.999
"""A sample beyond this was cut off by the device or is about to be."""
STRIPE = 128
"""Samples in one column of the waveform: 8 ms."""
BANDS = 64
LOWEST_HZ, HIGHEST_HZ = 60.0, 7600.0


def level_dbfs(sound: FloatArray) -> float:
    """Return the RMS level of `sound` in dBFS; silence gives FLOOR_DBFS.

    sound: shape (n,), float32 in [-1, 1], n > 0.
    Source: 20 log10(rms), RMS convention: a full-scale sine reads -3.01.
    """
    rms = float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))
    return max(FLOOR_DBFS, 20 * float(np.log10(max(rms, 1e-10))))


def peak_dbfs(sound: FloatArray) -> float:
    """Return the largest sample of `sound` in dBFS; silence gives FLOOR_DBFS."""
    peak = float(np.max(np.abs(sound)))
    return max(FLOOR_DBFS, 20 * float(np.log10(max(peak, 1e-10))))


def mel_filters() -> NDArray[np.float32]:
    """Return triangular filters over the bins of a 512 point spectrum, shape (64, 257).

    Each sums to 1. Source: mel = 2595 log10(1 + f / 700), O'Shaughnessy 1987.
    """
    lowest, highest = (2595 * np.log10(1 + hz / 700) for hz in (LOWEST_HZ, HIGHEST_HZ))
    edges_hz = 700 * (10 ** (np.linspace(lowest, highest, BANDS + 2) / 2595) - 1)
    bins_hz = np.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE_HZ)
    low, middle, high = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    rising = (bins_hz - low) / (middle - low)
    falling = (high - bins_hz) / (high - middle)
    filters = np.clip(np.minimum(rising, falling), 0, None)
    # The lowest bands are narrower than a bin: they take the bin nearest to them.
    for band in np.flatnonzero(filters.sum(axis=1) == 0):
        filters[band, np.argmin(np.abs(bins_hz - edges_hz[band + 1]))] = 1.0
    weights: NDArray[np.float32] = filters / filters.sum(axis=1, keepdims=True)
    return weights.astype(np.float32)


class Meters:
    """Rings of what was measured in each window. Written by the dsp thread, read by any."""

    def __init__(self) -> None:
        self.level = Series("level", "dBFS")
        self.speech = Series("speech probability", "")
        self.waveform = Ring(1000, row_shape=(2,))
        self.spectrum = Ring(600, dtype=np.uint8, row_shape=(BANDS,))
        self.peak_dbfs = FLOOR_DBFS
        self.is_clipping = False
        self._filters = mel_filters()
        self._taper = np.hanning(WINDOW).astype(np.float32)

    def measure(self, window: FloatArray, speech: float, at_s: float) -> None:
        """Take in `window`, shape (512,), heard at `at_s`, and its speech probability."""
        self.level.append(at_s, level_dbfs(window))
        self.speech.append(at_s, speech)
        self.peak_dbfs = peak_dbfs(window)
        self.is_clipping = bool(np.max(np.abs(window)) >= CLIPPING)
        stripes = window.reshape(-1, STRIPE)
        self.waveform.extend(np.stack([stripes.min(axis=1), stripes.max(axis=1)], axis=1))
        self.spectrum.append(self._spectrum(window))

    def _spectrum(self, window: FloatArray) -> NDArray[np.uint8]:
        # Half the sum of the taper is what a full-scale sine reads: 0 dB.
        amplitude = np.abs(np.fft.rfft(window * self._taper)) / (self._taper.sum() / 2)
        power = self._filters @ (amplitude**2).astype(np.float32)
        decibels = 10 * np.log10(np.maximum(power, 1e-9))
        shares: FloatArray = np.clip(1 - decibels / FLOOR_DBFS, 0, 1)
        return (shares * 255).astype(np.uint8)
