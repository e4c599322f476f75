"""The tries at servers on one axis of time."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import Theme
from app.ui.playground_texts import span_text
from app.ui.playground_why import attempt_text, attempt_title
from app.ui.widgets.painted_text import TextLook, paint_text
from engine.exchange import Attempt

ROW_PX, TITLE_PX, BAR_PX, REASON_PX, AXIS_PX = 36, 18, 8, 16, 18
LEAST_BAR_PX = 3.0


class AttemptWaterfall(QWidget):
    """A bar for each try: pale until the first byte, full from there on."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._attempts: tuple[Attempt, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_attempts(self, attempts: Sequence[Attempt]) -> None:
        """Draw `attempts` in their order."""
        self._attempts = tuple(attempts)
        said = (f"{attempt_title(each)}: {attempt_text(each)[0]}" for each in attempts)
        self.setAccessibleName("Attempts: " + "; ".join(said))
        self.setToolTip(
            "\n".join(f"{attempt_title(each)}: {each.reason or each.outcome}" for each in attempts)
        )
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Return the room of every row and of the axis."""
        reasons = sum(bool(each.reason) for each in self._attempts)
        return QSize(200, len(self._attempts) * ROW_PX + reasons * REASON_PX + AXIS_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the rows and the axis."""
        if not self._attempts:
            return
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        end_s = max((1e-6, *(each.ended_s for each in self._attempts)))
        width, top = float(self.width()), 0.0
        for each in self._attempts:
            text, token = attempt_text(each)
            line = QRectF(0, top, width, TITLE_PX)
            used = self._write(painter, line, text, token, is_right=True)
            self._write(painter, line.adjusted(0, 0, -used - 12, 0), attempt_title(each), "text")
            lane = QRectF(0, top + TITLE_PX + 2, width, BAR_PX)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.raised))
            painter.drawRoundedRect(lane, 4, 4)
            self._draw_bar(painter, lane, each, end_s)
            top += ROW_PX
            if each.reason:
                self._write(painter, QRectF(0, top - 6, width, REASON_PX), each.reason, "mute")
                top += REASON_PX
        axis = QRectF(0, self.height() - AXIS_PX, width, AXIS_PX)
        self._write(painter, axis, "0", "mute")
        self._write(painter, axis, span_text(end_s * 1000), "mute", is_right=True)

    def _draw_bar(self, painter: QPainter, lane: QRectF, each: Attempt, end_s: float) -> None:
        colour = self._theme.tokens.colour(attempt_text(each)[1])
        pale = QColor(colour)
        pale.setAlpha(90)
        left = lane.left() + each.began_s / end_s * lane.width()
        right = lane.left() + each.ended_s / end_s * lane.width()
        right = max(right, left + LEAST_BAR_PX)
        first = right
        if each.first_byte_s is not None:
            first = min(right, lane.left() + each.first_byte_s / end_s * lane.width())
        has_words = each.first_byte_s is not None
        painter.setBrush(pale if has_words else colour)
        painter.drawRoundedRect(QRectF(left, lane.top(), right - left, BAR_PX), 4, 4)
        if has_words and right - first > 1:
            painter.setBrush(colour)
            painter.drawRoundedRect(QRectF(first, lane.top(), right - first, BAR_PX), 4, 4)

    def _write(
        self, painter: QPainter, box: QRectF, text: str, token: str, *, is_right: bool = False
    ) -> int:
        colour = str(getattr(self._theme.tokens, token))
        return paint_text(painter, box, text, TextLook(colour, is_right=is_right))
