"""Requests that are not over yet, in one line that is always there."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.theme import Theme
from app.ui.activity_texts import elapsed_text, under_way_text, under_way_tip
from app.ui.quantity_texts import count_text
from app.ui.widgets.painted_text import TextLook, paint_text
from engine.activity import UnderWay

HEIGHT_PX, CHIP_PX = 36, 26
PAD_PX, GAP_PX, DOT_PX = 10, 8, 7
TIME_PX = 54
"""Room of a time up to "59.9 s": what is right of it stays where it is while it runs."""
MOST_NAME_PX = 230
MORE_PX = 92
FONT_PX = 12
NOTHING = "Nothing is under way"


class UnderWayStrip(QWidget):
    """A chip for each request, the oldest first; those without room are counted at the end."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._shown: tuple[UnderWay, ...] = ()
        self._now_s = 0.0
        self._chips: list[tuple[QRectF, UnderWay]] = []
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(NOTHING)
        theme.changed.connect(self.update)

    @property
    def text(self) -> str:
        """What it says in words."""
        return self.accessibleName()

    def show_under_way(self, requests: Sequence[UnderWay], now_s: float) -> None:
        """Draw `requests`; now_s: seconds since 1970."""
        if not requests and not self._shown:
            return
        self._shown, self._now_s = tuple(requests), now_s
        told = (f"{under_way_text(each)}, {elapsed_text(each, now_s)}" for each in requests)
        self.setAccessibleName(f"Under way: {'; '.join(told)}" if requests else NOTHING)
        self.update()

    def sizeHint(self) -> QSize:
        """Return the room of a line."""
        return QSize(320, HEIGHT_PX)

    def event(self, event: QEvent) -> bool:
        """Tell on a chip what it has no room for."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            at = next((one for box, one in self._chips if box.contains(event.pos())), None)
            QToolTip.showText(event.globalPos(), under_way_tip(at) if at else "", self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw as many chips as there is room for."""
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._chips = []
        if not self._shown:
            room = QRectF(self.rect()).adjusted(PAD_PX, 0, 0, 0)
            paint_text(painter, room, NOTHING, TextLook(tokens.mute, FONT_PX))
            return
        left = 0.0
        for place, request in enumerate(self._shown):
            box = self._box(painter, request, left)
            is_last = place == len(self._shown) - 1
            if box.right() > self.width() - (0 if is_last else MORE_PX) and place:
                more = f"and {count_text(len(self._shown) - place)} more"
                room = QRectF(left + 4, 0, self.width() - left, self.height())
                paint_text(painter, room, more, TextLook(tokens.mute, FONT_PX))
                return
            self._draw(painter, box, request)
            self._chips.append((box, request))
            left = box.right() + GAP_PX

    def _box(self, painter: QPainter, request: UnderWay, left: float) -> QRectF:
        font = QFont(painter.font())
        font.setPixelSize(FONT_PX)
        painter.setFont(font)
        words = painter.fontMetrics().horizontalAdvance(under_way_text(request)) + 2
        width = 2 * PAD_PX + DOT_PX + 6 + min(words, MOST_NAME_PX) + TIME_PX
        top = (self.height() - CHIP_PX) / 2
        return QRectF(left, top, min(width, self.width() - left) if not left else width, CHIP_PX)

    def _draw(self, painter: QPainter, box: QRectF, request: UnderWay) -> None:
        tokens = self._theme.tokens
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.raised))
        painter.drawRoundedRect(box, CHIP_PX / 2, CHIP_PX / 2)
        # It waits while nobody answers.
        painter.setBrush(QColor(tokens.accent if request.model else tokens.mute))
        dot = QRectF(box.left() + PAD_PX, box.center().y() - DOT_PX / 2, DOT_PX, DOT_PX)
        painter.drawEllipse(dot)
        words = box.adjusted(PAD_PX + DOT_PX + 6, 0, -PAD_PX - TIME_PX, 0)
        paint_text(painter, words, under_way_text(request), TextLook(tokens.text, FONT_PX))
        time = box.adjusted(0, 0, -PAD_PX, 0)
        look = TextLook(tokens.dim, FONT_PX, is_right=True)
        paint_text(painter, time, elapsed_text(request, self._now_s), look)
