"""Numbers for axes: round ticks, and polylines with no more points than pixels."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPainterPath, QPolygonF

from app.ui.widgets.polyline import polygon

FILL_ALPHA = 48


def round_step(span: float, count: int) -> float:
    """Return the smallest 1, 2, 2.5 or 5 times a power of ten that cuts `span` in <= `count`.

    Raises ValueError if `span` <= 0 or `count` < 1.
    """
    if span <= 0 or count < 1:
        raise ValueError(f"span {span} and count {count} must be positive")
    raw = span / count
    power = 10.0 ** math.floor(math.log10(raw))
    for factor in (1.0, 2.0, 2.5, 5.0):
        if factor * power >= raw * (1 - 1e-9):
            return factor * power
    return 10.0 * power


def ticks(low: float, high: float, count: int = 4) -> tuple[float, ...]:
    """Return round values within [low, high], at most `count` + 1; `low` < `high`."""
    step = round_step(high - low, count)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return tuple(index * step for index in range(first, last + 1))


def tick_text(value: float, step: float) -> str:
    """Return `value` with just the decimals that `step` needs."""
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    if decimals == 0 and step % 1:
        decimals = 1
    elif decimals and round(step * 10**decimals, 6) % 1:
        decimals += 1
    text = f"{value:.{decimals}f}"
    return text.replace("-", "\N{MINUS SIGN}")


def round_range(
    values: NDArray[np.float64], low: float | None, high: float | None
) -> tuple[float, float]:
    """Return the axis for `values`, shape (n,): given ends kept, others rounded outwards."""
    bottom = low if low is not None else (float(values.min()) if values.size else 0.0)
    top = high if high is not None else (float(values.max()) if values.size else bottom + 1)
    if top <= bottom:
        top = bottom + 1.0
    step = round_step(top - bottom, 4)
    if low is None:
        bottom = math.floor(bottom / step) * step
    if high is None:
        top = math.ceil(top / step) * step
    return bottom, top


def within(points: NDArray[np.float64], start_s: float, end_s: float) -> NDArray[np.float64]:
    """Return the rows of `points`, shape (n, 2) sorted by time, from `start_s` to `end_s`.

    One row before `start_s` is kept, so that a line enters from the edge.
    """
    times = points[:, 0]
    first = max(0, int(np.searchsorted(times, start_s)) - 1)
    return points[first : int(np.searchsorted(times, end_s, side="right"))]


def polyline(
    points: NDArray[np.float64], area: QRectF, span: tuple[float, float], axis: tuple[float, float]
) -> QPolygonF:
    """Return `points`, shape (n, 2): seconds, value, as a line within `area`.

    span: seconds at its left and right edge; axis: values at its bottom and top.
    Above two points a pixel, only the lowest and highest of each pixel are kept.
    """
    across = (points[:, 0] - span[0]) / (span[1] - span[0]) * area.width() + area.left()
    up = (np.clip(points[:, 1], axis[0], axis[1]) - axis[0]) / (axis[1] - axis[0])
    down = area.bottom() - up * area.height()
    if len(across) > 2 * area.width():
        across, down = _extremes(across, down)
    return polygon(np.column_stack((across, down)))


def fill_below(painter: QPainter, line: QPolygonF, area: QRectF, colour: QColor) -> None:
    """Fill between `line` and the bottom of `area`, fading downwards."""
    shape = QPolygonF(line)
    for end in (line.last(), line.first()):
        shape.append(QPointF(end.x(), area.bottom()))
    path = QPainterPath()
    path.addPolygon(shape)
    soft, clear = QColor(colour), QColor(colour)
    soft.setAlpha(FILL_ALPHA)
    clear.setAlpha(0)
    shade = QLinearGradient(area.topLeft(), area.bottomLeft())
    shade.setColorAt(0, soft)
    shade.setColorAt(1, clear)
    painter.save()
    # The line is drawn over its edge, which so needs no smoothing: that takes twice as long.
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.fillPath(path, shade)
    painter.restore()


def fill_between(
    painter: QPainter,
    band: NDArray[np.float64],
    frame: tuple[QRectF, tuple[float, float], tuple[float, float]],
    colour: QColor,
) -> None:
    """Fill from the lowest to the highest of `band`, shape (n, 4): seconds, low, any, high.

    frame: area, span and axis as `polyline` takes them.
    """
    area, span, axis = frame
    across = (band[:, 0] - span[0]) / (span[1] - span[0]) * area.width() + area.left()
    up = (np.clip(band[:, (1, 3)], *axis) - axis[0]) / (axis[1] - axis[0])
    down = area.bottom() - up * area.height()
    column = np.floor(across).astype(np.int64)
    starts = np.flatnonzero(np.r_[True, column[1:] != column[:-1]])
    left = column[starts]
    width = np.diff(np.r_[left, left[-1] + 1])
    top = np.floor(np.minimum.reduceat(down[:, 1], starts)).astype(np.int64)
    bottom = np.ceil(np.maximum.reduceat(down[:, 0], starts)).astype(np.int64)
    height = np.maximum(1, bottom - top)
    soft = QColor(colour)
    soft.setAlpha(FILL_ALPHA)
    # Whole pixels in columns: a polygon of the same shape takes four times as long.
    for x, y, wide, high in np.column_stack((left, top, width, height)).tolist():
        painter.fillRect(x, y, wide, high, soft)


def _extremes(
    across: NDArray[np.float64], down: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lowest and highest point of each whole pixel column, in order of time."""
    column = np.floor(across)
    starts = np.flatnonzero(np.r_[True, column[1:] != column[:-1]])
    x = np.repeat(column[starts] + 0.5, 2)
    y = np.empty(2 * len(starts))
    y[0::2] = np.minimum.reduceat(down, starts)
    y[1::2] = np.maximum.reduceat(down, starts)
    return x, y
