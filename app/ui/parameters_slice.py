"""The picture of what is believed along one parameter, and of where a try is worthwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPen

from app.ui.parameters_scale import ParameterScale
from app.ui.parameters_texts import part_text, value_text
from app.ui.widgets.plot_axes import Axis, linear_axis
from app.ui.widgets.plot_canvas import LABEL_PX, Canvas, runs
from app.ui.widgets.plot_drawing import Cells, ReadOut
from engine.analytics.search_view import SliceView
from engine.analytics.snapshot import Floats

BAND_ALPHA = 46
BEYOND_ALPHA = 26
LIKELY = 0.5
"""Limits that are likely to hold."""
STRIP = 0.26
"""Part of the height, at the bottom, where the worth of a try is drawn."""
LEAST_SPAN = 0.2
LABEL_GAP_PX = 6


@dataclass(frozen=True)
class SliceDrawing:
    """Mean reward with its interval, the worth of a try below, and the next try.

    seen: rewards that were observed, shape (n, 2): place along the parameter, reward.
    """

    found: SliceView
    scale: ParameterScale
    seen: Floats

    legend = (("Mean reward", "accent"), ("Worth a try", "violet"))

    @cached_property
    def axes(self) -> tuple[Axis, Axis]:
        """The parameter, and rewards where they are; room below for the worth of a try."""
        low, high = float(self.found.low.min()), float(self.found.high.max())
        if high - low < LEAST_SPAN:
            low, high = max(0.0, high - LEAST_SPAN), max(high, LEAST_SPAN)
        rewards = linear_axis(low, high, "Reward")
        bottom = low - (high - low) * STRIP / (1 - STRIP)
        margin = 0.04 * (high - low)
        across = replace(self.scale.axis, title=f"{self.scale.name}, all others as in the best")
        return across, Axis(bottom, high + margin, rewards.ticks, rewards.title)

    @property
    def words(self) -> str:
        """Where the mean is highest, and what would be tried next."""
        best = int(self.found.mean.argmax())
        told = (
            f"Mean reward is highest, {self.found.mean[best]:.2f}, at {self.scale.name} "
            f"{value_text(self.found.points[best])}"
        )
        if self.found.next is None:
            return told
        return f"{told}; {value_text(self.found.next)} would be tried next"

    def draw(self, canvas: Canvas) -> None:
        """Draw what limits forbid behind, observations, the belief, and the next try."""
        self._forbidden(canvas)
        self._worth(canvas)
        seen = self.seen[self.seen[:, 1] >= self._floor(canvas)]
        seen = seen[seen[:, 1] <= canvas.y.high]
        canvas.dots(seen[:, 0], seen[:, 1], "mute", size_px=3, alpha=120)
        if self.scale.is_number:
            places = self.scale.places
            canvas.fill(places, self.found.low, self.found.high, "accent", BAND_ALPHA)
            canvas.line(places, self.found.mean, "accent", width_px=2)
        else:
            self._choices(canvas)
        at = self.scale.place(self.found.next)
        if at is not None:
            canvas.upright(at, "violet")
            words = f"next: {value_text(self.found.next or 0)}"
            left = canvas.across(at) + LABEL_GAP_PX
            if left + canvas.text_width(words) > canvas.area.right():
                left = canvas.across(at) - LABEL_GAP_PX - canvas.text_width(words)
            canvas.label(left, canvas.down(self._floor(canvas)) - LABEL_PX, words, "violet")

    def read(self, x: float, y: float | None) -> ReadOut | None:
        """Return the point next to `x`."""
        found, index = self.found, self.scale.nearest(x)
        low, high = found.low[index], found.high[index]
        rows = [
            ("Mean reward", "accent", f"{found.mean[index]:.2f} ({low:.2f}\N{EN DASH}{high:.2f})"),
            ("Worth a try", "violet", part_text(float(found.acquisition[index]))),
        ]
        if (found.feasible < 1).any():
            rows.append(("Keeps the limits", "ok", part_text(float(found.feasible[index]))))
        title = f"{self.scale.name} {value_text(found.points[index])}"
        return ReadOut(float(self.scale.places[index]), title, tuple(rows))

    def table(self) -> tuple[Cells, Sequence[Cells]]:
        """Return every point."""
        found = self.found
        titles = [self.scale.name, "mean", "low", "high", "acquisition", "feasible"]
        arrays = (found.mean, found.low, found.high, found.acquisition, found.feasible)
        return titles, list(zip(found.points, *(each.tolist() for each in arrays), strict=True))

    def _floor(self, canvas: Canvas) -> float:
        return canvas.y.low + STRIP * (canvas.y.high - canvas.y.low)

    def _worth(self, canvas: Canvas) -> None:
        """Draw the worth of a try in the strip at the bottom, the most worthwhile at its top."""
        height = 0.85 * (self._floor(canvas) - canvas.y.low)
        worth = canvas.y.low + self.found.acquisition * height
        places = self.scale.places
        base = np.full(len(places), canvas.y.low)
        if self.scale.is_number:
            canvas.fill(places, base, worth, "violet", BAND_ALPHA)
            canvas.line(places, worth, "violet")
        else:
            for at, top in zip(places, worth, strict=True):
                self._bar(canvas, at, (canvas.y.low, top), "violet", 150)
        canvas.painter.setPen(QPen(canvas.colour("line"), 1))
        edge = canvas.down(self._floor(canvas))
        canvas.painter.drawLine(
            QPointF(canvas.area.left(), edge), QPointF(canvas.area.right(), edge)
        )

    def _choices(self, canvas: Canvas) -> None:
        found, places = self.found, self.scale.places
        for at, low, high in zip(places, found.low, found.high, strict=True):
            self._bar(canvas, at, (float(low), float(high)), "accent", 90)
        canvas.dots(places, found.mean, "accent", size_px=8)

    def _bar(
        self, canvas: Canvas, at: float, span: tuple[float, float], token: str, alpha: int
    ) -> None:
        top, bottom = canvas.down(span[1]), canvas.down(span[0])
        box = QRectF(canvas.across(at) - 8, top, 16, max(1.0, bottom - top))
        canvas.painter.fillRect(box, canvas.colour(token, alpha))

    def _forbidden(self, canvas: Canvas) -> None:
        """Shade where the limits are likely to be missed."""
        beyond = np.where(self.found.feasible < LIKELY, 1.0, np.nan)
        places = self.scale.places
        half = float(np.diff(places).mean()) / 2 if len(places) > 1 else 0.5
        for run in runs(beyond):
            left = max(canvas.area.left(), canvas.across(places[run.start] - half))
            right = min(canvas.area.right(), canvas.across(places[run.stop - 1] + half))
            box = QRectF(left, canvas.area.top(), right - left, canvas.area.height())
            canvas.painter.fillRect(box, canvas.colour("bad", BEYOND_ALPHA))
            canvas.label(left + 6, canvas.area.top() + 16, "beyond the limits", "bad")
