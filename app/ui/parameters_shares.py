"""Pictures of which arms were chosen, and how likely each is the best, over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from app.ui.parameters_values import arm_token
from app.ui.widgets.plot_axes import Axis, linear_axis, moment_text
from app.ui.widgets.plot_canvas import Canvas
from app.ui.widgets.plot_drawing import Cells, ReadOut
from engine.analytics.snapshot import Floats

PERCENT = Axis(0.0, 1.0, ((0, "0"), (0.25, "25"), (0.5, "50"), (0.75, "75"), (1.0, "100")))
LAYER_ALPHA = 150
MOST_BLOCKS, LEAST_CHOICES = 48, 10
"""Shares of fewer choices each would be noise."""


def percent(part: float) -> str:
    """Return a share as percent; a dash where it is unknown."""
    return f"{100 * part:.0f} %" if np.isfinite(part) else "\N{EM DASH}"


def in_blocks(rows: Floats, most: int) -> Floats:
    """Return the means of neighbouring rows, at most `most`; the first block may be shorter."""
    size = -(-len(rows) // most)
    if size <= 1:
        return rows
    first = len(rows) % size
    starts = np.r_[0, np.arange(first or size, len(rows), size)]
    sums = np.add.reduceat(rows, starts, axis=0)
    blocks: Floats = sums / np.diff(np.r_[starts, len(rows)])[:, None]
    return blocks


@dataclass(frozen=True)
class _Series:
    """Parts of one, an arm a column, over the choices that were made."""

    names: tuple[str, ...]
    at_s: Floats
    """Ends of equally many choices each."""
    parts: Floats
    """Shape (n, arms)."""
    choices: int

    @cached_property
    def places(self) -> Floats:
        """The number of choices made by then."""
        return np.linspace(self.choices / max(1, len(self.at_s)), self.choices, len(self.at_s))

    @cached_property
    def x(self) -> Axis:
        if len(self.at_s) == 0:
            return linear_axis(0.0, 1.0)
        first, last = float(self.places[0]), float(self.places[-1])
        return linear_axis(first, max(last, first + 1), "Choices made", count=6)

    @property
    def legend(self) -> tuple[tuple[str, str], ...]:
        return tuple((name, arm_token(number)) for number, name in enumerate(self.names))

    def read(self, x: float) -> ReadOut | None:
        if len(self.at_s) == 0:
            return None
        index = int(np.abs(self.places - x).argmin())
        rows = [
            (name, arm_token(number), percent(float(self.parts[index, number])))
            for number, name in enumerate(self.names)
        ]
        title = f"{self.places[index]:,.0f} \N{MIDDLE DOT} {moment_text(float(self.at_s[index]))}"
        return ReadOut(float(self.places[index]), title, tuple(rows))

    def table(self) -> tuple[Cells, Sequence[Cells]]:
        rows = np.column_stack((self.at_s, self.parts)).tolist() if len(self.at_s) else []
        return ["at_s", *self.names], rows

    @property
    def words(self) -> str:
        if len(self.at_s) == 0:
            return ""
        last = [
            f"{name} {percent(float(part))}"
            for name, part in zip(self.names, self.parts[-1], strict=True)
        ]
        return ", ".join(last)


@dataclass(frozen=True)
class SharesDrawing:
    """How often each arm was chosen, as layers that fill the height."""

    names: tuple[str, ...]
    at_s: Floats
    shares: Floats
    choices: int
    """That were made in all of it."""

    @cached_property
    def _series(self) -> _Series:
        most = min(MOST_BLOCKS, max(2, self.choices // LEAST_CHOICES))
        times = in_blocks(self.at_s[:, None], most)[:, 0]
        return _Series(self.names, times, in_blocks(self.shares, most), self.choices)

    @property
    def axes(self) -> tuple[Axis, Axis]:
        """Choices made, and percent."""
        return self._series.x, Axis(0.0, 1.0, PERCENT.ticks, "% of requests")

    @property
    def legend(self) -> tuple[tuple[str, str], ...]:
        """The arms."""
        return self._series.legend

    @property
    def words(self) -> str:
        """The last shares."""
        found = self._series.words
        return f"Lately chosen: {found}" if found else ""

    def draw(self, canvas: Canvas) -> None:
        """Draw layer upon layer."""
        found = self._series
        if len(found.at_s) < 2:
            return
        tops = np.cumsum(found.parts, axis=1)
        below = np.zeros(len(found.at_s))
        for number in range(len(self.names)):
            token = arm_token(number)
            canvas.fill(found.places, below, tops[:, number], token, LAYER_ALPHA)
            canvas.line(found.places, tops[:, number], token, width_px=1)
            below = tops[:, number]

    def read(self, x: float, y: float | None) -> ReadOut | None:
        """Return the shares at a time."""
        return self._series.read(x)

    def table(self) -> tuple[Cells, Sequence[Cells]]:
        """Return the shares."""
        return self._series.table()


@dataclass(frozen=True)
class BestOddsDrawing:
    """How likely each arm was the best, as lines."""

    names: tuple[str, ...]
    at_s: Floats
    odds: Floats
    choices: int

    @cached_property
    def _series(self) -> _Series:
        return _Series(self.names, self.at_s, self.odds, self.choices)

    @property
    def axes(self) -> tuple[Axis, Axis]:
        """Choices made, and percent."""
        return self._series.x, Axis(0.0, 1.0, PERCENT.ticks, "% probability")

    @property
    def legend(self) -> tuple[tuple[str, str], ...]:
        """The arms."""
        return self._series.legend

    @property
    def words(self) -> str:
        """The last probabilities."""
        found = self._series.words
        return f"Best with a probability of: {found}" if found else ""

    def draw(self, canvas: Canvas) -> None:
        """Draw a line an arm."""
        for number in range(len(self.names)):
            canvas.line(self._series.places, self.odds[:, number], arm_token(number), width_px=1.5)

    def read(self, x: float, y: float | None) -> ReadOut | None:
        """Return the probabilities at a time."""
        return self._series.read(x)

    def table(self) -> tuple[Cells, Sequence[Cells]]:
        """Return the probabilities."""
        return self._series.table()
