"""What a plot shows, and what it reads out."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Protocol, runtime_checkable

from app.ui.widgets.plot_axes import Axis
from app.ui.widgets.plot_canvas import Canvas

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet would calculate."""

ReadRow = tuple[str, str, str]
"""What it is, the token of its colour, and its value in words."""
Cells = Sequence[str | float | int]


@dataclass(frozen=True, slots=True)
class ReadOut:
    """What is told of one place."""

    x: float
    title: str
    rows: tuple[ReadRow, ...] = ()
    y: float | None = None
    """Where one point is meant."""


class Drawing(Protocol):
    """A picture in the units of its axes. It never changes."""

    @property
    def axes(self) -> tuple[Axis, Axis]:
        """From left to right, and from bottom to top."""
        ...

    @property
    def legend(self) -> tuple[tuple[str, str], ...]:
        """What lines are called, and the tokens of their colours."""
        ...

    @property
    def words(self) -> str:
        """The picture in a sentence, for whoever cannot see it; "" of an empty one."""
        ...

    def draw(self, canvas: Canvas) -> None:
        """Draw everything but axes and legend."""
        ...

    def read(self, x: float, y: float | None) -> ReadOut | None:
        """Return what is at a place; y is None where the keyboard asks."""
        ...

    def table(self) -> tuple[Cells, Sequence[Cells]]:
        """Return the titles and the rows of what is shown."""
        ...


@runtime_checkable
class PartedDrawing(Drawing, Protocol):
    """A drawing that takes longer than a frame should; its parts may be drawn frames apart."""

    @property
    def parts(self) -> Sequence[Callable[[Canvas], None]]:
        """What draws it, one on top of the other; the same as `draw`."""
        ...


def csv_of(drawing: Drawing) -> str:
    """Return what `drawing` shows as CSV."""
    titles, rows = drawing.table()
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(titles)
    table.writerows([_plain(cell) for cell in row] for row in rows)
    return text.getvalue()


def _plain(cell: str | float | int) -> str:
    if not isinstance(cell, str):
        return "" if isnan(cell) else f"{cell:.10g}"
    return f"'{cell}" if cell.startswith(FORMULA) else cell
