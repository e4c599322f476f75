"""The picture of all parameters at once, a line a try."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPen

from app.ui.widgets.plot_axes import Axis
from app.ui.widgets.plot_canvas import LABEL_PX, Canvas
from app.ui.widgets.plot_drawing import Cells, ReadOut
from engine.analytics.snapshot import Floats, StudyView

MOST_LINES = 60
"""More would be one grey area, and take long to draw."""
MOST_ALIKE = 3
"""Lines on each other of which one more is not seen."""
LINE_ALPHA = 70
LEAST_TOLD = 5
"""Tries of which something can be told."""
STEPS = ("bad", "warn", "dim", "accent", "ok")
"""Of rewards up to 0.2, 0.4, 0.6, 0.8 and 1."""
LATENCY, REWARD = "latency, ms", "reward"


@dataclass(frozen=True, eq=False)
class ParallelDrawing:
    """An axis a parameter, then latency and reward; lines of like tries are drawn once.

    The newest tries that have a reward, coloured by it.
    """

    study: StudyView

    legend = (("Below 0.2", "bad"), ("About 0.5", "dim"), ("Above 0.8", "ok"))

    @cached_property
    def columns(self) -> tuple[tuple[str, Floats], ...]:
        """Name and values of each axis, shape (n,); NaN where one was left open."""
        found = self.study.columns
        rows = np.flatnonzero(np.isfinite(found.reward))
        named = [(name, values[rows]) for name, values in found.values.items()]
        return (*named, (LATENCY, found.latency_ms[rows]), (REWARD, found.reward[rows]))

    @cached_property
    def ends(self) -> tuple[tuple[float, float], ...]:
        """The lowest and the highest value of each axis."""
        found = []
        for name, values in self.columns:
            known = values[np.isfinite(values)]
            low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
            if name == LATENCY and known.size:
                high = float(np.quantile(known, 0.99))
            if name == REWARD:
                low, high = 0.0, 1.0
            found.append((low, high) if high > low else (low - 0.5, high + 0.5))
        return tuple(found)

    def heights(self, rows: NDArray[np.intp]) -> Floats:
        """Return where tries cross each axis, shape (n, axes), 0 to 1; NaN where one is open."""
        parts = [
            np.clip((values[rows] - low) / (high - low), 0, 1)
            for (_, values), (low, high) in zip(self.columns, self.ends, strict=True)
        ]
        return np.column_stack(parts)

    @cached_property
    def levels(self) -> NDArray[np.intp]:
        """The place in STEPS of each try."""
        return np.clip((5 * self.columns[-1][1]).astype(np.intp), 0, 4)

    @cached_property
    def axes(self) -> tuple[Axis, Axis]:
        """Numbers of the axes, each with a scale of its own; above them how many are drawn."""
        last, rated = len(self.columns) - 1, len(self.columns[-1][1])
        of_all = f"The newest {MOST_LINES} of {rated:,} rated" if rated > MOST_LINES else ""
        return Axis(-0.3, last + 0.3), Axis(-0.07, 1.1, (), of_all or f"All {rated:,} rated")

    @property
    def words(self) -> str:
        """What the best have in common."""
        reward = self.columns[-1][1]
        if len(reward) < LEAST_TOLD:
            return ""
        best = np.flatnonzero(reward >= np.quantile(reward, 0.8))
        told = []
        for name, values in self.columns[:-1]:
            known = values[best]
            known = known[np.isfinite(known)]
            if known.size:
                told.append(f"{name} about {np.median(known):.3g}")
        return f"The best have {', '.join(told)}"

    @cached_property
    def parts(self) -> tuple[Callable[[Canvas], None], ...]:
        """The lines, the best on top, then the axes."""
        return (*(partial(self._lines, level) for level in range(len(STEPS))), self._draw_axes)

    def draw(self, canvas: Canvas) -> None:
        """Draw all parts."""
        for draw in self.parts:
            draw(canvas)

    def read(self, x: float, y: float | None) -> ReadOut | None:
        """Return what the best have at the nearest axis, what the worst, and what all."""
        if len(self.levels) < LEAST_TOLD:
            return None
        number = min(max(round(x), 0), len(self.columns) - 1)
        name, values = self.columns[number]
        rows = []
        for told, token, which in (
            ("Reward above 0.8:", "ok", self.levels == 4),
            ("Reward below 0.2:", "bad", self.levels == 0),
            ("All:", "dim", self.levels >= 0),
        ):
            found = values[which & np.isfinite(values)]
            if found.size:
                low, high = np.quantile(found, (0.1, 0.9))
                rows.append((told, token, f"{low:.3g} to {high:.3g}"))
        return ReadOut(float(number), name, tuple(rows))

    def table(self) -> tuple[Cells, Sequence[Cells]]:
        """Return every try."""
        titles = [name for name, _ in self.columns]
        return titles, np.column_stack([values for _, values in self.columns]).tolist()

    @cached_property
    def rows(self) -> NDArray[np.intp]:
        """The rows that are drawn: the newest."""
        return np.arange(len(self.levels))[-MOST_LINES:]

    def _lines(self, level: int, canvas: Canvas) -> None:
        """Draw the tries whose rewards are of `level`."""
        across = np.array([canvas.across(float(each)) for each in range(len(self.columns))])
        rows = self.rows[self.levels[self.rows] == level]
        up = (self.heights(rows) - canvas.y.low) / (canvas.y.high - canvas.y.low)
        lines, alike = pieces(across, canvas.area.bottom() - canvas.area.height() * up)
        for count in range(1, MOST_ALIKE + 1):
            # As dark as so many lines on each other.
            alpha = round(255 * (1 - (1 - LINE_ALPHA / 255) ** count))
            canvas.painter.setPen(QPen(canvas.colour(STEPS[level], alpha), 1))
            of_count = lines[alike == count].tolist()
            canvas.painter.drawLines([QLineF(*ends) for ends in of_count])

    def _draw_axes(self, canvas: Canvas) -> None:
        for number, (name, _) in enumerate(self.columns):
            self._axis(canvas, number, name)

    def _axis(self, canvas: Canvas, number: int, name: str) -> None:
        painter = canvas.painter
        at, (low, high) = canvas.across(float(number)), self.ends[number]
        painter.setPen(QPen(canvas.colour("mute"), 1.5))
        painter.drawLine(QPointF(at, canvas.down(0.0)), QPointF(at, canvas.down(1.0)))
        width = canvas.text_width(name) + 4
        left = min(max(at - width / 2, canvas.area.left()), canvas.area.right() - width)
        box = QRectF(left, canvas.down(0.0) + 20, width, LABEL_PX)
        painter.setPen(canvas.colour("dim"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, name)
        painter.setPen(canvas.colour("mute"))
        for value, y in ((low, canvas.down(0.0) + 1), (high, canvas.down(1.0) - LABEL_PX - 1)):
            text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
            wide = canvas.text_width(text) + 4
            left = min(max(at - wide / 2, canvas.area.left()), canvas.area.right() - wide)
            painter.drawText(QRectF(left, y, wide, LABEL_PX), Qt.AlignmentFlag.AlignCenter, text)


def pieces(across: Floats, down: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """Return the lines between neighbouring axes, shape (n, 4): x and y of both ends, and how many
    look just so, 1 to MOST_ALIKE, shape (n,).

    across: shape (axes,); down: shape (tries, axes), NaN where a try has nothing there.
    """
    ends = np.round(down * 2) / 2  # half a pixel is not seen
    left = np.repeat(np.arange(len(across) - 1), len(ends))
    pairs = np.column_stack((across[left], ends[:, :-1].T.ravel(), ends[:, 1:].T.ravel()))
    is_known = np.isfinite(pairs[:, 1] + pairs[:, 2])
    left, pairs = left[is_known], pairs[is_known]
    order = np.lexsort((pairs[:, 2], pairs[:, 1], left))
    pairs, left = pairs[order], left[order]
    is_first = np.r_[True, (pairs[1:] != pairs[:-1]).any(axis=1)][: len(pairs)]
    starts = np.flatnonzero(is_first)
    counts = np.diff(np.r_[starts, len(pairs)])
    kept, left = pairs[starts], left[starts]
    lines = np.column_stack((kept[:, 0], kept[:, 1], across[left + 1], kept[:, 2]))
    return lines, np.minimum(counts, MOST_ALIKE)
