"""The last seconds of sound as a waveform."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import Theme
from app.ui.widgets.polyline import polygon
from app.ui.widgets.sound_frame import (
    SPAN_S,
    draw_gutter_label,
    draw_name,
    draw_time_grid,
    label_font,
    plot_area,
)

ROW_S = 0.008
"""Each row of the engine's waveform spans 8 ms."""

ROOM_FOR_ZERO_PX = 48

SCALES = (0.1, 0.25, 0.5, 1.0)
"""Full heights to choose from: a quiet voice stays visible, and the scale rarely moves."""


def full_height(rows: NDArray[np.float32]) -> float:
    """Return the smallest of SCALES that holds every sample of `rows`, shape (n, 2)."""
    loudest = float(np.abs(rows).max()) if len(rows) else 0.0
    return next((scale for scale in SCALES if loudest <= scale), SCALES[-1])


def envelope(rows: NDArray[np.float32], columns: int) -> NDArray[np.float32]:
    """Return lowest and highest sample of at most `columns` equal stretches of `rows`."""
    if len(rows) <= columns or columns < 1:
        return rows
    starts = np.arange(columns) * len(rows) // columns
    return np.stack(
        [np.minimum.reduceat(rows[:, 0], starts), np.maximum.reduceat(rows[:, 1], starts)], axis=1
    )


class Waveform(QWidget):
    """Lowest and highest sample over the last 8 seconds, the newest at the right."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._rows = np.zeros((0, 2), np.float32)
        self.setAccessibleName("Waveform of the last 8 seconds")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Return a height at which a voice can be read."""
        return QSize(480, 64)

    def minimumSizeHint(self) -> QSize:
        """Return the least height that still shows loud and quiet."""
        return QSize(200, 28)

    def show_waveform(self, rows: NDArray[np.float32]) -> None:
        """Draw `rows`, shape (n, 2): lowest and highest sample in [-1, 1] of each 8 ms."""
        if np.array_equal(rows, self._rows):
            return
        self._rows = rows
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw grid, zero line, sound and name."""
        tokens = self._theme.tokens
        area = plot_area(self.rect())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(label_font(self.font()))
        draw_time_grid(painter, area, tokens.line)
        middle = round(area.center().y()) + 0.5
        painter.drawLine(QPointF(area.left(), middle), QPointF(area.right(), middle))
        scale = full_height(self._rows)
        self._draw_sound(painter, area, scale)
        painter.setPen(QColor(tokens.mute))
        percent = f"{scale * 100:.0f} %"
        draw_gutter_label(painter, area, area.top(), percent)
        if area.height() >= ROOM_FOR_ZERO_PX:
            draw_gutter_label(painter, area, middle, "0")
        draw_gutter_label(painter, area, area.bottom(), f"\N{MINUS SIGN}{percent}")
        draw_name(painter, area, "Waveform", tokens.dim)

    def _draw_sound(self, painter: QPainter, area: QRectF, scale: float) -> None:
        newest = self._rows[-round(SPAN_S / ROW_S) :]
        if len(newest) < 2:
            return
        width = area.width() * min(1.0, len(newest) * ROW_S / SPAN_S)
        columns = envelope(newest, max(2, int(width)))
        points = np.empty((2 * len(columns), 2))
        points[:, 0] = np.repeat(np.linspace(area.right() - width, area.right(), len(columns)), 2)
        half = area.height() / 2 - 1
        points[:, 1] = area.center().y() - columns.ravel() / scale * half
        painter.setPen(QPen(QColor(self._theme.tokens.accent), 1))
        painter.drawPolyline(polygon(points))
