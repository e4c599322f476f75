"""WebRTC's voice detector as a cheap gate in front of the neural one."""

from __future__ import annotations

from engine.voice.ports import SAMPLE_RATE_HZ, FloatArray

FRAME = 160
"""10 ms, the shortest frame WebRTC takes: 3 of them fit in a window of 512."""


class WebrtcGate:
    """A SpeechGate: 3 µs a window, true for all speech and for much that is none."""

    def __init__(self, *, strictness: int = 1) -> None:
        import webrtcvad

        self._detector = webrtcvad.Vad(strictness)

    def is_maybe_speech(self, window: FloatArray) -> bool:
        """Tell whether any 10 ms of `window`, shape (512,), may be speech."""
        sound = (window * 32767).astype("<i2").tobytes()
        size = 2 * FRAME
        return any(
            self._detector.is_speech(sound[start : start + size], SAMPLE_RATE_HZ)
            for start in range(0, len(sound) - size + 1, size)
        )
