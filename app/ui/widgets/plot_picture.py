"""A drawing as a picture, made in one go or part by part between other things."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPixmap

from app.theme import Tokens
from app.ui.widgets.plot_canvas import Canvas
from app.ui.widgets.plot_drawing import Drawing, PartedDrawing
from app.ui.widgets.plot_frame import draw_frame, plot_area


class Picture:
    """What a drawing becomes. It is of one drawing, one size and one set of colours.

    ratio: pixels of the picture for one of the widget's.
    """

    def __init__(
        self, drawing: Drawing | None, *, size: QSize, font: QFont, tokens: Tokens, ratio: float
    ) -> None:
        self._drawing = drawing
        self._room = QRectF(0, 0, size.width(), size.height())
        self._font = font
        self._tokens = tokens
        self._pixmap = QPixmap(size * ratio)
        self._pixmap.setDevicePixelRatio(ratio)
        self._pixmap.fill(tokens.colour("card"))
        self._has_frame = False
        self._left: list[Callable[[Canvas], None]] = []
        if isinstance(drawing, PartedDrawing):
            self._left = list(drawing.parts)
        elif drawing is not None:
            self._left = [drawing.draw]

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left to draw."""
        return not self._left

    def draw_part(self) -> None:
        """Draw the next part: the frame together with the first one."""
        assert self._drawing is not None
        painter = QPainter(self._pixmap)
        painter.setFont(self._font)
        area = plot_area(self._room, QFontMetricsF(self._font), self._drawing)
        canvas = Canvas(painter, self._tokens, area, self._drawing.axes)
        if not self._has_frame:
            draw_frame(canvas, self._room, self._drawing.legend)
            self._has_frame = True
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.save()
        self._left.pop(0)(canvas)
        painter.restore()
        painter.end()

    def finished(self) -> QPixmap:
        """Return the whole picture; what is left is drawn now."""
        while self._left:
            self.draw_part()
        return self._pixmap
