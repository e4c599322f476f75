"""The picture of the reward over two parameters, and of where the limits hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage, QLinearGradient, QPen

from app.ui.parameters_scale import ParameterScale
from app.ui.parameters_texts import part_text, value_text
from app.ui.widgets.colour_scale import colour_table
from app.ui.widgets.plot_axes import Axis
from app.ui.widgets.plot_canvas import Canvas
from app.ui.widgets.plot_drawing import Cells, ReadOut
from engine.analytics.search_view import ContourView
from engine.analytics.snapshot import Floats, Values

STOPS = {
    True: ("#2a2350", "#3f6fd8", "#7fe0c0"),
    False: ("#e9ddff", "#6ea0f5", "#0f6b58"),
}
"""By whether the theme is dark: low rewards fade into the page."""
STEPS = 12
"""Colours: their edges are lines of equal reward."""
LIKELY = 0.5
HATCH_PX, HATCH_LINE_PX = 7, 2
DIM = 0.55
BAR_PX = 70


@dataclass(frozen=True)
class ContourDrawing:
    """Mean rewards in steps; what limits forbid is hatched. Marks: the best, and the next try.

    seen: places of observations, shape (n, 2).
    """

    found: ContourView
    scales: tuple[ParameterScale, ParameterScale]
    best: Values
    next: Values
    seen: Floats

    legend: tuple[tuple[str, str], ...] = ()

    @cached_property
    def axes(self) -> tuple[Axis, Axis]:
        """Both parameters."""
        return self.scales[0].axis, self.scales[1].axis

    @property
    def span(self) -> tuple[float, float]:
        """Lowest and highest mean reward."""
        return float(self.found.mean.min()), float(self.found.mean.max())

    @property
    def words(self) -> str:
        """Where the reward is highest."""
        row, column = np.unravel_index(int(self.found.mean.argmax()), self.found.mean.shape)
        return (
            f"Mean reward from {self.span[0]:.2f} to {self.span[1]:.2f}, highest at "
            f"{self._at(int(column), int(row))}"
        )

    def draw(self, canvas: Canvas) -> None:
        """Draw the map, then observations and marks over it."""
        painter, area = canvas.painter, canvas.area
        size = (max(2, round(area.width())), max(2, round(area.height())))
        pixels = np.ascontiguousarray(self._pixels(size, is_dark=canvas.tokens.is_dark))
        image = QImage(pixels.data, size[0], size[1], 4 * size[0], QImage.Format.Format_RGB32)
        painter.drawImage(area, image, QRectF(0, 0, *size))
        painter.save()
        painter.setClipRect(area)
        canvas.dots(self.seen[:, 0], self.seen[:, 1], "text", size_px=2.5, alpha=110)
        painter.restore()
        self._mark(canvas, self.best, ("best", True))
        self._mark(canvas, self.next, ("next", False))
        self._key(canvas)

    def read(self, x: float, y: float | None) -> ReadOut | None:
        """Return the point next to a place; along the best for the keyboard."""
        across, up = self.scales
        column = across.nearest(x)
        if y is None:
            y = up.place(self.best.get(up.name)) or float(up.places.mean())
        row = up.nearest(y)
        rows = [("Mean reward", "accent", f"{self.found.mean[row, column]:.2f}")]
        if (self.found.feasible < 1).any():
            kept = part_text(float(self.found.feasible[row, column]))
            rows.append(("Keeps the limits", "ok", kept))
        at = float(across.places[column]), float(up.places[row])
        return ReadOut(at[0], self._at(column, row), tuple(rows), y=at[1])

    def table(self) -> tuple[Cells, Sequence[Cells]]:
        """Return every point of the grid."""
        found = self.found
        rows: list[Cells] = [
            (x, y, float(found.mean[row, column]), float(found.feasible[row, column]))
            for row, y in enumerate(found.y)
            for column, x in enumerate(found.x)
        ]
        return [found.x_name, found.y_name, "mean", "feasible"], rows

    def _at(self, column: int, row: int) -> str:
        x, y = self.found.x[column], self.found.y[row]
        return f"{self.found.x_name} {value_text(x)}, {self.found.y_name} {value_text(y)}"

    def _pixels(self, size: tuple[int, int], *, is_dark: bool) -> NDArray[np.uint32]:
        """Return colours 0xffrrggbb, shape (height, width)."""
        low, high = self.span
        part = self._smooth((self.found.mean - low) / max(1e-9, high - low), size)
        step = np.minimum((part * STEPS).astype(np.int8), STEPS - 1)
        whole = np.array(colour_table(STOPS[is_dark]), dtype=np.uint32)
        table = whole[np.linspace(0, 255, STEPS).round().astype(np.int64)]
        colours = table[step]
        if (self.found.feasible < LIKELY).any():
            rows, columns = np.ogrid[: size[1], : size[0]]
            hatched = (rows + columns) % HATCH_PX < HATCH_LINE_PX
            hatched &= self._smooth(self.found.feasible, size) < LIKELY
            colours[hatched] = _dimmed(table)[step[hatched]]
        return colours

    def _smooth(self, grid: Floats, size: tuple[int, int]) -> Floats:
        """Return `grid`, whose first row is the lowest, at each pixel, the first row at the top.

        Between points it goes straight; choices are squares.
        """
        columns = _between(self.scales[0], self.axes[0], size[0])
        rows = _between(self.scales[1], self.axes[1], size[1])[::-1]
        return _straight(_straight(grid.T, columns).T, rows)

    def _mark(self, canvas: Canvas, values: Values, look: tuple[str, bool]) -> None:
        places = [scale.place(values.get(scale.name)) for scale in self.scales]
        if None in places:
            return
        x, y = places
        assert x is not None
        assert y is not None
        name, is_filled = look
        spot, painter = QPointF(canvas.across(x), canvas.down(y)), canvas.painter
        painter.setPen(QPen(canvas.colour("card"), 4))
        painter.drawEllipse(spot, 6, 6)
        painter.setPen(QPen(canvas.colour("text"), 2))
        if is_filled:
            painter.setBrush(canvas.colour("text"))
        painter.drawEllipse(spot, 5, 5)
        canvas.painter.setBrush(canvas.colour("card", 0))
        width = canvas.text_width(name) + 8
        fits = spot.x() + 10 + width < canvas.area.right()
        left = spot.x() + 10 if fits else spot.x() - 10 - width
        top = min(max(spot.y() - 8, canvas.area.top()), canvas.area.bottom() - 16)
        painter.fillRect(QRectF(left, top, width, 16), canvas.colour("card", 190))
        canvas.label(left + 4, top, name, "text")

    def _key(self, canvas: Canvas) -> None:
        """Draw which colour is which reward, above the map at the right."""
        painter, right, top = canvas.painter, canvas.area.right(), canvas.area.top() - 24
        low, high = (f"{each:.2f}" for each in self.span)
        painter.setPen(canvas.colour("dim"))
        painter.drawText(QPointF(right - canvas.text_width(high), top + 12), high)
        left = right - canvas.text_width(high) - 8 - BAR_PX
        fade = QLinearGradient(left, 0, left + BAR_PX, 0)
        for place, colour in enumerate(STOPS[canvas.tokens.is_dark]):
            fade.setColorAt(place / 2, colour)
        painter.fillRect(QRectF(left, top + 4, BAR_PX, 8), fade)
        words = f"Mean reward {low}"
        painter.drawText(QPointF(left - 8 - canvas.text_width(words), top + 12), words)


def _between(scale: ParameterScale, axis: Axis, count: int) -> Floats:
    """Return the number of the point, as a fraction, at `count` pixels along `axis`."""
    places = axis.low + (np.arange(count) + 0.5) / count * (axis.high - axis.low)
    found = np.interp(places, scale.places, np.arange(len(scale.places)))
    return np.asarray(found if scale.is_number else np.round(found))


def _straight(grid: Floats, places: Floats) -> Floats:
    """Return the rows of `grid` at `places`, which are numbers of rows, with fractions."""
    before = np.floor(places).astype(np.int64)
    after = np.minimum(before + 1, len(grid) - 1)
    part = (places - before)[:, None]
    found: Floats = grid[before] * (1 - part) + grid[after] * part
    return found


def _dimmed(colours: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return the colours 0xffrrggbb darker."""
    channels = [
        (((colours >> shift) & 255) * DIM).astype(np.uint32) << shift for shift in (16, 8, 0)
    ]
    return np.asarray(0xFF000000 | channels[0] | channels[1] | channels[2], dtype=np.uint32)
