"""The newest observations of a study as columns, for drawing: a ring that grows to its size."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from engine.analytics.snapshot import MOST_DRAWN, Floats, ObservationColumns, Value

FIRST_ROWS = 64
"""Most studies have few observations; memory is taken as they come."""
FIXED = ("at_s", "reward", "latency_ms", "cost_usd", "feasible", "arm")
AT_S, REWARD, LATENCY_MS, COST_USD, FEASIBLE, ARM = range(len(FIXED))
MOST_PARAMETERS = 16
"""That are drawn; requests may carry any number of own ones."""


class Columns:
    """Rows by the id of their observation. For one thread."""

    def __init__(self, *, most: int = MOST_DRAWN) -> None:
        self._most = most
        self._names: list[str] = []
        self._rows: Floats = np.full((min(FIRST_ROWS, most), len(FIXED)), np.nan)
        self._numbers: dict[str, int] = {}
        """The number of each row that is there, oldest first."""
        self._next = 0
        self.total = 0
        """Observations there are in all; those before the first row included."""

    def __len__(self) -> int:
        return len(self._numbers)

    def put(self, id: str, values: Mapping[str, Value], figures: tuple[float | None, ...]) -> None:
        """Add a row, or write it anew where there is one of this id; the oldest leaves.

        figures: in the order of FIXED; None is NaN.
        """
        number = self._numbers.get(id)
        if number is None:
            number = self._room()
            self._numbers[id] = number
            self.total += 1
        places = [self._place(name) for name in values]
        row = self._rows[number % len(self._rows)]
        row[: len(FIXED)] = [np.nan if each is None else each for each in figures]
        row[len(FIXED) :] = np.nan
        for place, value in zip(places, values.values(), strict=True):
            if place is not None and not isinstance(value, str):
                self._rows[number % len(self._rows), place] = float(value)

    def rewrite(self, column: int, change: Mapping[str, float]) -> None:
        """Write `column` of the rows in `change` anew; ids that are not here do not matter."""
        for id, value in change.items():
            number = self._numbers.get(id)
            if number is not None:
                self._rows[number % len(self._rows), column] = value

    def view(self) -> ObservationColumns:
        """Return copies of all rows, oldest first."""
        rows = self._ordered()
        feasible = rows[:, FEASIBLE] != 0
        best = np.fmax.accumulate(np.where(feasible, rows[:, REWARD], np.nan))
        return ObservationColumns(
            at_s=rows[:, AT_S].copy(),
            reward=rows[:, REWARD].copy(),
            latency_ms=rows[:, LATENCY_MS].copy(),
            cost_usd=rows[:, COST_USD].copy(),
            feasible=feasible,
            arm=np.nan_to_num(rows[:, ARM], nan=-1.0).astype(np.int16),
            best_so_far=best,
            values={
                name: rows[:, len(FIXED) + place].copy() for place, name in enumerate(self._names)
            },
            total=max(self.total, len(rows)),
        )

    def column(self, column: int) -> NDArray[np.float64]:
        """Return a copy of one column, oldest first, shape (n,)."""
        return self._ordered()[:, column].copy()

    def _ordered(self) -> Floats:
        count = len(self._numbers)
        at = (np.arange(self._next - count, self._next)) % len(self._rows)
        return self._rows[at]

    def _room(self) -> int:
        """Return the number of the next row, whose place is free."""
        if len(self._numbers) == len(self._rows):
            if len(self._rows) < self._most:
                self._grow()
            else:
                del self._numbers[next(iter(self._numbers))]
        number, self._next = self._next, self._next + 1
        return number

    def _grow(self) -> None:
        count = len(self._numbers)
        wider = np.full((min(self._most, 2 * len(self._rows)), self._rows.shape[1]), np.nan)
        wider[:count] = self._ordered()
        self._rows, self._next = wider, count
        self._numbers = {id: number for number, id in enumerate(self._numbers)}

    def _place(self, name: str) -> int | None:
        if name in self._names:
            return len(FIXED) + self._names.index(name)
        if len(self._names) >= MOST_PARAMETERS:
            return None
        self._names.append(name)
        more = np.full((len(self._rows), 1), np.nan)
        self._rows = np.concatenate((self._rows, more), axis=1)
        return int(self._rows.shape[1]) - 1
