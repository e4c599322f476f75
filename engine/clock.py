"""Time, handed in so that tests can own it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where an engine reads the time."""

    def now(self) -> float:
        """Return monotonic seconds; only differences mean something."""
        ...

    def wall(self) -> datetime:
        """Return the calendar time, in UTC."""
        ...


class SystemClock:
    """The machine's clocks."""

    # Not a function around it: the cache reads the time with every get, and half of that was ours.
    now = staticmethod(time.monotonic)

    def wall(self) -> datetime:
        """Return the calendar time, in UTC."""
        return datetime.now(UTC)
