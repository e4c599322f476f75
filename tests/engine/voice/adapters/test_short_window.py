"""Padding is not encoded; sound is, all of it."""

from __future__ import annotations

import numpy as np
import pytest

from engine.voice.adapters.short_window import shorten_window


class Model:
    """Notes what it is asked to encode."""

    def __init__(self) -> None:
        self.seen = np.zeros((0, 0))

    def encode(self, features: np.ndarray) -> str:
        self.seen = features
        return "encoded"


def encoded(features: np.ndarray) -> np.ndarray:
    model = Model()
    shorten_window(model)  # type: ignore[arg-type]
    assert model.encode(features) == "encoded"
    return model.seen


def padded(frames: int) -> np.ndarray:
    features = np.random.default_rng(frames).uniform(-0.7, 1.5, (80, 3000)).astype(np.float32)
    features[:, frames:] = 0.0
    return features


@pytest.mark.parametrize(
    ("frames", "kept"), [(0, 500), (100, 500), (300, 500), (301, 500), (901, 1100), (2900, 3000)]
)
def test_window_fits_the_sound(frames: int, kept: int) -> None:
    """The window is the sound and two seconds, at least five, and an even number of frames."""
    assert encoded(padded(frames)).shape == (80, kept)


def test_sound_is_kept_and_padding_is_quiet() -> None:
    """Every frame of sound stays as it is; what follows is as quiet as the quietest of it."""
    features = padded(901)
    got = encoded(features)
    np.testing.assert_array_equal(got[:, :901], features[:, :901])
    assert (got[:, 901:] == features[:, :901].min()).all()
    assert (features[:, 901:] == 0).all()


def test_other_shapes_pass() -> None:
    """What is not one padded window, such as a batch or a window that is short already, passes."""
    for shape in ((2, 80, 3000), (80, 700)):
        features = np.zeros(shape, np.float32)
        assert encoded(features) is features
