"""Series of one server and of all, made when they are first needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.telemetry import Series


def series(name: str, unit: str) -> Series:
    """Return an empty series.

    It brings numpy along, 80 ms: a program that imports the coordinator to ask for something else
    need not wait for that.
    """
    from engine.telemetry import Series  # noqa: PLC0415 - see above

    return Series(name, unit)


class Readings:
    """What is measured of one server over time. Written by the engines' loop."""

    def __init__(self, name: str) -> None:
        self.health = series(f"{name} health", "share")
        """Of good answers within a second, 0 to 1."""
        self.first_token = series(f"{name} first token", "ms")
        self.tokens_per_s = series(f"{name} tokens", "1/s")
        self._sampled = (0, 0)

    def sample(self, answered: int, failures: int, now_s: float) -> None:
        """Add the share of good answers since the last sample; nothing where there were none.

        answered, failures: counts since the start.
        """
        good, bad = answered - self._sampled[0], failures - self._sampled[1]
        if good + bad:
            self.health.append(now_s, good / (good + bad))
            self._sampled = (answered, failures)
