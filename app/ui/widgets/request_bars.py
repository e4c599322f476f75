"""The last requests as thin bars: how long each took, and what became of it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import Theme
from app.ui.activity_texts import status_look
from engine.activity import ActivityRecord

BAR_PX, GAP_PX = 3, 1
LEAST_PX = 3.0
LEAST_MS = 1.0
QUIET_ALPHA = 190


class RequestBars(QWidget):
    """The newest at the right. Heights grow with the logarithm: a cached answer shows too."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._bars: tuple[tuple[float, str], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setToolTip(
            "Each bar is a request, the newest at the right: how long it took, on a scale of"
            " powers of ten; violet came from the cache, red failed"
        )
        theme.changed.connect(self.update)

    def show_records(self, records: Sequence[ActivityRecord]) -> None:
        """Draw `records`, the newest first."""
        bars = tuple((each.total_ms or 0.0, _token(each)) for each in records)
        if bars != self._bars:
            self._bars = bars
            self.setAccessibleName(f"How long the last {len(bars)} requests took")
            self.update()

    def sizeHint(self) -> QSize:
        """Return a size that shows something."""
        return QSize(160, 44)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw as many bars as there is room for, on a base line."""
        painter = QPainter(self)
        width, height = float(self.width()), float(self.height())
        painter.fillRect(QRectF(0, height - 1, width, 1), self._theme.tokens.colour("line"))
        room = int(width // (BAR_PX + GAP_PX))
        shown = self._bars[:room]
        most = math.log10(max((10.0, *(ms for ms, _ in shown))) / LEAST_MS)
        painter.setPen(Qt.PenStyle.NoPen)
        right = width
        for ms, token in shown:
            share = math.log10(max(ms, LEAST_MS) / LEAST_MS) / most
            tall = max(LEAST_PX, share * (height - 2))
            colour = self._theme.tokens.colour(token)
            colour.setAlpha(QUIET_ALPHA)
            painter.fillRect(QRectF(right - BAR_PX, height - 1 - tall, BAR_PX, tall), colour)
            right -= BAR_PX + GAP_PX


def _token(record: ActivityRecord) -> str:
    if record.cached:
        return "violet"
    token = status_look(record)[1]
    return "accent" if token == "ok" else token
