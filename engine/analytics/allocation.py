"""Which arms were chosen over time: shares of equally many choices each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from engine.analytics.snapshot import AllocationView

MOST_BLOCKS = 200
"""Blocks that are drawn; when they are full, each two become one."""


class Allocation:
    """Blocks of choices that double in size as there come more. For one thread."""

    def __init__(self) -> None:
        self._size = 1
        """Choices of a whole block."""
        self._ends: list[float] = []
        self._counts: list[dict[int, int]] = []
        """By the number of the arm; -1 is none."""
        self._chances: list[Sequence[float]] = []
        self._open: dict[int, int] = {}
        self._open_s = 0.0

    def note(
        self,
        at_s: float,
        arm: int,
        chances: Callable[[], Sequence[float]],
    ) -> None:
        """Count a choice. chances: each arm's probability of being best, asked for seldom."""
        self._open[arm] = self._open.get(arm, 0) + 1
        self._open_s = max(self._open_s, at_s)
        if sum(self._open.values()) < self._size:
            return
        self._ends.append(self._open_s)
        self._counts.append(self._open)
        self._chances.append(chances())
        self._open = {}
        if len(self._ends) >= MOST_BLOCKS:
            self._halve()

    def view(self, arms: int) -> AllocationView:
        """Return the blocks for drawing, the one that is not whole included."""
        ends, counts, chances = list(self._ends), list(self._counts), list(self._chances)
        if self._open:
            ends, counts, chances = [*ends, self._open_s], [*counts, self._open], [*chances, ()]
        unknown = [np.nan] * arms
        best = np.array(
            [[*known[:arms], *unknown[len(known) :]] for known in chances], dtype=np.float64
        )
        best = best.reshape(len(ends), arms)
        shares = np.array(
            [[block.get(arm, 0) for arm in range(arms)] for block in counts], dtype=np.float64
        )
        shares = shares.reshape(len(ends), arms)
        totals = shares.sum(axis=1, keepdims=True)
        told = totals[:, 0] > 0  # where only values that are no arm were chosen, arms have no share
        at_s = np.array(ends, dtype=np.float64)
        return AllocationView(at_s[told], shares[told] / totals[told], best[told])

    def _halve(self) -> None:
        """Make one block of each two."""
        self._size *= 2
        pairs = range(0, len(self._ends) - 1, 2)
        counts = [_added(self._counts[at : at + 2]) for at in pairs]
        self._ends = [self._ends[at + 1] for at in pairs]
        self._chances = [self._chances[at + 1] for at in pairs]
        self._counts = counts


def _added(blocks: Iterable[dict[int, int]]) -> dict[int, int]:
    total: dict[int, int] = {}
    for block in blocks:
        for arm, count in block.items():
            total[arm] = total.get(arm, 0) + count
    return total
