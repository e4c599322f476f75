"""The picture of all parameters at once, a line a try."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

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

    @cached_property
    def heights(self) -> Floats:
        """Where each try crosses each axis, shape (n, axes), 0 to 1; NaN where it was left open."""
        parts = [
            np.clip((values - low) / (high - low), 0, 1)
            for (_, values), (low, high) in zip(self.columns, self.ends, strict=True)
        ]
        return np.column_stack(parts)

    @cached_property
    def levels(self) -> NDArray[np.intp]:
        """The place in STEPS of each try."""
        return np.clip((5 * self.columns[-1][1]).astype(np.intp), 0, 4)

    @cached_property
    def axes(self) -> tuple[Axis, Axis]:
        """Numbers of the axes; each has a scale of its own."""
        last = len(self.columns) - 1
        return Axis(-0.3, last + 0.3), Axis(-0.07, 1.1)

    @property
    def words(self) -> str:
        """What the best have in common."""
        if len(self.heights) < 5:
            return ""
        best = self.columns[-1][1] >= np.quantile(self.columns[-1][1], 0.8)
        told = [
            f"{name} about {np.nanmedian(values[best]):.3g}"
            for name, values in self.columns[:-1]
            if np.isfinite(values[best]).any()
        ]
        return f"The best have {', '.join(told)}"

    def draw(self, canvas: Canvas) -> None:
        """Draw the lines, the best on top, then the axes."""
        rows = self._order()
        across = np.array([canvas.across(float(each)) for each in range(len(self.columns))])
        down = canvas.area.bottom() - canvas.area.height() * (
            (self.heights[rows] - canvas.y.low) / (canvas.y.high - canvas.y.low)
        )
        for level, token in enumerate(STEPS):
            canvas.painter.setPen(QPen(canvas.colour(token, 70), 1))
            lines = pieces(across, down[self.levels[rows] == level])
            canvas.painter.drawLines([QLineF(*ends) for ends in lines.tolist()])
        for number, (name, _) in enumerate(self.columns):
            self._axis(canvas, number, name)

    def read(self, x: float, y: float | None) -> ReadOut | None:
        """Return what the best have at the nearest axis, what the worst, and what all."""
        if len(self.heights) < 5:
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

    def _order(self) -> NDArray[np.intp]:
        """Return the rows to draw: the newest, the best last."""
        newest = np.arange(len(self.heights))[-MOST_LINES:]
        return newest[np.argsort(self.columns[-1][1][newest], kind="stable")]

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


def pieces(across: Floats, down: Floats) -> Floats:
    """Return the lines between neighbouring axes, shape (n, 4): x and y of both ends.

    across: shape (axes,); down: shape (tries, axes), NaN where a try has nothing there. Of lines
    that look the same, no more than MOST_ALIKE: more would look like those, and take longer.
    """
    found = []
    for left in range(len(across) - 1):
        ends = np.round(down[:, left : left + 2], 1)
        ends, counts = np.unique(ends[np.isfinite(ends).all(axis=1)], axis=0, return_counts=True)
        ends = np.repeat(ends, np.minimum(counts, MOST_ALIKE), axis=0)
        x = np.broadcast_to(across[left : left + 2], ends.shape)
        found.append(np.stack((x, ends), axis=2).reshape(-1, 4))
    return np.concatenate(found) if found else np.zeros((0, 4))
