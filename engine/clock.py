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

    def now(self) -> float:
        """Return `time.monotonic()`."""
        return time.monotonic()

    def wall(self) -> datetime:
        """Return the calendar time, in UTC."""
        return datetime.now(UTC)
