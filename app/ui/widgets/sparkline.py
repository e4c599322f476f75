"""A small line over the last seconds, without axes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import Theme
from app.ui.widgets.scale import fill_below, polyline, within
from app.ui.widgets.turns import Turns


class Sparkline(QWidget):
    """A line in the colour of `token` with a soft fill; the right edge is now.

    low, high: the values at the bottom and top, so that a calm line looks calm; a high of None is
    the highest value seen.
    """

    def __init__(
        self, theme: Theme, token: str, *, low: float, high: float | None, span_s: float = 60.0
    ) -> None:
        super().__init__()
        self._theme = theme
        self._token = token
        self._ends = (low, high)
        self.span_s = span_s
        self._now_s = 0.0
        self._points: NDArray[np.float64] = np.zeros((0, 2))
        self._turns: Turns | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def take_turns(self, turns: Turns) -> None:
        """From now on paint changed points when `turns` says so."""
        self._turns = turns

    def show_points(self, now_s: float, points: NDArray[np.float64]) -> None:
        """Draw `points`, shape (n, 2): seconds, value, sorted."""
        self._now_s = now_s
        self._points = within(points, now_s - self.span_s, now_s)
        if self._turns is None:
            self.update()
        else:
            self._turns.ask(self, self.update)

    def sizeHint(self) -> QSize:
        """Return the height that fits a card."""
        return QSize(120, 40)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the fill and the line, or a flat base line while there is nothing."""
        painter = QPainter(self)
        area = QRectF(self.rect()).adjusted(0, 2, 0, -1)
        if len(self._points) < 2:
            painter.setPen(QPen(self._theme.tokens.colour("line"), 1, Qt.PenStyle.DashLine))
            painter.drawLine(area.bottomLeft(), area.bottomRight())
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(self.rect())
        span = (self._now_s - self.span_s, self._now_s)
        line = polyline(self._points, area, span, self._axis())
        colour = self._theme.tokens.colour(self._token)
        fill_below(painter, line, area, colour)
        painter.setPen(QPen(colour, 1))
        painter.drawPolyline(line)

    def _axis(self) -> tuple[float, float]:
        low, high = self._ends
        top = float(self._points[:, 1].max()) if high is None else high
        return low, top if top > low else low + 1
