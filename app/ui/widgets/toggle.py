"""A switch: on or off, told by its place and its colour."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy

from app.theme import Theme

WIDTH_PX = 40
HEIGHT_PX = 24
KNOB_INSET_PX = 4


class Toggle(QAbstractButton):
    """A checkable button drawn as a switch; Space changes it."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Return the switch's size."""
        return QSize(WIDTH_PX, HEIGHT_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the track, the knob, and a ring while it has the focus."""
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        track = QRectF(self.rect()).adjusted(1, 2, -1, -2)
        is_on = self.isChecked()
        ring = tokens.text if self.hasFocus() else (tokens.accent if is_on else tokens.mute)
        painter.setPen(QPen(QColor(ring), 1.5 if self.hasFocus() else 1))
        painter.setBrush(tokens.colour("accent" if is_on else "raised"))
        if not self.isEnabled():
            painter.setOpacity(0.5)
        painter.drawRoundedRect(track, track.height() / 2, track.height() / 2)
        size = track.height() - 2 * KNOB_INSET_PX
        left = track.right() - KNOB_INSET_PX - size if is_on else track.left() + KNOB_INSET_PX
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tokens.colour("on_accent" if is_on else "mute"))
        painter.drawEllipse(QRectF(left, track.top() + KNOB_INSET_PX, size, size))
