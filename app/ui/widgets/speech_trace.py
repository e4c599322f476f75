"""How sure the engine is that somebody speaks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import Theme
from app.ui.widgets.backdrop import Backdrop
from app.ui.widgets.polyline import polygon
from app.ui.widgets.sound_frame import (
    SPAN_S,
    draw_gutter_label,
    draw_name,
    draw_time_grid,
    draw_time_labels,
    plot_area,
    x_of,
)

AXIS_PX = 20


def stretches(is_speech: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return where `is_speech` holds, as (first, last) indices of each unbroken stretch."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], is_speech, [False])).astype(np.int8)))
    return [(int(first), int(end) - 1) for first, end in edges.reshape(-1, 2)]


class SpeechTrace(QWidget):
    """Speech probability over the last 8 seconds, shaded where it counts as speech."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._rows = np.zeros((0, 2))
        self._threshold = 0.5
        self.setAccessibleName("Speech probability of the last 8 seconds")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._backdrop = Backdrop(self._draw_backdrop)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Return a height for the trace and the seconds under it."""
        return QSize(480, 40 + AXIS_PX)

    def minimumSizeHint(self) -> QSize:
        """Return the least height that still shows certain and uncertain."""
        return QSize(200, 32 + AXIS_PX)

    def show_speech(self, rows: NDArray[np.float64], *, threshold: float) -> None:
        """Draw `rows`, shape (n, 2): seconds, probability in [0, 1]; shaded from `threshold`."""
        if threshold == self._threshold and np.array_equal(rows, self._rows):
            return
        self._rows, self._threshold = rows, threshold
        # The line is as wide as a pixel, half of it above the plot's edge.
        self.update(self._area().adjusted(0, -1, 0, 1).toAlignedRect())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw speech as shading, the probability as a line, the seconds below."""
        tokens = self._theme.tokens
        painter = QPainter(self)
        self._backdrop.paint(painter, self, tokens.card, tokens)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_trace(painter, self._area())

    def _area(self) -> QRectF:
        return plot_area(self.rect(), below_px=AXIS_PX)

    def _draw_backdrop(self, painter: QPainter) -> None:
        tokens = self._theme.tokens
        area = self._area()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        draw_time_grid(painter, area, tokens.line)
        for level in (0.0, 1.0):
            y = round(area.bottom() - level * (area.height() - 1)) - 0.5
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
        painter.setPen(QPen(QColor(tokens.mute), 1))
        draw_gutter_label(painter, area, area.top(), "100 %")
        draw_gutter_label(painter, area, area.bottom(), "0 %")
        draw_time_labels(painter, area)
        draw_name(painter, area, "Speech", tokens.dim)

    def _draw_trace(self, painter: QPainter, area: QRectF) -> None:
        if len(self._rows) < 2:
            return
        end_s = self._rows[-1, 0]
        rows = self._rows[self._rows[:, 0] >= end_s - SPAN_S]
        x = np.asarray(x_of(area, rows[:, 0], end_s))
        speech = QColor(self._theme.tokens.ok)
        shade = QColor(speech)
        shade.setAlpha(40)
        for first, last in stretches(rows[:, 1] >= self._threshold):
            width = max(1.0, x[last] - x[first])
            painter.fillRect(QRectF(x[first], area.top(), width, area.height()), shade)
        y = area.bottom() - 1 - rows[:, 1] * (area.height() - 2)
        painter.setPen(QPen(speech, 1))
        painter.drawPolyline(polygon(np.stack([x, y], axis=1)))
