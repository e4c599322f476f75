"""Calendar time for what several machines read, cheap and never going back in between."""

from __future__ import annotations

import math

from engine.clock import Clock

LONGEST_S = 365 * 86_400.0
"""Nothing stays longer than a year: a generation must outlive what is stored in it, and Redis and
the frames count in 64 bits."""
LONGEST_MS = int(1000 * LONGEST_S)


class UnixTime:
    """Unix milliseconds.

    They follow the monotonic clock from the last `anchor()` on, so that a calendar that is set
    back or forth ends no value early; the anchor moves with the calendar once a second.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.now_s = clock.now
        """The monotonic clock."""
        self.offset_s = 0.0
        """What the calendar is ahead of it."""
        self.anchor()

    def now_ms(self) -> int:
        """Return Unix milliseconds."""
        return int((self.now_s() + self.offset_s) * 1000)

    def anchor(self) -> None:
        """Take the calendar as it is now."""
        self.offset_s = self._clock.wall().timestamp() - self._clock.now()


def span_ms(ttl_s: float) -> int:
    """Return how long something stays, in milliseconds: at least 1, at most a year.

    Raises ValueError where `ttl_s` is not above 0 or is infinite.
    """
    if not 0 < ttl_s < math.inf:
        raise ValueError(f"ttl_s is {ttl_s}: it must be above 0")
    return math.ceil(1000 * min(ttl_s, LONGEST_S))
