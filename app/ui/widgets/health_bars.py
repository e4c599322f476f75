"""How a server has answered over the last minutes, as a row of small bars."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import Theme

BARS = 30
SPAN_S = 300.0
GAP_PX = 2.0
REST_PX = 3.0
"""Height of a bar for a time in which nobody asked."""
GOOD, FAIR = 0.995, 0.8


def parts_of(points: NDArray[np.float64], now_s: float) -> NDArray[np.float64]:
    """Return the mean of `points` (seconds, share) in each bar, oldest first; nan: nobody asked."""
    width_s = SPAN_S / BARS
    # Bars stand still: each is the same ten seconds from one picture to the next.
    end = np.floor(now_s / width_s) + 1
    place = np.floor(points[:, 0] / width_s) - end + BARS
    inside = (place >= 0) & (place < BARS)
    index = place[inside].astype(int)
    sums = np.bincount(index, weights=points[inside, 1], minlength=BARS)
    counts = np.bincount(index, minlength=BARS)
    means = np.full(BARS, np.nan)
    np.divide(sums, counts, out=means, where=counts > 0)
    return means


def token_of(share: float) -> str:
    """Return the colour of a share of good answers."""
    return "ok" if share >= GOOD else "warn" if share >= FAIR else "bad"


class HealthBars(QWidget):
    """Thirty bars of ten seconds: as high as the share of good answers, and in its colour."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._parts: NDArray[np.float64] = np.full(BARS, np.nan)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip("Answers of the last five minutes; a low grey bar: nobody asked")
        theme.changed.connect(self.update)

    def show_points(self, now_s: float, points: NDArray[np.float64]) -> None:
        """Draw `points`, shape (n, 2): seconds, share of good answers."""
        parts = parts_of(points, now_s)
        if not np.array_equal(parts, self._parts, equal_nan=True):
            self._parts = parts
            self.update()

    def sizeHint(self) -> QSize:
        """Return a size at which every bar is seen."""
        return QSize(148, 22)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bars."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        step = (self.width() + GAP_PX) / BARS
        room = float(self.height())
        for number, share in enumerate(self._parts.tolist()):
            is_known = share == share
            height = max(REST_PX, room * share) if is_known else REST_PX
            colour = QColor(self._theme.tokens.colour(token_of(share) if is_known else "line"))
            painter.setBrush(colour)
            bar = QRectF(number * step, room - height, max(1.0, step - GAP_PX), height)
            painter.drawRoundedRect(bar, 1.0, 1.0)
