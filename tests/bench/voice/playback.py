"""A microphone that plays a recording in real time."""

from __future__ import annotations

import threading
import time

from engine.telemetry import Ring
from engine.voice.ports import SAMPLE_RATE_HZ, FloatArray
from engine.voice.snapshot import Device

CHUNK = 320
"""20 ms."""


class PlayedMicrophone:
    """An AudioInput with one device, which plays `sound`, shape (n,), 16 kHz, then silence."""

    def __init__(self, sound: FloatArray) -> None:
        self._sound = sound

    def devices(self) -> tuple[Device, ...]:
        """Return the one device."""
        return (Device("played", "Recording", 1, SAMPLE_RATE_HZ, True),)

    def open(self, device: str) -> PlayedStream:
        """Begin to play."""
        return PlayedStream(self._sound)


class PlayedStream:
    """An InputStream fed by a thread of its own."""

    device = "played"
    sample_rate_hz = SAMPLE_RATE_HZ
    channels = 1
    overflows = 0

    def __init__(self, sound: FloatArray) -> None:
        self.ring = Ring(20 * SAMPLE_RATE_HZ, row_shape=(1,))
        self._sound = sound
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._play, name="played", daemon=True)
        self._thread.start()

    def is_alive(self) -> bool:
        """Tell whether it was not closed."""
        return not self._closed.is_set()

    def close(self) -> None:
        """Stop playing."""
        self._closed.set()
        self._thread.join()

    def _play(self) -> None:
        began_s = time.monotonic()
        for start in range(0, len(self._sound), CHUNK):
            due_s = began_s + (start + CHUNK) / SAMPLE_RATE_HZ
            if self._closed.wait(max(0.0, due_s - time.monotonic())):
                return
            self.ring.extend(self._sound[start : start + CHUNK, None])
