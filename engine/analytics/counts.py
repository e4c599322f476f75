"""What Beta posteriors stand on: rewards of each arm, all of them or the recent ones."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Protocol

from engine.analytics.bandits import Plain, State, number, numbers


class Counts(Protocol):
    """Rewards from 0 to 1 of each arm: what they add up to, and what they lack of 1."""

    successes: list[float]
    failures: list[float]
    total: float
    """Rewards of all arms."""
    is_fading: bool
    """A reward of one arm changes what is known of the others too."""

    def note(self, arm: int, reward: float, turn: int) -> None:
        """Count the reward of the choice number `turn`."""
        ...

    def add_arm(self) -> None:
        """Begin to count for one arm more."""
        ...

    def state(self) -> State:
        """Return what is needed to go on."""
        ...


class AllCounts:
    """Counts every reward in full: right while nothing changes."""

    is_fading = False

    def __init__(self, arms: int) -> None:
        self.successes = [0.0] * arms
        self.failures = [0.0] * arms
        self.total = 0.0

    def note(self, arm: int, reward: float, turn: int) -> None:
        """Count the reward; when it was earned makes no difference."""
        self.successes[arm] += reward
        self.failures[arm] += 1.0 - reward
        self.total += 1.0

    def add_arm(self) -> None:
        """Begin to count for one arm more."""
        self.successes.append(0.0)
        self.failures.append(0.0)

    def state(self) -> State:
        """Return what `from_state` takes."""
        return {
            "kind": "all",
            "successes": [*self.successes],
            "failures": [*self.failures],
            "total": self.total,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Plain]) -> AllCounts:
        """Return the counts that `state()` told of."""
        counts = cls(0)
        counts.successes, counts.failures = numbers(state, "successes"), numbers(state, "failures")
        counts.total = number(state.get("total"), "total")
        return counts


class FadingCounts:
    """Counts a reward `gamma` to the power of the choices since: memory of 1 / (1 - gamma).

    Source: discounted Thompson sampling, Raj and Kalyani 2017; with T choices and Y changes,
    gamma = 1 - sqrt(Y / T) / 4 (Garivier and Moulines 2011).
    """

    is_fading = True

    def __init__(self, arms: int, *, gamma: float) -> None:
        if not 0 < gamma < 1:
            raise ValueError(f"gamma is {gamma!r}: it lies between 0 and 1")
        self.gamma = gamma
        self.successes = [0.0] * arms
        self.failures = [0.0] * arms
        self.total = 0.0
        self._turn = 0

    def note(self, arm: int, reward: float, turn: int) -> None:
        """Count the reward by the age of its choice, so that late ones fade alike."""
        if turn > self._turn:
            self._fade(self.gamma ** (turn - self._turn))
            self._turn = turn
        weight = self.gamma ** (self._turn - turn)
        self.successes[arm] += weight * reward
        self.failures[arm] += weight * (1.0 - reward)
        self.total += weight

    def add_arm(self) -> None:
        """Begin to count for one arm more."""
        self.successes.append(0.0)
        self.failures.append(0.0)

    def state(self) -> State:
        """Return what `from_state` takes."""
        return {
            "kind": "fading",
            "gamma": self.gamma,
            "successes": [*self.successes],
            "failures": [*self.failures],
            "total": self.total,
            "turn": self._turn,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Plain]) -> FadingCounts:
        """Return the counts that `state()` told of."""
        counts = cls(0, gamma=number(state.get("gamma"), "gamma"))
        counts.successes, counts.failures = numbers(state, "successes"), numbers(state, "failures")
        counts.total = number(state.get("total"), "total")
        counts._turn = int(number(state.get("turn"), "turn"))
        return counts

    def _fade(self, share: float) -> None:
        self.successes = [each * share for each in self.successes]
        self.failures = [each * share for each in self.failures]
        self.total *= share


class WindowCounts:
    """Counts the rewards of the last `window` choices.

    Source: sliding-window Thompson sampling, Trovo, Paladino, Restelli, Gatti 2020.
    """

    is_fading = True

    def __init__(self, arms: int, *, window: int) -> None:
        if window < 1:
            raise ValueError(f"window is {window!r}: it is at least 1")
        self.window = window
        self.successes = [0.0] * arms
        self.failures = [0.0] * arms
        self.total = 0.0
        self._newest = -1
        self._kept: deque[tuple[int, int, float]] = deque()
        """(turn, arm, reward) in the order of their turns."""

    def note(self, arm: int, reward: float, turn: int) -> None:
        """Count the reward where its choice is recent; forget those that are no more."""
        self._newest = max(self._newest, turn)
        self._insert(turn, arm, reward)
        self._count(arm, reward, 1.0)
        while self._kept and self._kept[0][0] <= self._newest - self.window:
            _, old, earned = self._kept.popleft()
            self._count(old, earned, -1.0)

    def add_arm(self) -> None:
        """Begin to count for one arm more."""
        self.successes.append(0.0)
        self.failures.append(0.0)

    def state(self) -> State:
        """Return what `from_state` takes."""
        return {
            "kind": "window",
            "window": self.window,
            "arms": len(self.successes),
            "newest": self._newest,
            "kept": [[turn, arm, reward] for turn, arm, reward in self._kept],
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Plain]) -> WindowCounts:
        """Return the counts that `state()` told of."""
        counts = cls(
            int(number(state.get("arms"), "arms")),
            window=int(number(state.get("window"), "window")),
        )
        kept = state.get("kept")
        if not isinstance(kept, list):
            raise ValueError(f"kept: a list is needed, not {kept!r}")
        for each in kept:
            turn, arm, reward = numbers({"kept": each}, "kept")
            counts.note(int(arm), reward, int(turn))
        counts._newest = int(number(state.get("newest"), "newest"))
        return counts

    def _insert(self, turn: int, arm: int, reward: float) -> None:
        """Put it where its turn belongs; late ones are rare and not very late."""
        later: list[tuple[int, int, float]] = []
        while self._kept and self._kept[-1][0] > turn:
            later.append(self._kept.pop())
        self._kept.append((turn, arm, reward))
        self._kept.extend(reversed(later))

    def _count(self, arm: int, reward: float, sign: float) -> None:
        # Whatever rounding leaves behind must not become a negative count.
        self.successes[arm] = max(0.0, self.successes[arm] + sign * reward)
        self.failures[arm] = max(0.0, self.failures[arm] + sign * (1.0 - reward))
        self.total += sign
