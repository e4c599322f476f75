"""Drift, told in words: what an arm earns or takes is no longer what it was."""

from __future__ import annotations

import math

from engine.analytics.drift import Change, ChangeWatch, bounded, unbounded
from engine.analytics.observations import StudyKey
from engine.analytics.snapshot import AlarmView

LEAST_MS = 0.01
OWN_VALUES = "parameters that clients set themselves"
SMALLEST_REWARD = 0.05
SMALLEST_RATIO = 1.25
"""Changes that are certain and yet too small for anybody to care raise no alarm."""


class Alarms:
    """Watches rewards and latencies of the arms of one study. For one thread."""

    def __init__(self, key: StudyKey, arms: int) -> None:
        self._key = key
        self._rewards = ChangeWatch(arms + 1, bounded)
        self._latencies = ChangeWatch(arms + 1, unbounded)
        """Of logarithms. The first column of both is for values that are no arm."""
        self.raised: list[AlarmView] = []
        """Alarms that nobody has taken yet."""

    def add_arm(self) -> None:
        """Watch one arm more."""
        self._rewards.add_arm()
        self._latencies.add_arm()

    def reward(self, number: int, name: str, reward: float, at_s: float) -> None:
        """Note what an answer earned, 0 to 1. number: of its arm, -1 for none; name: likewise."""
        change = self._rewards.note(number + 1, reward)
        if change is None or abs(change.after - change.before) < SMALLEST_REWARD:
            return
        verb = "fell" if change.after < change.before else "rose"
        words = (
            f"{self._where(name)}: the reward {verb} from {change.before:.2f} to "
            f"{change.after:.2f} {_since(change)}"
        )
        self.raised.append(
            AlarmView(at_s, *self._key, name, "reward", change.before, change.after, words)
        )

    def latency(self, number: int, name: str, latency_ms: float, at_s: float) -> None:
        """Note what an answer took."""
        change = self._latencies.note(number + 1, math.log(max(latency_ms, LEAST_MS)))
        if change is None:
            return
        before_ms, after_ms = math.exp(change.before), math.exp(change.after)
        if max(before_ms, after_ms) < SMALLEST_RATIO * min(before_ms, after_ms):
            return
        verb = "slower" if after_ms > before_ms else "faster"
        words = (
            f"{self._where(name)}: answers became {verb}, from {before_ms:,.0f} ms to "
            f"{after_ms:,.0f} ms {_since(change)}"
        )
        self.raised.append(AlarmView(at_s, *self._key, name, "latency", before_ms, after_ms, words))

    def take(self) -> list[AlarmView]:
        """Return the alarms since this was asked last."""
        raised, self.raised = self.raised, []
        return raised

    def _where(self, name: str) -> str:
        return f"{self._key.model}, {self._key.task_type}, {name or OWN_VALUES}"


def _since(change: Change) -> str:
    return f"about {change.rewards_ago} answers ago"
