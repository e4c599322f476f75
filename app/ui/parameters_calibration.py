"""The picture of how well rewards are predicted that were not looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QPen

from app.ui.parameters_texts import part_text
from app.ui.widgets.plot_axes import Axis, rounded_axis
from app.ui.widgets.plot_canvas import Canvas
from app.ui.widgets.plot_drawing import Cells, ReadOut
from engine.analytics.search_view import CalibrationView
from engine.analytics.snapshot import Floats

NINETY = 1.645
"""Standard deviations to both sides within which 90 % of a normal distribution lie."""
MOST_BARS = 300
"""More intervals would hide each other: the newest are drawn, and all as dots."""


@dataclass(frozen=True)
class CalibrationDrawing:
    """Each reward over the one that was predicted from all others."""

    found: CalibrationView

    legend = (("Within its interval", "ok"), ("Outside", "bad"))

    @cached_property
    def is_within(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Whether each lies where it should with 90 % probability, shape (n,)."""
        found = self.found
        return np.abs(found.observed - found.predicted) <= NINETY * found.deviation

    @cached_property
    def axes(self) -> tuple[Axis, Axis]:
        """Predicted and observed rewards."""
        found = self.found
        ends = np.concatenate((found.predicted, found.observed))
        low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
        return (
            rounded_axis(float(found.predicted.min()), float(found.predicted.max()), "Predicted"),
            rounded_axis(low, high, "Observed"),
        )

    @property
    def words(self) -> str:
        """How many lie where 90 of 100 should."""
        count = len(self.found.observed)
        part = part_text(float(self.is_within.mean())) if count else part_text(None)
        return f"{part} of {count:,} within their 90 % intervals"

    def draw(self, canvas: Canvas) -> None:
        """Draw the diagonal, intervals, then the rewards."""
        found, painter = self.found, canvas.painter
        painter.save()
        painter.setClipRect(canvas.area)
        ends: Floats = np.array([canvas.x.low, canvas.x.high])
        canvas.line(ends, ends, "mute", is_dashed=True)
        painter.setPen(QPen(canvas.colour("mute", 90), 1))
        for at, deviation in zip(
            found.predicted[-MOST_BARS:], found.deviation[-MOST_BARS:], strict=True
        ):
            x, half = canvas.across(float(at)), NINETY * float(deviation)
            top, bottom = canvas.down(float(at) + half), canvas.down(float(at) - half)
            painter.drawLine(QPointF(x, top), QPointF(x, bottom))
        painter.restore()
        for is_in, token in ((True, "ok"), (False, "bad")):
            chosen = self.is_within == is_in
            canvas.dots(found.predicted[chosen], found.observed[chosen], token, size_px=5)
        canvas.label(canvas.area.left() + 6, canvas.area.top(), self.words, "dim")

    def read(self, x: float, y: float | None) -> ReadOut | None:
        """Return the reward next to a place."""
        found = self.found
        if not len(found.observed):
            return None
        far = np.abs(found.predicted - x)
        if y is not None:
            far = np.hypot(far, found.observed - y)
        index = int(far.argmin())
        predicted, half = found.predicted[index], NINETY * found.deviation[index]
        low, high = max(0.0, predicted - half), min(1.0, predicted + half)
        rows = (
            ("Observed", "ok" if self.is_within[index] else "bad", f"{found.observed[index]:.2f}"),
            ("Predicted", "dim", f"{predicted:.2f} ({low:.2f}\N{EN DASH}{high:.2f})"),
        )
        at = float(predicted), float(found.observed[index])
        return ReadOut(at[0], "From all others", rows, y=at[1])

    def table(self) -> tuple[Cells, Sequence[Cells]]:
        """Return each reward."""
        columns = (self.found.observed, self.found.predicted, self.found.deviation)
        return ["observed", "predicted", "deviation"], np.column_stack(columns).tolist()
