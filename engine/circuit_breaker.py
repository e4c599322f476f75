"""Leaves a failing server alone for a while, and asks it once before trusting it again."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from engine.clock import Clock

MOST_CALLS = 1000
"""Of the calls within the window so many are looked at: more tell nothing new, and cost memory."""


class BreakerState(StrEnum):
    """Whether the server is asked."""

    CLOSED = "closed"
    """It is."""
    HALF_OPEN = "half open"
    """One question is on its way; the answer decides."""
    OPEN = "open"
    """It is left alone for a while."""


@dataclass(frozen=True, slots=True)
class BreakerLimits:
    """When it opens and for how long."""

    failures: int = 5
    """In a row."""
    share: float = 0.5
    """Of the calls within `window_s`, if there were at least `least_calls`."""
    window_s: float = 1.0
    least_calls: int = 20
    first_cooldown_s: float = 0.1
    """Doubled with every failed probe."""
    longest_cooldown_s: float = 2.0


class CircuitBreaker:
    """Closed: every call may go. Open: none. After the cooldown one probe may go, and decides.

    Cooldowns are longer by up to a quarter at random, so that many clients do not come back at the
    same moment. An answer or failure that arrives while it is open changes nothing.
    """

    def __init__(self, *, clock: Clock, random: Random, limits: BreakerLimits) -> None:
        self._clock = clock
        self._random = random
        self._limits = limits
        self._state = BreakerState.CLOSED
        self._calls: deque[tuple[float, bool]] = deque()
        self._failed = 0
        self._cooldown_s = 0.0
        self._retry_at_s = 0.0
        self.failures = 0
        """In a row."""

    @property
    def state(self) -> BreakerState:
        """Whether the server is asked."""
        return self._state

    @property
    def retry_at_s(self) -> float:
        """Clock time from which a probe may go while it is open."""
        return self._retry_at_s

    def allow(self) -> bool:
        """Tell whether a call may go now; the one that is let through after a cooldown decides."""
        if self._state is BreakerState.CLOSED:
            return True
        if self._state is BreakerState.OPEN and self._clock.now() >= self._retry_at_s:
            self._state = BreakerState.HALF_OPEN
            return True
        return False

    def probe(self) -> None:
        """Let one call through before its time, as somebody asked for it; its answer decides."""
        if self._state is BreakerState.OPEN:
            self._state = BreakerState.HALF_OPEN

    def hurry(self) -> None:
        """End the cooldown, as somebody has mended something: the next call is the probe."""
        self._retry_at_s = self._clock.now()

    def abandon(self) -> None:
        """Note that nobody waits for the probe's answer any more: the next call is the probe."""
        if self._state is BreakerState.HALF_OPEN:
            self._state = BreakerState.OPEN

    def succeed(self) -> None:
        """Note that a call was answered; closes a half-open breaker."""
        if self._state is BreakerState.OPEN:
            return
        self.failures = 0
        if self._state is BreakerState.CLOSED:
            self._note(False)
        else:
            self._state = BreakerState.CLOSED
            self._cooldown_s = self._retry_at_s = 0.0
            self._forget()

    def fail(self) -> None:
        """Note that a call was not answered; opens the breaker where that is too much."""
        if self._state is BreakerState.OPEN:
            return
        self.failures += 1
        if self._state is BreakerState.HALF_OPEN:
            self.trip()
            return
        self._note(True)
        calls, limits = len(self._calls), self._limits
        is_often = calls >= limits.least_calls and self._failed >= limits.share * calls
        if self.failures >= limits.failures or is_often:
            self.trip()

    def trip(self) -> None:
        """Open at once: it is certain that the server does not answer."""
        if self._state is BreakerState.OPEN:
            return
        limits = self._limits
        doubled = 2 * self._cooldown_s or limits.first_cooldown_s
        self._cooldown_s = min(doubled, limits.longest_cooldown_s)
        retry_at_s = self._clock.now() + self._cooldown_s * self._random.uniform(1, 1.25)
        # A probe that went before its time and failed makes nobody come back sooner.
        self._retry_at_s = max(self._retry_at_s, retry_at_s)
        self._state = BreakerState.OPEN
        self._forget()

    def _note(self, has_failed: bool) -> None:
        now_s = self._clock.now()
        self._calls.append((now_s, has_failed))
        self._failed += has_failed
        oldest_s = now_s - self._limits.window_s
        while self._calls[0][0] < oldest_s or len(self._calls) > MOST_CALLS:
            self._failed -= self._calls.popleft()[1]

    def _forget(self) -> None:
        self._calls.clear()
        self._failed = 0
