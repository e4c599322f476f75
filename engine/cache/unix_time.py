"""Calendar time for what several machines read, cheap and never going back in between."""

from __future__ import annotations

from engine.clock import Clock


class UnixTime:
    """Unix milliseconds.

    They follow the monotonic clock from the last `anchor()` on, so that a calendar that is set
    back or forth ends no value early; the anchor moves with the calendar once a second.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset_s = 0.0
        self.anchor()

    def now_ms(self) -> int:
        """Return Unix milliseconds."""
        return int((self._clock.now() + self._offset_s) * 1000)

    def anchor(self) -> None:
        """Take the calendar as it is now."""
        self._offset_s = self._clock.wall().timestamp() - self._clock.now()

    def monotonic_s(self, unix_ms: int) -> float:
        """Return the seconds of the monotonic clock at which it is `unix_ms`."""
        return unix_ms / 1000 - self._offset_s
