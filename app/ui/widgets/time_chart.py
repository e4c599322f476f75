"""Lines over the last seconds, with axes, a legend, a read-out under the pointer and export."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFont,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import QMenu, QSizePolicy, QWidget

from app.theme import Theme
from app.ui.widgets.chart_files import ChartFiles, key_step, write_picture
from app.ui.widgets.scale import (
    fill_below,
    fill_between,
    polyline,
    round_range,
    round_step,
    tick_text,
    ticks,
    within,
)
from app.ui.widgets.time_chart_text import (
    axis_width,
    draw_empty,
    draw_legend,
    draw_read_out,
    series_csv,
    time_labels,
)

LABEL_PX = 11
TOP_PX = 28
BOTTOM_PX = 24
RIGHT_PX = 4
DOT_PX = 2.5
"""Radius of a reading that would hardly be seen as a line."""
FEW = 12
"""So many readings, or fewer, are drawn as dots on their line."""
ALL_LABELS_PX = 240
"""A narrower plot has no room for five labels of time."""


class TimeChart(QWidget):
    """A chart of several series that share one unit; the right edge is now.

    series: pairs of what the legend says and the token its line is drawn in.
    low, high: fixed ends of the value axis; None rounds outwards to what is seen.
    save_failed(str): a file the user named cannot be written, and what to do.
    """

    save_failed = Signal(str)

    def __init__(
        self,
        theme: Theme,
        *,
        unit: str,
        series: Sequence[tuple[str, str]],
        low: float | None = None,
        high: float | None = None,
        span_s: float = 60.0,
    ) -> None:
        super().__init__()
        self._theme = theme
        self.unit = unit
        self.series = tuple(series)
        self.span_s = span_s
        self.empty_text = "No readings yet"
        self.is_filled = False
        """Whether lines have a soft fill below; for charts drawn a few times a second."""
        self._ends = (low, high)
        self._now_s = 0.0
        self._points: list[NDArray[np.float64]] = [np.zeros((0, 2)) for _ in self.series]
        self._bands: list[NDArray[np.float64]] = []
        self._axis = round_range(np.zeros(0), low, high)
        self._cursor: float | None = None
        self._moment: tuple[object, ...] = ()
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(160, 96))
        names = ", ".join(label for label, _ in self.series)
        self.setAccessibleName(f"Chart of {names} in {unit}")
        self.setToolTip("Arrow keys read values; right-click saves as PNG or CSV")
        theme.changed.connect(self.update)

    def show_series(
        self,
        now_s: float,
        series: Sequence[NDArray[np.float64]],
        bands: Sequence[NDArray[np.float64]] = (),
    ) -> None:
        """Draw `series`, each of shape (n, 2): seconds, value, sorted; `now_s` is the right edge.

        bands: from lowest to highest behind each line, shape (n, 4): seconds, low, any, high.
        Raises ValueError where there are not as many as at construction.
        """
        if len(series) != len(self.series):
            raise ValueError(f"{len(series)} series for {len(self.series)} legends")
        self._now_s = now_s
        self._points = [within(each, now_s - self.span_s, now_s) for each in series]
        self._bands = [within(each, now_s - self.span_s, now_s) for each in bands]
        seen = np.concatenate(
            [points[:, 1] for points in self._points] + [band[:, 3] for band in self._bands]
        )
        self._axis = round_range(seen, *self._ends)
        self.update()

    def show_moment(self, moment: tuple[object, ...]) -> bool:
        """Tell whether what was shown last is of this very `moment`, and may stay; () never is."""
        is_same = bool(moment) and moment == self._moment
        self._moment = moment
        return is_same

    def show_range(self, low: float | None, high: float | None) -> None:
        """Fix the ends of the value axis from the next series on; None rounds to what is seen."""
        self._ends = (low, high)

    def values_at(self, at_s: float) -> tuple[float | None, ...]:
        """Return each series' last value up to `at_s`; None where there is none."""
        found: list[float | None] = []
        for points in self._points:
            index = int(np.searchsorted(points[:, 0], at_s, side="right")) - 1
            found.append(float(points[index, 1]) if index >= 0 else None)
        return tuple(found)

    def write_png(self, path: Path) -> None:
        """Save the chart as drawn now, at twice its size. Raises OSError."""
        picture = QPixmap(self.size() * 2)
        picture.setDevicePixelRatio(2.0)
        picture.fill(self._theme.tokens.colour("card"))
        self.render(picture)
        write_picture(picture, path)

    def write_csv(self, path: Path) -> None:
        """Save the readings in view: series, seconds before now, value. Raises OSError."""
        labels = [label for label, _ in self.series]
        text = series_csv(labels, self.unit, self._now_s, self._points)
        path.write_text(text, encoding="utf-8", newline="")

    def save(self, write: Callable[[Path], None], path: Path) -> None:
        """Call `write(path)`; emit `save_failed` with the remedy where it cannot be written."""
        self._files().save(write, path)

    def plot_area(self) -> QRectF:
        """Return where lines are drawn, in the widget's pixels."""
        left = axis_width(self._label_font(), self._axis)
        return QRectF(self.rect()).adjusted(left, TOP_PX, -RIGHT_PX, -BOTTOM_PX)

    def sizeHint(self) -> QSize:
        """Return a size at which all labels fit."""
        return QSize(480, 200)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw grid, lines, legend and, under the pointer, the read-out."""
        painter = QPainter(self)
        painter.setFont(self._label_font())
        area = self.plot_area()
        self._draw_grid(painter, area)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_lines(painter, area)
        lines = [(label, self._colour(token)) for label, token in self.series]
        draw_legend(painter, self._theme.tokens, self.rect(), self.unit, lines)
        if not any(points.size for points in self._points):
            draw_empty(painter, self._theme.tokens, area, self.empty_text)
        elif self._cursor is not None:
            ago_s = (1.0 - self._cursor) * self.span_s
            values = self.values_at(self._now_s - ago_s)
            rows = [(*line, value) for line, value in zip(lines, values, strict=True)]
            at = area.left() + self._cursor * area.width()
            draw_read_out(painter, self._theme.tokens, area, at, (ago_s, self.unit, rows))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Read values under the pointer."""
        area = self.plot_area()
        self._read_at((event.position().x() - area.left()) / max(1.0, area.width()))

    def leaveEvent(self, event: QEvent) -> None:
        """Take the read-out away."""
        self._cursor = None
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the read-out with the arrow keys; Escape takes it away."""
        step = key_step(event.key())
        if step:
            self._read_at((1.0 if self._cursor is None else self._cursor) + step)
        elif event.key() == Qt.Key.Key_Escape and self._cursor is not None:
            self._cursor = None
            self.update()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer to save the chart."""
        self.save_menu().popup(event.globalPos())

    def save_menu(self) -> QMenu:
        """Return the menu that offers to save the chart; it goes when it is closed."""
        return self._files().menu()

    def _read_at(self, part: float) -> None:
        self._cursor = min(1.0, max(0.0, part))
        self.update()

    def _colour(self, token: str) -> str:
        return self._theme.tokens.colour(token).name()

    def _files(self) -> ChartFiles:
        # Not kept: it knows this widget, and a ring of the two would outlive its window.
        return ChartFiles(
            self,
            name="chart",
            values="readings",
            write_png=self.write_png,
            write_csv=self.write_csv,
            failed=self.save_failed.emit,
        )

    def _label_font(self) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(LABEL_PX)
        return font

    def _draw_grid(self, painter: QPainter, area: QRectF) -> None:
        tokens = self._theme.tokens
        low, high = self._axis
        step = round_step(high - low, 4)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        # Without a reading the scale would be made up, unless both its ends are fixed.
        is_known = any(map(len, self._points)) or None not in self._ends
        for value in ticks(low, high):
            y = round(area.bottom() - (value - low) / (high - low) * area.height())
            painter.setPen(QPen(tokens.colour("line"), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            if is_known:
                painter.setPen(tokens.colour("mute"))
                label = QRectF(0, y - 8, area.left() - 8, 16)
                painter.drawText(label, right, tick_text(value, step))
        for part, text, alignment in time_labels(self.span_s):
            if part in (0.25, 0.75) and area.width() < ALL_LABELS_PX:
                continue
            x = area.left() + part * area.width()
            shift = {Qt.AlignmentFlag.AlignLeft: 0, Qt.AlignmentFlag.AlignRight: 64}
            label = QRectF(x - shift.get(alignment, 32), area.bottom() + 6, 64, 16)
            painter.setPen(tokens.colour("mute"))
            painter.drawText(label, alignment, text)

    def _draw_lines(self, painter: QPainter, area: QRectF) -> None:
        span = (self._now_s - self.span_s, self._now_s)
        painter.save()
        painter.setClipRect(area.adjusted(0, -DOT_PX, RIGHT_PX, DOT_PX))
        for band, (_, token) in zip(self._bands, self.series, strict=False):
            if len(band):
                fill_between(
                    painter, band, (area, span, self._axis), self._theme.tokens.colour(token)
                )
        for points, (_, token) in zip(self._points, self.series, strict=True):
            if len(points):
                line = polyline(points, area, span, self._axis)
                colour = self._theme.tokens.colour(token)
                if self.is_filled:
                    fill_below(painter, line, area, colour)
                # One pixel wide: wider anti-aliased lines cost several times as much.
                painter.setPen(QPen(colour, 1))
                painter.drawPolyline(line)
                if len(points) <= FEW:
                    painter.setBrush(colour)
                    for point in line.toList():
                        painter.drawEllipse(point, DOT_PX, DOT_PX)
                    painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.restore()
