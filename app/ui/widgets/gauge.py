"""A bar that shows how much of something is taken."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import Theme

BAR_PX = 8
WARN_AT = 0.85
BAD_AT = 0.95


class Gauge(QWidget):
    """A bar filled to a part in [0, 1]; amber from 85 %, red from 95 % on.

    warn_at: where amber begins; above 1 for what is the better the fuller it is.
    """

    def __init__(self, theme: Theme, token: str, *, warn_at: float = WARN_AT) -> None:
        super().__init__()
        self._warn_at = warn_at
        self._theme = theme
        self._token = token
        self._part: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_part(self, part: float | None) -> None:
        """Fill the bar to `part`; None shows it empty."""
        self._part = None if part is None else min(1.0, max(0.0, part))
        self.update()

    def sizeHint(self) -> QSize:
        """Return the height of a sparkline, so that cards line up."""
        return QSize(120, 40)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the groove and what is taken."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        groove = QRectF(0, self.height() - BAR_PX - 8, self.width(), BAR_PX)
        painter.setBrush(self._theme.tokens.colour("line"))
        painter.drawRoundedRect(groove, BAR_PX / 2, BAR_PX / 2)
        if self._part:
            filled = QRectF(groove)
            filled.setWidth(max(BAR_PX, groove.width() * self._part))
            painter.setBrush(self._theme.tokens.colour(self._colour_of(self._part)))
            painter.drawRoundedRect(filled, BAR_PX / 2, BAR_PX / 2)

    def _colour_of(self, part: float) -> str:
        if part < self._warn_at:
            return self._token
        return "bad" if part >= BAD_AT else "warn"
