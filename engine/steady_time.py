"""Whether the calendar can be believed: what is deleted by its age does not come back."""

from __future__ import annotations

from engine.clock import Clock

JUMP_S = 86_400.0
"""By more than this the calendar does not run ahead of the clock while a machine sleeps over
night; a smaller jump takes away little too early."""
AWAY_S = 7 * 86_400.0
"""Who was away for longer may as well have a machine that lost its calendar."""
CONFIRM_S = 1_800.0
"""A calendar that is wrong when a machine starts is set right within minutes."""


class SteadyTime:
    """The calendar, as far as it does not jump. Not for several threads at once."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._ahead_s: float | None = None
        """How far the calendar is ahead of the clock."""
        self._since_s = 0.0
        self._is_believed = False

    def believed_s(self, last_s: float | None) -> float | None:
        """Return the seconds since 1970, or None while nothing confirms them.

        last_s: what the calendar said when something was last seen; None where nothing ever was.
        After a jump, and at the first look after a long time, a later look has to say the same.
        """
        now_s, wall_s = self._clock.now(), self._clock.wall().timestamp()
        before_s, self._ahead_s = self._ahead_s, wall_s - now_s
        if before_s is None:
            self._is_believed = last_s is None or wall_s - last_s <= AWAY_S
            self._since_s = now_s
        elif abs(self._ahead_s - before_s) > JUMP_S:
            self._is_believed = False
            self._since_s = now_s
        elif now_s - self._since_s >= CONFIRM_S:
            self._is_believed = True
        return wall_s if self._is_believed else None
