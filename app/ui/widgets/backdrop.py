"""What rarely changes behind a plot: drawn once, copied from then on."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtWidgets import QWidget

from app.ui.widgets.sound_frame import label_font


class Backdrop:
    """A picture as large as `widget`, in `colour`, with what `draw` adds to it.

    The widget tells Qt that it paints all of itself, so that nothing below it is painted again
    with each frame.
    """

    def __init__(self, draw: Callable[[QPainter], None]) -> None:
        self._draw = draw
        self._key: Hashable = None
        self._picture = QPixmap()

    def paint(self, painter: QPainter, widget: QWidget, colour: str, key: Hashable) -> None:
        """Copy the picture; draw it anew where size, density or `key` differ from the last."""
        ratio = widget.devicePixelRatioF()
        whole = (widget.width(), widget.height(), ratio, colour, key)
        if whole != self._key:
            self._key = whole
            self._picture = QPixmap(widget.size() * ratio)
            self._picture.setDevicePixelRatio(ratio)
            self._picture.fill(QColor(colour))
            inner = QPainter(self._picture)
            inner.setFont(label_font(widget.font()))
            self._draw(inner)
            inner.end()
        painter.drawPixmap(0, 0, self._picture)
