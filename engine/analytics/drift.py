"""Whether rewards are still what they were: a likelihood-ratio test at every possible moment.

For each moment since the last change, two explanations are compared: each arm had one mean all the
time, or one before and another after it. The generalised likelihood ratio is what the second
explains better; a change is found where it exceeds a threshold, for one arm alone or for all arms
together. Sources: Maillard 2019 and Besson, Kaufmann, Maillard, Seznec 2022 (GLR for bandits, whose
test is of one arm at a time), Willsky and Jones 1976. Page-Hinkley needs to be told how large a
change is and in which direction; this is told neither.

Moments are kept coarser the longer ago they are (exponential histogram, Datar et al. 2002), so that
memory and time grow with the logarithm of the rewards.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from engine.analytics.bandits import Floats, Plain, State, number, numbers

FIRST_SIZE = 4
"""Rewards between two moments, among the newest."""
SAME_SIZE = 8
"""So many spans of a size before two of them become one of twice the size: moments lie 1/8 to 1/4
of their age apart."""
EVERY = 4
"""Rewards between two tests."""
ONE_ARM = 8.0
EACH_ARM_MORE = 0.9
"""Thresholds, in nats, beside half the logarithm of the rewards: chosen so that of 100 runs of
2,000 stationary rewards about ten have a false alarm, which costs what is known; a late one costs
bad choices."""
LEAST_COUNT = 5
"""Values on each side of a moment, for the test of values without bounds."""

Statistic = Callable[["Sides"], Floats]


@dataclass(frozen=True, slots=True)
class Sides:
    """Sums before and after each moment; every array has shape (moments, arms)."""

    counts: tuple[Floats, Floats]
    sums: tuple[Floats, Floats]
    squares: tuple[Floats, Floats]


@dataclass(frozen=True, slots=True)
class Change:
    """A change that was found."""

    arm: int
    """The one that tells most of it."""
    before: float
    """Its mean before the change, and after."""
    after: float
    rewards_ago: int
    """How many rewards of all arms came since."""
    statistic: float
    """Log likelihood ratio of a change, in nats."""


def bounded(sides: Sides) -> Floats:
    """Return the log likelihood ratio of a change for values from 0 to 1, shape (moments, arms).

    n1 kl(m1, m) + n2 kl(m2, m), kl of Bernoulli: exact for 0 and 1, too cautious for what varies
    less than a coin with the same mean; there it is scaled by how much less.
    """
    (n1, n2), (s1, s2), (q1, q2) = sides.counts, sides.sums, sides.squares
    n = np.maximum(n1 + n2, 1.0)
    mean = (s1 + s2) / n
    found = n1 * _divergence(s1, n1, mean) + n2 * _divergence(s2, n2, mean)
    coin = mean * (1.0 - mean)
    spread = np.maximum((q1 + q2) / n - mean**2, 0.0)
    # As if five tosses of the coin had been seen too, so that a few equal values prove nothing.
    spread = (n * spread + 5.0 * coin) / (n + 5.0)
    return np.where((n1 > 0) & (n2 > 0), found * coin / np.maximum(spread, 1e-12), 0.0)


def unbounded(sides: Sides) -> Floats:
    """Return the log likelihood ratio of a change for normal values, shape (moments, arms).

    (n - 3)/2 log(RSS of one mean / RSS of two): the variance is unknown; 3 for what was fitted.
    """
    (n1, n2), (s1, s2), (q1, q2) = sides.counts, sides.sums, sides.squares
    n = np.maximum(n1 + n2, 1.0)
    mean = (s1 + s2) / n
    m1, m2 = s1 / np.maximum(n1, 1.0), s2 / np.maximum(n2, 1.0)
    between = n1 * (m1 - mean) ** 2 + n2 * (m2 - mean) ** 2
    total = np.maximum(q1 + q2 - n * mean**2, 0.0)
    # Equal values have no variance but that of rounding: nothing then counts as a change but more.
    within = np.maximum(total - between, 1e-12 * (q1 + q2) + 1e-300)
    found = np.maximum(n - 3.0, 0.0) / 2 * np.log1p(between / within)
    return np.where((n1 >= LEAST_COUNT) & (n2 >= LEAST_COUNT), found, 0.0)


class ChangeWatch:
    """Looks for a change of the mean of any of several arms.

    statistic: `bounded` for values from 0 to 1, `unbounded` for others, such as log latencies.
    """

    def __init__(self, arms: int, statistic: Statistic = bounded) -> None:
        self._arms = arms
        self._statistic = statistic
        self._sizes: list[int] = []
        self._spans: list[Floats] = []
        """Each shape (3, arms): counts, sums and squares; oldest first."""
        self._open = np.zeros((3, arms))
        self._since_test = 0
        self._rewards = 0

    @property
    def rewards(self) -> int:
        """Rewards since the last change."""
        return self._rewards

    def add_arm(self) -> None:
        """Look at one arm more."""
        self._arms += 1
        self._spans = [_wider(each) for each in self._spans]
        self._open = _wider(self._open)

    def note(self, arm: int, value: float) -> Change | None:
        """Take a value; return the change that it reveals, else None.

        After a change only what came since is kept.
        """
        column = self._open[:, arm]
        column += (1.0, value, value * value)
        self._since_test += 1
        self._rewards += 1
        if self._since_test % EVERY or not self._spans:
            self._close_span()
            return None
        self._close_span()
        return self._test()

    def sums(self) -> tuple[Floats, Floats]:
        """Return how many values of each arm came since the last change, and their sums."""
        total = np.sum([*self._spans, self._open], axis=0)
        return total[0], total[1]

    def state(self) -> State:
        """Return what `restore` takes."""
        return {
            "sizes": [*self._sizes],
            "spans": [[*each.ravel().tolist()] for each in self._spans],
            "open": [*self._open.ravel().tolist()],
            "since_test": self._since_test,
        }

    def restore(self, state: Mapping[str, Plain]) -> None:
        """Go on where `state()` was taken. Raises ValueError where it is none of these arms."""
        spans = state.get("spans")
        if not isinstance(spans, list):
            raise ValueError(f"spans: a list is needed, not {spans!r}")
        shape = (3, self._arms)
        self._sizes = [int(each) for each in numbers(state, "sizes")]
        self._spans = [np.array(numbers({"spans": each}, "spans")).reshape(shape) for each in spans]
        self._open = np.array(numbers(state, "open")).reshape(shape)
        self._since_test = int(number(state.get("since_test"), "since_test"))
        self._rewards = sum(self._sizes) + int(self._open[0].sum())

    def _close_span(self) -> None:
        """Begin a new span where the newest is full, and join old ones."""
        if self._open[0].sum() < FIRST_SIZE:
            return
        self._spans.append(self._open)
        self._sizes.append(FIRST_SIZE)
        self._open = np.zeros((3, self._arms))
        size, end = FIRST_SIZE, len(self._sizes)
        while (count := self._sizes[:end].count(size)) > SAME_SIZE:
            first = end - count
            self._spans[first : first + 2] = [self._spans[first] + self._spans[first + 1]]
            self._sizes[first : first + 2] = [2 * size]
            size, end = 2 * size, first + 1

    def _test(self) -> Change | None:
        sides = self._sides()
        ratios = self._statistic(sides)
        penalty = ONE_ARM + 0.5 * math.log(max(self.rewards, 2))
        excess = np.maximum(
            ratios.max(1) - penalty,
            ratios.sum(1) - penalty - EACH_ARM_MORE * (self._arms - 1),
        )
        moment = int(excess.argmax())
        if excess[moment] <= 0.0:
            return None
        arm = int(ratios[moment].argmax())
        before, after = (
            float(sides.sums[side][moment, arm] / max(sides.counts[side][moment, arm], 1.0))
            for side in (0, 1)
        )
        del self._spans[: moment + 1], self._sizes[: moment + 1]
        self._rewards = sum(self._sizes) + int(self._open[0].sum())
        return Change(arm, before, after, self.rewards, float(ratios[moment].max()))

    def _sides(self) -> Sides:
        """Return the sums around the end of each span."""
        before = np.cumsum(self._spans, axis=0)
        after = before[-1] + self._open - before
        return Sides(
            (before[:, 0], after[:, 0]), (before[:, 1], after[:, 1]), (before[:, 2], after[:, 2])
        )


def _divergence(sums: Floats, counts: Floats, mean: Floats) -> Floats:
    """Return kl(sums / counts, mean) of Bernoulli, with 0 log 0 = 0."""
    share = np.clip(sums / np.maximum(counts, 1.0), 0.0, 1.0)
    mean = np.clip(mean, 1e-12, 1.0 - 1e-12)
    won = share * np.log(np.maximum(share, 1e-300) / mean)
    lost = (1.0 - share) * np.log(np.maximum(1.0 - share, 1e-300) / (1.0 - mean))
    return np.asarray(won + lost, dtype=np.float64)


def _wider(sums: Floats) -> Floats:
    return np.concatenate([sums, np.zeros((3, 1))], axis=1)
