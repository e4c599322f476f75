"""What every bandit policy does: choose an arm, take rewards, and say what it believes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.errors import Rejected

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]
"""What JSON can hold."""
State = dict[str, Plain]
"""Everything a policy needs to go on where it stood."""


@dataclass(frozen=True, slots=True)
class Posterior:
    """What is believed of an arm's mean reward, in the units of the rewards."""

    mean: float
    sd: float
    low: float
    """The mean lies between `low` and `high` with 90 % probability."""
    high: float
    rewards: float
    """How many rewards this stands on; what is forgotten by and by counts in part."""


class Choice:
    """An arm that was chosen, and how probable each arm was at that moment.

    The probabilities are those of the moment of the choice, whatever was learnt since; they are
    worked out when they are first read, because a tenth of a millisecond for each is more than a
    choice takes.
    """

    __slots__ = ("_chances", "_probabilities", "arm", "turn")

    def __init__(self, arm: int, turn: int, probabilities: Callable[[], Floats]) -> None:
        self.arm = arm
        """Which one, counted from 0 in the order in which arms were added."""
        self.turn = turn
        """How many choices came before. `reward` takes it, so that what is forgotten by and by is
        forgotten by the age of the choice, not by when its reward arrived."""
        self._probabilities = probabilities
        self._chances: Floats | None = None

    @property
    def propensities(self) -> Floats:
        """The probability of each arm at this choice, shape (arms,); they add up to 1."""
        if self._chances is None:
            self._chances = self._probabilities()
        return self._chances

    @property
    def propensity(self) -> float:
        """The probability with which this arm was chosen."""
        return float(self.propensities[self.arm])

    def __repr__(self) -> str:
        return f"Choice(arm={self.arm}, turn={self.turn})"


class Policy(Protocol):
    """Chooses among arms, and learns from their rewards in whatever order these come."""

    def choose(self, context: Floats | None = None, allowed: Flags | None = None) -> Choice:
        """Return an arm. context: shape (d,), for the policies that look at one.

        allowed: shape (arms,); None allows all that were not removed.
        Raises Rejected where none is left, or the context is not what was agreed.
        """
        ...

    def reward(
        self, arm: int, reward: float, context: Floats | None = None, *, turn: int | None = None
    ) -> None:
        """Learn what a choice of `arm` earned; turn: that of the choice, None for the newest.

        Raises Rejected where the reward is not a number the policy can learn from.
        """
        ...

    def posterior(self, arm: int) -> Posterior:
        """Return what is believed of the mean reward of `arm`."""
        ...

    def probability_best(self) -> Floats:
        """Return the probability that each arm has the highest mean, shape (arms,).

        Arms that were removed have 0.
        """
        ...

    def add_arm(self, prior: tuple[float, float] | None = None) -> int:
        """Add an arm and return its number. prior: as the policy states it; None for its own."""
        ...

    def remove_arm(self, arm: int) -> None:
        """Never choose `arm` again; its number is not given to another."""
        ...

    def state(self) -> State:
        """Return what `from_state` takes to go on exactly here."""
        ...


def checked(reward: float, arm: int, low: float = -math.inf, high: float = math.inf) -> float:
    """Return `reward` where it is a finite number from `low` to `high`.

    Raises Rejected, naming the value, where it is not.
    """
    if not math.isfinite(reward):
        raise Rejected(
            f"the reward {reward!r} of arm {arm} is not a finite number: leave out what was not "
            f"measured",
            param="reward",
        )
    if not low <= reward <= high:
        raise Rejected(
            f"the reward {reward!r} of arm {arm} is not from {low:g} to {high:g}: scale it so",
            param="reward",
        )
    return float(reward)


def numbers(state: Mapping[str, Plain], key: str) -> list[float]:
    """Return the list of numbers at `key`. Raises ValueError where there is none."""
    found = state.get(key)
    if not isinstance(found, list):
        raise ValueError(f"{key}: a list is needed, not {found!r}")
    return [number(each, key) for each in found]


def number(value: Plain, key: str) -> float:
    """Return `value` where it is a number. Raises ValueError, naming `key`, where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{key}: a number is needed, not {value!r}")
    return float(value)


def part(state: Mapping[str, Plain], key: str) -> State:
    """Return the state within `state` at `key`. Raises ValueError where there is none."""
    found = state.get(key)
    if not isinstance(found, dict):
        raise ValueError(f"{key}: a table is needed, not {found!r}")
    return found
