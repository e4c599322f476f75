"""Where something lies with some probability, on a scale, beside what it is compared with."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import Theme

BAND_PX, GROOVE_PX, DOT_PX, TICK_PX = 12, 4, 5, 20
EDGE_PX = 6
"""At both ends, so that a dot is whole."""
FAINT = 90
"""Of 255: how much of its colour the band has."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and where it lies, from `least` to `most` of the scale. beside: another mean."""

    mean: float
    low: float
    high: float
    least: float
    most: float
    beside: float | None = None


class IntervalBar(QWidget):
    """A groove with a band from low to high, a dot at the mean, and a line at the other mean."""

    def __init__(self, theme: Theme, token: str) -> None:
        super().__init__()
        self._theme, self._token = theme, token
        self.interval: Interval | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_interval(self, interval: Interval | None) -> None:
        """Draw `interval`; None leaves the groove alone."""
        self.interval = interval
        self.update()

    def sizeHint(self) -> QSize:
        """Return the height of a dot with room around it."""
        return QSize(200, 28)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw from the back to the front."""
        painter, tokens = QPainter(self), self._theme.tokens
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tokens.colour("line"))
        painter.drawRoundedRect(self._bar(0.0, 1.0, GROOVE_PX), GROOVE_PX / 2, GROOVE_PX / 2)
        found = self.interval
        if found is None:
            return
        colour = tokens.colour(self._token)
        band = tokens.colour(self._token)
        band.setAlpha(FAINT)
        painter.setBrush(band)
        bar = self._bar(self._part(found.low), self._part(found.high), BAND_PX)
        painter.drawRoundedRect(bar, BAND_PX / 2, BAND_PX / 2)
        if found.beside is not None:
            painter.setPen(QPen(tokens.colour("text"), 2))
            at = self._x(self._part(found.beside))
            half = TICK_PX / 2
            middle = self.height() / 2
            painter.drawLine(QPointF(at, middle - half), QPointF(at, middle + half))
        painter.setPen(QPen(tokens.colour("card"), 2))
        painter.setBrush(colour)
        painter.drawEllipse(
            QPointF(self._x(self._part(found.mean)), self.height() / 2), DOT_PX, DOT_PX
        )

    def _part(self, value: float) -> float:
        found = self.interval
        if found is None or found.most <= found.least:
            return 0.5
        return min(1.0, max(0.0, (value - found.least) / (found.most - found.least)))

    def _x(self, part: float) -> float:
        return EDGE_PX + part * (self.width() - 2 * EDGE_PX)

    def _bar(self, low: float, high: float, height_px: float) -> QRectF:
        left, right = self._x(low), self._x(high)
        return QRectF(left, (self.height() - height_px) / 2, max(1.0, right - left), height_px)
