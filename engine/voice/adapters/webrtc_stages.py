"""Noise suppression and gain control from WebRTC's audio processing."""

from __future__ import annotations

from functools import cached_property
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import Unreachable
from engine.voice.ports import SAMPLE_RATE_HZ, FloatArray

if TYPE_CHECKING:
    from pywebrtc_audio import AudioProcessor

MODERATE = 1
"""WebRTC's 12 dB: stronger levels take consonants along with the noise."""


class NoiseSuppression:
    """A Stage that suppresses steady noise."""

    name = "noise_suppression"
    label = "Noise suppression"

    @cached_property
    def _processor(self) -> AudioProcessor:
        return _library().AudioProcessor(
            sample_rate=SAMPLE_RATE_HZ, noise_suppression=True, ns_level=MODERATE
        )

    def process(self, block: FloatArray) -> FloatArray:
        """Return `block`, shape (160,), with less noise. Raises Unreachable without WebRTC."""
        return np.asarray(self._processor.process(block), np.float32)


class GainControl:
    """A Stage that raises quiet voices and holds back loud ones."""

    name = "gain_control"
    label = "Gain control"

    @cached_property
    def _processor(self) -> AudioProcessor:
        return _library().AudioProcessor(sample_rate=SAMPLE_RATE_HZ, auto_gain_control=True)

    def process(self, block: FloatArray) -> FloatArray:
        """Return `block`, shape (160,), at an even level. Raises Unreachable without WebRTC."""
        return np.asarray(self._processor.process(block), np.float32)


def _library() -> ModuleType:
    try:
        import pywebrtc_audio
    except ImportError as error:
        raise Unreachable(
            f"WebRTC's audio processing cannot be loaded ({error}): install pywebrtc-audio"
        ) from error
    library: ModuleType = pywebrtc_audio
    return library
