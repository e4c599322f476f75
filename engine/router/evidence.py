"""Observations that count less the older they are."""

from __future__ import annotations

LEAST_WEIGHT = 0.05
"""With less than this left of all observations nothing is known any more: four half-lives."""


class Evidence:
    """Good and bad observations; after a half-life each counts half.

    Source: exponential forgetting, `w = 2 ** (-age / half_life)`; their share does not change by
    waiting, only what it is worth.
    """

    __slots__ = ("at_s", "good", "seen_s", "total")

    def __init__(self, good: float = 0.0, total: float = 0.0, at_s: float = 0.0) -> None:
        self.good = good
        self.total = total
        self.at_s = at_s
        self.seen_s = float("-inf")
        """Clock time of the last observation."""

    def note(self, value: float, now_s: float, half_life_s: float) -> None:
        """Add an observation of `value`, 0 (bad) to 1 (good)."""
        self.fade(now_s, half_life_s)
        self.good += value
        self.total += 1.0
        self.seen_s = now_s

    def fade(self, now_s: float, half_life_s: float) -> None:
        """Let the time up to `now_s` count."""
        gone_s = now_s - self.at_s
        self.at_s = now_s
        if gone_s > 0 and self.total:
            left = 0.5 ** (gone_s / half_life_s)
            self.good *= left
            self.total *= left

    @property
    def share(self) -> float | None:
        """The share of good observations, 0 to 1; None where nothing is known any more."""
        return self.good / self.total if self.total >= LEAST_WEIGHT else None


class Mean:
    """A moving average of a quantity, in which an observation counts half after a half-life."""

    __slots__ = ("_evidence", "value")

    def __init__(self) -> None:
        self._evidence = Evidence()
        self.value: float | None = None
        """None where nothing is known: before the first observation, and long after the last."""

    def note(self, value: float, now_s: float, half_life_s: float) -> None:
        """Add an observation."""
        evidence = self._evidence
        evidence.note(value, now_s, half_life_s)
        self.value = evidence.good / evidence.total

    def fade(self, now_s: float, half_life_s: float) -> None:
        """Let the time up to `now_s` count: what was seen long ago is forgotten."""
        self._evidence.fade(now_s, half_life_s)
        if self._evidence.total < LEAST_WEIGHT:
            self.value = None
