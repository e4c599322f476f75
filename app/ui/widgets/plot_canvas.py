"""What drawings are made with: lines, areas and marks in the units of their axes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPainterPath, QPen

from app.theme import Tokens
from app.ui.widgets.plot_axes import Axis
from app.ui.widgets.plot_cloud import draw_cloud
from app.ui.widgets.polyline import polygon
from app.ui.widgets.scale import polyline

Floats = NDArray[np.float64]
LABEL_PX = 16
FEW = 500
"""Fewer marks are drawn smoothly; more are a picture that numpy makes in a tenth of the time."""
WIDEST_PX = 8192
"""Wider than any plot: a column and a row make one number."""


class Canvas:
    """A painter within `area`, whose edges are the ends of `x` and `y`."""

    def __init__(
        self, painter: QPainter, tokens: Tokens, area: QRectF, axes: tuple[Axis, Axis]
    ) -> None:
        self.painter = painter
        self.tokens = tokens
        self.area = area
        self.x, self.y = axes

    def across(self, x: float) -> float:
        """Return the pixel at which `x` stands."""
        part = (x - self.x.low) / (self.x.high - self.x.low)
        return self.area.left() + part * self.area.width()

    def down(self, y: float) -> float:
        """Return the pixel at which `y` stands."""
        part = (y - self.y.low) / (self.y.high - self.y.low)
        return self.area.bottom() - part * self.area.height()

    def pixels(self, x: Floats, y: Floats) -> Floats:
        """Return the pixels of points, shape (n, 2)."""
        found = np.empty((len(x), 2))
        found[:, 0] = (x - self.x.low) * (self.area.width() / (self.x.high - self.x.low))
        found[:, 0] += self.area.left()
        found[:, 1] = (self.y.low - y) * (self.area.height() / (self.y.high - self.y.low))
        found[:, 1] += self.area.bottom()
        return found

    def colour(self, token: str, alpha: int = 255) -> QColor:
        """Return the colour of `token`; `alpha` is 0 (clear) to 255."""
        colour = self.tokens.colour(token)
        colour.setAlpha(alpha)
        return colour

    def line(
        self, x: Floats, y: Floats, token: str, *, width_px: float = 1.5, is_dashed: bool = False
    ) -> None:
        """Draw a line, with gaps where `y` is not known; x rises."""
        bends = np.r_[True, (y[1:-1] != y[:-2]) | (y[1:-1] != y[2:]), True]
        if len(y) > 2:  # within a level stretch no point is seen
            x, y = x[bends], y[bends]
        # Wider lines of many points take several times as long.
        is_dense = len(x) > self.area.width() / 2
        pen = QPen(self.colour(token), 1.0 if is_dense else width_px)
        if is_dashed:
            pen.setDashPattern([4, 3])
        self.painter.setPen(pen)
        points = np.column_stack((x, y))
        span, axis = (self.x.low, self.x.high), (self.y.low, self.y.high)
        for run in runs(y):
            if run.stop - run.start == 1:
                self.dots(x[run], y[run], token, size_px=5)
                self.painter.setPen(pen)
            else:
                self.painter.drawPolyline(polyline(points[run], self.area, span, axis))

    def fill(self, x: Floats, low: Floats, high: Floats, token: str, alpha: int) -> None:
        """Fill between `low` and `high`, all of shape (n,) and finite."""
        edge = np.concatenate((self.pixels(x, high), self.pixels(x, low)[::-1]))
        self.painter.save()
        # Lines are drawn over its edges, which so need no smoothing: that takes twice as long.
        self.painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self.painter.setPen(Qt.PenStyle.NoPen)
        self.painter.setBrush(self.colour(token, alpha))
        self.painter.drawPolygon(polygon(edge))
        self.painter.restore()

    def shade(self, x: Floats, y: Floats, token: str, alpha: int = 72) -> None:
        """Fill below a line, fading downwards."""
        ends = np.array([[x[-1], self.y.low], [x[0], self.y.low]])
        edge = np.concatenate((self.pixels(x, y), self.pixels(ends[:, 0], ends[:, 1])))
        path = QPainterPath()
        path.addPolygon(polygon(edge))
        top = QPointF(0, float(edge[:, 1].min()))
        fade = QLinearGradient(top, self.area.bottomLeft())
        fade.setColorAt(0, self.colour(token, alpha))
        fade.setColorAt(1, self.colour(token, alpha // 6))
        self.painter.fillPath(path, fade)

    def dots(
        self, x: Floats, y: Floats, token: str, *, size_px: float = 3, alpha: int = 255
    ) -> None:
        """Draw round marks; of those that fall on the same pixel, one."""
        spots = self.pixels(x, y)
        if len(spots) >= FEW:
            around = self.area.adjusted(-size_px, -size_px, size_px, size_px)
            draw_cloud(self.painter, spots, around, size_px, self.colour(token, alpha))
            return
        pen = QPen(self.colour(token, alpha), size_px)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        self.painter.save()
        self.painter.setPen(pen)
        self.painter.drawPoints(polygon(once(spots)))
        self.painter.restore()

    def crosses(self, x: Floats, y: Floats, token: str, *, arm_px: float = 2.5) -> None:
        """Draw crosses; of those that fall on the same pixel, one."""
        self.painter.setPen(QPen(self.colour(token), 1.2))
        spots = once(self.pixels(x, y))
        strokes = np.hstack((spots - arm_px, spots + arm_px))
        strokes = np.concatenate((strokes, strokes[:, (0, 3, 2, 1)]))
        self.painter.drawLines([QLineF(*ends) for ends in strokes.tolist()])

    def upright(self, x: float, token: str, *, is_dashed: bool = True) -> None:
        """Draw a line from the bottom to the top at `x`."""
        style = Qt.PenStyle.DashLine if is_dashed else Qt.PenStyle.SolidLine
        self.painter.setPen(QPen(self.colour(token), 1, style))
        at = self.across(x)
        self.painter.drawLine(QPointF(at, self.area.top()), QPointF(at, self.area.bottom()))

    def text_width(self, text: str) -> int:
        """Return the pixels that `text` takes."""
        return self.painter.fontMetrics().horizontalAdvance(text)

    def label(self, left: float, top: float, text: str, token: str) -> QRectF:
        """Write `text` within the plot, moved so far that all of it is seen; return its box."""
        width = self.text_width(text) + 2
        left = min(max(left, self.area.left()), self.area.right() - width)
        top = min(max(top, self.area.top()), self.area.bottom() - LABEL_PX)
        box = QRectF(left, top, width, LABEL_PX)
        self.painter.setPen(self.colour(token))
        self.painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)
        return box


def apart(values: Floats, by: float) -> Floats:
    """Return `values` moved up or down by up to `by`, always in the same way.

    Marks of which many have the very same value, as thumbs do, can be told apart so. The golden
    ratio spreads any stretch of them evenly.
    """
    part = np.arange(len(values)) * 0.6180339887498949 % 1.0
    return values + by * (2 * part - 1)


def runs(values: Floats) -> list[slice]:
    """Return the stretches of `values`, shape (n,), that are finite."""
    known = np.isfinite(values).astype(np.int8)
    steps = np.diff(np.r_[0, known, 0])
    begins, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    return [slice(int(a), int(b)) for a, b in zip(begins, ends, strict=True)]


def once(pixels: Floats) -> Floats:
    """Return `pixels`, shape (n, 2), each whole pixel once; those that are not finite left out."""
    whole = np.round(pixels[np.isfinite(pixels[:, 0]) & np.isfinite(pixels[:, 1])])
    cells = np.unique(whole[:, 0] * WIDEST_PX + whole[:, 1])
    column = np.floor(cells / WIDEST_PX)
    return np.column_stack((column, cells - column * WIDEST_PX))
