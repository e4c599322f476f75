"""Counts for arms that change: all rewards since the last change that was noticed.

What is tried no more cannot be seen to change, so every reward fades besides, slowly: an arm that
was bad long ago is tried again now and then. The longer nothing changed, the slower it fades, as
the rate of changes is then likely to be low; so the price where nothing ever changes grows with the
logarithm of the rewards, as Thompson sampling's own.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.analytics.bandits import Plain, State, number, numbers, part
from engine.analytics.drift import Change, ChangeWatch

SHORTEST_MEMORY = 1000.0
MEMORY_SHARE = 3.0
"""Memory in choices, and in rewards since the last change; the longer one holds. Shorter ones find
an arm that rose unseen sooner, and cost more where nothing changes."""


class DriftingCounts:
    """Counts what came since the last change, and fades it by each choice's 1 / memory."""

    is_fading = True

    def __init__(self, arms: int, *, shortest_memory: float = SHORTEST_MEMORY) -> None:
        if not shortest_memory > 1.0:
            raise ValueError(f"shortest_memory is {shortest_memory!r}: it is above 1")
        self._shortest_memory = shortest_memory
        self.successes = [0.0] * arms
        self.failures = [0.0] * arms
        self.total = 0.0
        self.changes: list[tuple[int, Change]] = []
        """What was noticed, each with the turn of the choice that told; oldest first."""
        self._turn = 0
        self._watch = ChangeWatch(arms)

    def note(self, arm: int, reward: float, turn: int) -> None:
        """Count the reward by the age of its choice; forget what was before a change."""
        gamma = 1.0 - 1.0 / max(self._shortest_memory, MEMORY_SHARE * self._watch.rewards)
        if turn > self._turn:
            share = gamma ** (turn - self._turn)
            self.successes = [each * share for each in self.successes]
            self.failures = [each * share for each in self.failures]
            self.total *= share
            self._turn = turn
        weight = gamma ** (self._turn - turn)
        self.successes[arm] += weight * reward
        self.failures[arm] += weight * (1.0 - reward)
        self.total += weight
        change = self._watch.note(arm, reward)
        if change is not None:
            self.changes.append((turn, change))
            self._begin_anew()

    def add_arm(self) -> None:
        """Begin to count for one arm more."""
        self.successes.append(0.0)
        self.failures.append(0.0)
        self._watch.add_arm()

    def state(self) -> State:
        """Return what `from_state` takes."""
        return {
            "kind": "drifting",
            "shortest_memory": self._shortest_memory,
            "successes": [*self.successes],
            "failures": [*self.failures],
            "total": self.total,
            "turn": self._turn,
            "watch": self._watch.state(),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Plain]) -> DriftingCounts:
        """Return the counts that `state()` told of; changes noticed before are not kept."""
        successes = numbers(state, "successes")
        counts = cls(
            len(successes),
            shortest_memory=number(state.get("shortest_memory"), "shortest_memory"),
        )
        counts.successes, counts.failures = successes, numbers(state, "failures")
        counts.total = number(state.get("total"), "total")
        counts._turn = int(number(state.get("turn"), "turn"))
        counts._watch.restore(part(state, "watch"))
        return counts

    def _begin_anew(self) -> None:
        """Count only what came since the change, all of it in full: it is recent."""
        counted, sums = self._watch.sums()
        self.successes = sums.tolist()
        self.failures = (counted - sums).clip(min=0.0).tolist()
        self.total = float(counted.sum())
