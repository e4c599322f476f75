"""The words of a time chart: labels, legend, read-out, and its readings as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from app.theme import Tokens
from app.ui.quantity_texts import duration_text
from app.ui.widgets.scale import round_step, tick_text, ticks

GAP_PX = 8
DASH_PX = 12
ROW_PX = 18
MINUS = "\N{MINUS SIGN}"
LEAST_MINUTES_S = 180
"""A chart of this length and more counts in minutes."""
LEAST_HOURS_S = 10_800
"""And of this length in hours."""

Line = tuple[str, str]
"""What the legend says, and its colour."""


def axis_width(font: QFont, axis: tuple[float, float]) -> float:
    """Return the pixels that the labels of the value axis need, with a gap to the plot."""
    metrics = QFontMetricsF(font)
    step = round_step(axis[1] - axis[0], 4)
    texts = [tick_text(value, step) for value in ticks(*axis)]
    return max(metrics.horizontalAdvance(text) for text in texts) + GAP_PX


def time_labels(span_s: float) -> list[tuple[float, str, Qt.AlignmentFlag]]:
    """Return (part of the width, text, alignment) of the labels below the plot."""
    flag = Qt.AlignmentFlag
    span, unit = (span_s, "s") if span_s < LEAST_MINUTES_S else (span_s / 60, "min")
    if span_s >= LEAST_HOURS_S:
        span, unit = span_s / 3600, "h"
    labels = [(0.0, f"{MINUS}{span:g} {unit}", flag.AlignLeft)]
    labels += [
        (part, f"{MINUS}{span * (1 - part):g}", flag.AlignHCenter) for part in (0.25, 0.5, 0.75)
    ]
    return [*labels, (1.0, "now", flag.AlignRight)]


def draw_legend(
    painter: QPainter, tokens: Tokens, room: QRect, unit: str, lines: Sequence[Line]
) -> None:
    """Draw the unit at the top left of `room` and the lines' names at the top right."""
    painter.setPen(tokens.colour("mute"))
    painter.drawText(QRectF(0, 0, 96, 16), Qt.AlignmentFlag.AlignVCenter, unit)
    right = float(room.right()) - 4
    metrics = painter.fontMetrics()
    for label, colour in reversed(lines):
        width = metrics.horizontalAdvance(label)
        painter.setPen(tokens.colour("dim"))
        painter.drawText(QRectF(right - width, 0, width, 16), Qt.AlignmentFlag.AlignVCenter, label)
        right -= width + GAP_PX
        painter.setPen(QPen(QColor(colour), 2))
        painter.drawLine(QPointF(right - DASH_PX, 8), QPointF(right, 8))
        right -= DASH_PX + 2 * GAP_PX


def draw_empty(painter: QPainter, tokens: Tokens, area: QRectF, text: str) -> None:
    """Draw `text` in the middle of `area`, on a patch that hides the grid below it."""
    width = painter.fontMetrics().horizontalAdvance(text) + 2 * GAP_PX
    patch = QRectF(0, 0, width, 2 * ROW_PX)
    patch.moveCenter(area.center())
    painter.fillRect(patch, tokens.colour("card"))
    painter.setPen(tokens.colour("mute"))
    painter.drawText(patch, Qt.AlignmentFlag.AlignCenter, text)


def draw_read_out(
    painter: QPainter,
    tokens: Tokens,
    area: QRectF,
    at: float,
    reading: tuple[float, str, Sequence[tuple[str, str, float | None]]],
) -> None:
    """Draw a line at the pixel `at` and a box beside it that tells the values there.

    reading: seconds ago, unit, and (label, colour, value or None) of each line.
    """
    ago_s, unit, rows = reading
    painter.setPen(QPen(tokens.colour("mute"), 1, Qt.PenStyle.DashLine))
    painter.drawLine(QPointF(at, area.top()), QPointF(at, area.bottom()))
    known = [(label, colour, value) for label, colour, value in rows if value is not None]
    texts = [f"{label}  {value:.3g} {unit}" for label, _, value in known]
    when = f"{duration_text(ago_s)} ago"
    metrics = painter.fontMetrics()
    width = max(metrics.horizontalAdvance(text) for text in [when, *texts]) + 2 * GAP_PX
    height = (1 + len(texts)) * ROW_PX + GAP_PX
    fits = at + GAP_PX + width <= area.right()
    left = at + GAP_PX if fits else at - GAP_PX - width
    box = QRectF(max(area.left(), left), area.top() + 4, width, height)
    painter.setPen(QPen(tokens.colour("line"), 1))
    painter.setBrush(tokens.colour("raised"))
    painter.drawRoundedRect(box, 6, 6)
    row = QRectF(box.left() + GAP_PX, box.top() + 4, width, ROW_PX)
    for text, colour in [(when, tokens.dim), *zip(texts, (c for _, c, _ in known), strict=True)]:
        painter.setPen(QColor(colour))
        painter.drawText(row, Qt.AlignmentFlag.AlignVCenter, text)
        row.translate(0, ROW_PX)


def series_csv(
    labels: Sequence[str], unit: str, now_s: float, series: Sequence[NDArray[np.float64]]
) -> str:
    """Return the readings as CSV: series, seconds before now, value with its unit as heading."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["series", "seconds_ago", f"value ({unit})"])
    for label, points in zip(labels, series, strict=True):
        for at_s, value in points.tolist():
            table.writerow([label, f"{now_s - at_s:.3f}", f"{value:g}"])
    return text.getvalue()
