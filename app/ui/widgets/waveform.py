"""The last seconds of sound as a waveform."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import Theme
from app.ui.widgets.backdrop import Backdrop
from app.ui.widgets.sound_frame import (
    SPAN_S,
    draw_gutter_label,
    draw_name,
    draw_time_grid,
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


def coverage(columns: NDArray[np.float32], height: int, scale: float) -> NDArray[np.uint8]:
    """Return how much of each pixel the sound covers, shape (height, n), 0..255.

    columns: shape (n, 2), lowest and highest sample of each column of pixels; `scale` is the
    sample at the top edge. Each column reaches to the one before it, so that no line breaks.
    """
    low, high = columns[:, 0].copy(), columns[:, 1].copy()
    low[1:] = np.minimum(low[1:], columns[:-1, 1])
    high[1:] = np.maximum(high[1:], columns[:-1, 0])
    half = height / 2
    top, bottom = half - high / scale * half, half - low / scale * half
    # Silence is a line of one pixel.
    thin = np.maximum(0, 1 - (bottom - top)) / 2
    y = np.arange(height, dtype=np.float32)[:, None]
    covered = np.minimum(bottom + thin, y + 1) - np.maximum(top - thin, y)
    return np.asarray(np.clip(covered, 0, 1) * 255, np.uint8)


class Waveform(QWidget):
    """Lowest and highest sample over the last 8 seconds, the newest at the right."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._rows = np.zeros((0, 2), np.float32)
        self._scale = SCALES[0]
        self._backdrop = Backdrop(self._draw_backdrop)
        self.setAccessibleName("Waveform of the last 8 seconds")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
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
        scale = full_height(rows)
        if scale != self._scale:
            self._scale = scale
            self.update()
        self.update(plot_area(self.rect()).toAlignedRect())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw grid, zero line, sound and name."""
        tokens = self._theme.tokens
        painter = QPainter(self)
        self._backdrop.paint(painter, self, tokens.card, (tokens, self._scale))
        self._draw_sound(painter, plot_area(self.rect()))

    def _draw_backdrop(self, painter: QPainter) -> None:
        tokens = self._theme.tokens
        area = plot_area(self.rect())
        draw_time_grid(painter, area, tokens.line)
        middle = round(area.center().y()) + 0.5
        painter.drawLine(QPointF(area.left(), middle), QPointF(area.right(), middle))
        painter.setPen(QColor(tokens.mute))
        percent = f"{self._scale * 100:.0f} %"
        draw_gutter_label(painter, area, area.top(), percent)
        if area.height() >= ROOM_FOR_ZERO_PX:
            draw_gutter_label(painter, area, middle, "0")
        draw_gutter_label(painter, area, area.bottom(), f"\N{MINUS SIGN}{percent}")
        draw_name(painter, area, "Waveform", tokens.dim)

    def _draw_sound(self, painter: QPainter, area: QRectF) -> None:
        newest = self._rows[-round(SPAN_S / ROW_S) :]
        if len(newest) < 2:
            return
        ratio = self.devicePixelRatioF()
        width = area.width() * min(1.0, len(newest) * ROW_S / SPAN_S)
        columns = envelope(newest, max(2, int(width * ratio)))
        pixels = coverage(columns, max(1, int(area.height() * ratio)), self._scale)
        height, count = pixels.shape
        # Qt reads this memory while it draws, until the end of this function.
        pixels = np.ascontiguousarray(pixels)
        image = QImage(pixels.data, count, height, count, QImage.Format.Format_Indexed8)
        colour = QColor(self._theme.tokens.accent).rgb() & 0xFFFFFF
        image.setColorTable([alpha << 24 | colour for alpha in range(256)])
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(QRectF(area.right() - width, area.top(), width, area.height()), image)
