"""What arrives in any rate and shape leaves as 16 kHz mono."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.voice.resample import Resampler, to_mono_16k


def tone(hz: float, rate_hz: int, seconds: float = 1.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(int(rate_hz * seconds)) / rate_hz)).astype(
        np.float32
    )


@pytest.mark.parametrize("rate_hz", [8000, 11025, 16000, 22050, 44100, 48000, 96000, 192000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_stream_keeps_length_and_tone(rate_hz: int, channels: int) -> None:
    """A tone of any rate and channel count leaves as the same tone at 16 kHz, none of it lost."""
    frames = np.repeat(tone(440, rate_hz)[:, np.newaxis], channels, axis=1)
    resampler = Resampler(rate_hz, channels)
    pieces = [resampler.process(part) for part in np.array_split(frames, 37)]
    got = np.concatenate([*pieces, resampler.flush()])
    assert got.dtype == np.float32
    assert abs(len(got) - 16000) <= 1
    middle = slice(2000, 14000)
    np.testing.assert_allclose(got[middle], tone(440, 16000)[middle], atol=2e-3)


def test_stream_equals_whole() -> None:
    """Cutting the sound into blocks changes nothing in the result."""
    sound = np.random.default_rng(7).uniform(-0.5, 0.5, 44100).astype(np.float32)
    resampler = Resampler(44100, 1)
    pieces = [resampler.process(part) for part in np.array_split(sound, 100)]
    streamed = np.concatenate([*pieces, resampler.flush()])
    np.testing.assert_allclose(streamed, to_mono_16k(sound, 44100, 1)[: len(streamed)], atol=1e-5)


def test_sound_above_8_khz_does_not_fold_back() -> None:
    """A 9 kHz tone, which 16 kHz cannot carry, vanishes instead of coming back as 7 kHz."""
    assert np.abs(to_mono_16k(tone(9000, 48000), 48000, 1)[800:-800]).max() < 1e-5


def test_flush_begins_anew() -> None:
    """After `flush()` a resampler treats the next sound as if it were its first."""
    resampler = Resampler(48000, 1)
    first = np.concatenate([resampler.process(tone(300, 48000)), resampler.flush()])
    second = np.concatenate([resampler.process(tone(300, 48000)), resampler.flush()])
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("rate_hz", [16000, 48000])
def test_not_a_number_is_silence(rate_hz: int) -> None:
    """NaN and infinity become silence, and the sound after them is unharmed."""
    sound = tone(440, rate_hz)
    broken = sound.copy()
    broken[100:103] = [np.nan, np.inf, -np.inf]
    resampler = Resampler(rate_hz, 1)
    got = np.concatenate([resampler.process(broken), resampler.flush()])
    assert np.isfinite(got).all()
    np.testing.assert_allclose(got[4000:12000], tone(440, 16000)[4000:12000], atol=2e-3)


def test_too_loud_samples_are_clipped() -> None:
    """Samples beyond full scale are held to [-1, 1]."""
    got = to_mono_16k(np.array([3.0, -7.0, 0.25], np.float64), 16000, 1)
    np.testing.assert_array_equal(got, np.array([1.0, -1.0, 0.25], np.float32))


def test_channels_are_averaged() -> None:
    """Stereo becomes the mean of both sides."""
    got = to_mono_16k(np.array([[0.5, 0.1], [1.0, -1.0]], np.float32), 16000, 2)
    np.testing.assert_allclose(got, [0.3, 0.0], atol=1e-7)


def test_interleaved_equals_frames() -> None:
    """Interleaved samples mean the same as frames of channels."""
    frames = np.random.default_rng(1).integers(-30000, 30000, (4800, 2)).astype(np.int16)
    np.testing.assert_array_equal(
        to_mono_16k(frames.ravel(), 48000, 2), to_mono_16k(frames, 48000, 2)
    )


@pytest.mark.parametrize(
    ("kind", "half"), [(np.int16, 16384), (np.int32, 2**30), (np.uint8, 192), (np.float64, 0.5)]
)
def test_every_sample_type_has_the_same_scale(kind: type, half: float) -> None:
    """Half of full scale is 0.5 whatever the sample type."""
    np.testing.assert_array_equal(to_mono_16k(np.full(4, half, kind), 16000, 1), np.full(4, 0.5))


def test_input_is_left_alone() -> None:
    """The caller's array is neither changed nor handed back."""
    sound = np.array([np.nan, 2.0, 0.5], np.float32)
    got = to_mono_16k(sound, 16000, 1)
    assert np.isnan(sound[0])
    assert sound[1] == 2.0
    assert not np.shares_memory(sound, got)


def test_nothing_in_nothing_out() -> None:
    """No samples give no samples."""
    assert to_mono_16k(np.zeros(0, np.float32), 44100, 1).shape == (0,)
    assert Resampler(44100, 2).process(np.zeros((0, 2), np.float32)).shape == (0,)


@pytest.mark.parametrize(
    ("audio", "rate_hz", "channels", "says"),
    [
        (np.zeros(4, np.float32), 0, 1, "sample rate 0 Hz"),
        (np.zeros(4, np.float32), 10_000_000, 1, "sample rate 10000000 Hz"),
        (np.zeros(4, np.float32), 16000, 0, "0 channels"),
        (np.zeros(5, np.float32), 16000, 2, "5 interleaved samples"),
        (np.zeros((4, 3), np.float32), 16000, 2, r"shape \(4, 3\)"),
        (np.zeros((2, 2, 2), np.float32), 16000, 2, r"shape \(2, 2, 2\)"),
        (np.zeros(4, np.complex64), 16000, 1, "complex64"),
        (np.array(["a"]), 16000, 1, "<U1"),
    ],
)
def test_impossible_input_is_named(
    audio: np.ndarray, rate_hz: int, channels: int, says: str
) -> None:
    """What cannot be sound raises ValueError that says what is wrong with it."""
    with pytest.raises(ValueError, match=says):
        to_mono_16k(audio, rate_hz, channels)


@given(st.integers(1000, 200_000), st.integers(1, 8), st.integers(0, 3000))
def test_length_follows_the_rate(rate_hz: int, channels: int, frames: int) -> None:
    """The result lasts as long as the input, to within one sample."""
    got = to_mono_16k(np.zeros((frames, channels), np.float32), rate_hz, channels)
    assert abs(len(got) - frames * 16000 / rate_hz) <= 1
