"""The last seconds of sound as a spectrogram."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import Theme, Tokens
from app.ui.widgets.backdrop import Backdrop
from app.ui.widgets.colour_scale import colour_table
from app.ui.widgets.sound_frame import (
    SPAN_S,
    draw_gutter_label,
    draw_name,
    draw_time_grid,
    plot_area,
)

ROW_S = 0.032
LOWEST_HZ, HIGHEST_HZ = 60.0, 7600.0
ROOM_NEEDED_PX = {500: 96, 1000: 0, 2000: 72, 4000: 0}
"""Each tick's label is written from this height on, so that none covers another."""

QUIETEST_SHOWN, LOUDEST_SHOWN = 30, 215
"""Of 0..255 for -90..0 dB: below -79 dB a room's noise would only look busy; no band of a voice
passes -14 dB."""


def mel(frequency_hz: float) -> float:
    """Return the pitch in mel. Source: O'Shaughnessy 1987, 2595 log10(1 + f / 700)."""
    return 2595 * math.log10(1 + frequency_hz / 700)


def height_of(frequency_hz: float) -> float:
    """Return where a frequency lies on the axis: 0 at its foot, 1 at its top."""
    foot = mel(LOWEST_HZ)
    return (mel(frequency_hz) - foot) / (mel(HIGHEST_HZ) - foot)


def loudness_colours(tokens: Tokens) -> list[int]:
    """Return 256 colours from quiet to loud; quiet is the colour of the card."""
    if tokens.is_dark:
        stops = (tokens.card, "#3b2f7a", "#8b4fc4", "#f08fa0", "#ffe9c2")
    else:
        stops = (tokens.card, "#c5c8f2", "#8f7fdc", "#8a2f8f", "#2b0b3d")
    return colour_table(stops, low=QUIETEST_SHOWN, high=LOUDEST_SHOWN)


class Spectrogram(QWidget):
    """64 mel bands over the last 8 seconds, the newest at the right."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._rows = np.zeros((0, 64), np.uint8)
        self._pixels = np.zeros((64, 0), np.uint8)
        self._colours = loudness_colours(theme.tokens)
        self.setAccessibleName("Spectrogram of the last 8 seconds")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._backdrop = Backdrop(self._draw_labels)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        theme.changed.connect(self._recolour)

    def sizeHint(self) -> QSize:
        """Return a height at which formants can be told apart."""
        return QSize(480, 112)

    def minimumSizeHint(self) -> QSize:
        """Return the least height for the labels of the axis."""
        return QSize(200, 44)

    def show_spectrum(self, rows: NDArray[np.uint8]) -> None:
        """Draw `rows`, shape (n, 64): mel bands from 60 Hz to 7.6 kHz, 0..255, 32 ms apart."""
        if np.array_equal(rows, self._rows):
            return
        self._rows = rows
        # Qt reads this memory while it draws: one row of the image is one band, highest first.
        self._pixels = np.ascontiguousarray(rows[-round(SPAN_S / ROW_S) :, ::-1].T)
        self.update(plot_area(self.rect()).toAlignedRect())

    def _recolour(self) -> None:
        self._colours = loudness_colours(self._theme.tokens)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the image, the frequency axis and the name."""
        tokens = self._theme.tokens
        area = plot_area(self.rect())
        painter = QPainter(self)
        self._backdrop.paint(painter, self, tokens.card, tokens)
        self._draw_image(painter, area)
        grid = QColor(tokens.line)
        grid.setAlpha(110)
        draw_time_grid(painter, area, grid.name(QColor.NameFormat.HexArgb))
        painter.setPen(QPen(grid, 1))
        for frequency_hz in ROOM_NEEDED_PX:
            y = self._y_of(area, frequency_hz)
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))

    def _draw_labels(self, painter: QPainter) -> None:
        tokens = self._theme.tokens
        area = plot_area(self.rect())
        painter.setPen(QColor(tokens.mute))
        for frequency_hz, needed_px in ROOM_NEEDED_PX.items():
            if area.height() >= needed_px:
                y = self._y_of(area, frequency_hz)
                draw_gutter_label(painter, area, y, f"{frequency_hz / 1000:g} kHz")
        draw_name(painter, area, "Spectrogram", tokens.dim)

    def _y_of(self, area: QRectF, frequency_hz: float) -> float:
        return round(area.bottom() - height_of(frequency_hz) * area.height()) + 0.5

    def _draw_image(self, painter: QPainter, area: QRectF) -> None:
        bands, columns = self._pixels.shape
        if columns == 0:
            return
        image = QImage(
            self._pixels.data,
            columns,
            bands,
            self._pixels.strides[0],
            QImage.Format.Format_Indexed8,
        )
        image.setColorTable(self._colours)
        # Qt scales 32 bits a pixel three times as fast as it scales indices.
        image = image.convertToFormat(QImage.Format.Format_RGB32)
        width = area.width() * min(1.0, columns * ROW_S / SPAN_S)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(QRectF(area.right() - width, area.top(), width, area.height()), image)
