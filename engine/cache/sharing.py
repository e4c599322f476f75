"""Whether Redis is asked now, for whoever can go on without it."""

from __future__ import annotations

from collections.abc import Callable

from engine.clock import Clock
from engine.errors import OutsideError, TimedOut, Unreachable

PAUSE_S = 1.0
"""Redis is not asked for this long after it kept somebody waiting in vain."""


class Sharing:
    """Answers by what others know of Redis (`is_shared`) and by what was met here.

    One caller may wait for a Redis that has just frozen, the next ones must not.
    """

    def __init__(self, *, is_shared: Callable[[], bool], clock: Clock) -> None:
        self._is_shared = is_shared
        self._clock = clock
        self._again_at_s = 0.0

    @property
    def is_on(self) -> bool:
        """True where Redis is to be asked."""
        return self._clock.now() >= self._again_at_s and self._is_shared()

    def note(self, error: OutsideError) -> None:
        """Remember that Redis failed; a refusal came at once and is no reason to stay away."""
        if isinstance(error, (Unreachable, TimedOut)):
            self._again_at_s = self._clock.now() + PAUSE_S

    def resume(self) -> None:
        """Forget what failed: Redis answers again."""
        self._again_at_s = 0.0
