"""How long a stream may be silent, and how long it may take."""

from __future__ import annotations

import asyncio

from engine.clock import Clock
from engine.errors import TimedOut

EPSILON_S = 1e-3
"""Timers ring a little early or late; nobody notices a millisecond."""


class Patience:
    """Limits each wait for the next bytes of one stream, with one timer for all of them.

    `asyncio.timeout()` for each piece of an answer was half of what handing it on cost. Like that
    one it cancels the task that waits, and takes the cancellation back.
    """

    __slots__ = (
        "_cancelling",
        "_clock",
        "_deadline_s",
        "_has_rung",
        "_name",
        "_since_s",
        "_stall_s",
        "_task",
        "_timer",
    )

    def __init__(self, *, name: str, clock: Clock, stall_s: float, deadline_s: float) -> None:
        """deadline_s: clock time."""
        self._name = name
        self._clock = clock
        self._stall_s = stall_s
        self._deadline_s = deadline_s
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._since_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._has_rung = False

    def begin(self) -> None:
        """Begin to wait, in the running task; `end()` follows."""
        self._task = task = asyncio.current_task()
        assert task is not None
        self._cancelling = task.cancelling()
        self._since_s = self._clock.now()
        if self._timer is None:
            self._arm()

    def end(self) -> None:
        """Wait no more."""
        self._task = None

    def take_back(self) -> TimedOut | None:
        """Return what to raise instead of a cancellation that was ours; None where it was not.

        For who has caught a CancelledError, before `end()`.
        """
        if not self._has_rung or self._task is None:
            return None
        if self._task.uncancel() > self._cancelling:
            return None  # somebody else cancels as well
        if self._clock.now() >= self._deadline_s - EPSILON_S:
            return TimedOut(f"{self._name}: the answer was not complete at its deadline")
        return TimedOut(f"{self._name}: the answer stopped, nothing came for {self._stall_s:g} s")

    def close(self) -> None:
        """Let go of the timer. May be called twice."""
        self._task = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        wait_s = self._limit_s() - self._clock.now()
        self._timer = asyncio.get_running_loop().call_later(max(0.0, wait_s), self._ring)

    def _limit_s(self) -> float:
        return min(self._since_s + self._stall_s, self._deadline_s)

    def _ring(self) -> None:
        self._timer = None
        if self._task is None:
            return  # the client takes its time; the next wait sets the timer again
        if self._clock.now() < self._limit_s() - EPSILON_S:
            self._arm()
            return
        self._has_rung = True
        self._task.cancel()
