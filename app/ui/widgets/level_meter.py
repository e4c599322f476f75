"""How loud the microphone is."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import Theme
from app.ui.widgets.backdrop import Backdrop
from app.ui.widgets.sound_frame import GUTTER_PX, draw_name

FLOOR_DBFS = -60.0
"""A quiet room lies near -60 dBFS; nothing below it helps to set a level."""

LOUD_DBFS, TOO_LOUD_DBFS = -12.0, -3.0
"""From the first a voice has little room left, from the second it nears clipping."""

HOLD_S = 1.5
"""As long as peak programme meters hold their peak."""

ROW_S = 0.008
BAR_PX = 12
LAMP_PX = 72


def held_peak_dbfs(waveform: NDArray[np.float32]) -> float | None:
    """Return the highest peak of the last 1.5 s in dBFS; None where there was only silence.

    waveform: shape (n, 2), lowest and highest sample in [-1, 1] of each 8 ms, oldest first.
    """
    newest = waveform[-round(HOLD_S / ROW_S) :]
    peak = float(np.abs(newest).max()) if len(newest) else 0.0
    return 20 * math.log10(peak) if peak > 0 else None


class LevelMeter(QWidget):
    """A bar from -60 to 0 dBFS with the held peak as a tick, and a lamp for clipping."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._shown: tuple[float | None, float | None, bool] = (None, None, False)
        self.setAccessibleName("Microphone level")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._backdrop = Backdrop(self._draw_backdrop)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Return the height of the bar and its scale."""
        return QSize(480, BAR_PX + 20)

    def minimumSizeHint(self) -> QSize:
        """Return the least width at which the scale can be read."""
        return QSize(GUTTER_PX + LAMP_PX + 100, BAR_PX + 20)

    def show_level(
        self, level_dbfs: float | None, *, peak_dbfs: float | None, is_clipping: bool
    ) -> None:
        """Show level and held peak in dBFS; None while nothing is heard."""
        shown = (level_dbfs, peak_dbfs, is_clipping)
        if shown == self._shown:
            return
        was_clipping = self._shown[2]
        self._shown = shown
        self._say(level_dbfs, is_clipping=is_clipping)
        # A pixel more than the bar: what is drawn smoothly reaches beyond its edges.
        changed = self._bar().adjusted(-2, -2, 2, 2).toAlignedRect()
        self.update(self.rect() if is_clipping is not was_clipping else changed)

    def _say(self, level_dbfs: float | None, *, is_clipping: bool) -> None:
        heard = "silent" if level_dbfs is None else f"{level_dbfs:.0f} dBFS"
        said = f"{heard}, clipping" if is_clipping else heard
        if said == self.accessibleDescription():
            return
        self.setAccessibleDescription(said)
        self.setToolTip(
            f"Level {heard}: aim for the bar to reach {LOUD_DBFS:.0f} dBFS when you speak"
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw bar, peak, scale and lamp."""
        level_dbfs, peak_dbfs, is_clipping = self._shown
        tokens = self._theme.tokens
        painter = QPainter(self)
        self._backdrop.paint(painter, self, tokens.card, (tokens, is_clipping))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        bar = self._bar()
        self._draw_bar(painter, bar, level_dbfs)
        if peak_dbfs is not None and peak_dbfs > FLOOR_DBFS:
            x = self._x_of(bar, peak_dbfs)
            painter.setPen(QPen(QColor(self._colour_of(peak_dbfs)), 2))
            painter.drawLine(QPointF(x, bar.top()), QPointF(x, bar.bottom()))

    def _bar(self) -> QRectF:
        return QRectF(GUTTER_PX, 2, self.width() - GUTTER_PX - LAMP_PX - 12, BAR_PX)

    def _draw_backdrop(self, painter: QPainter) -> None:
        tokens = self._theme.tokens
        bar = self._bar()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        draw_name(painter, bar, "Level", tokens.dim)
        painter.setPen(QColor(tokens.mute))
        self._draw_scale(painter, bar)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.line))
        painter.drawRoundedRect(bar, 3, 3)
        self._draw_lamp(painter, bar, is_clipping=self._shown[2])

    def _x_of(self, bar: QRectF, level_dbfs: float) -> float:
        share = (min(max(level_dbfs, FLOOR_DBFS), 0.0) - FLOOR_DBFS) / -FLOOR_DBFS
        return bar.left() + share * bar.width()

    def _colour_of(self, level_dbfs: float) -> str:
        tokens = self._theme.tokens
        if level_dbfs >= TOO_LOUD_DBFS:
            return tokens.bad
        return tokens.warn if level_dbfs >= LOUD_DBFS else tokens.ok

    def _draw_bar(self, painter: QPainter, bar: QRectF, level_dbfs: float | None) -> None:
        if level_dbfs is None or level_dbfs <= FLOOR_DBFS:
            return
        end = self._x_of(bar, level_dbfs)
        edges = (FLOOR_DBFS, LOUD_DBFS, TOO_LOUD_DBFS, 0.0)
        painter.save()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setClipRect(QRectF(bar.left(), bar.top(), end - bar.left(), bar.height()))
        for low, high in pairwise(edges):
            left, right = self._x_of(bar, low), self._x_of(bar, high)
            painter.setBrush(QColor(self._colour_of(low)))
            painter.drawRoundedRect(QRectF(left, bar.top(), right - left - 1, bar.height()), 2, 2)
        painter.restore()

    def _draw_scale(self, painter: QPainter, bar: QRectF) -> None:
        for level in _marks(bar.width()):
            x = self._x_of(bar, level)
            text = "0 dBFS" if level == 0 else f"\N{MINUS SIGN}{-level}"
            box = QRectF(x - 24, bar.bottom() + 4, 48, 14)
            align = Qt.AlignmentFlag.AlignHCenter
            if level == FLOOR_DBFS:
                box.moveLeft(x)
                align = Qt.AlignmentFlag.AlignLeft
            painter.drawText(box, align | Qt.AlignmentFlag.AlignVCenter, text)

    def _draw_lamp(self, painter: QPainter, bar: QRectF, *, is_clipping: bool) -> None:
        tokens = self._theme.tokens
        box = QRectF(self.width() - LAMP_PX, bar.center().y() - 9, LAMP_PX, 18)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.bad if is_clipping else tokens.raised))
        painter.drawRoundedRect(box, 9, 9)
        painter.setPen(QColor(tokens.card if is_clipping else tokens.mute))
        text = "Clipping" if is_clipping else "No clipping"
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)


def _marks(width_px: float) -> tuple[int, ...]:
    """Return the levels in dBFS that have room for their numbers."""
    if width_px < 160:
        return (-60, 0)
    return (-60, -36, -12, 0) if width_px < 280 else (-60, -48, -36, -24, -12, 0)
