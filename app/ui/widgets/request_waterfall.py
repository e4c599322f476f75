"""Where the time of one request went: choosing, each server that was tried, and its words."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import Theme
from app.ui.playground_texts import span_text
from app.ui.playground_why import attempt_text
from app.ui.widgets.painted_text import TextLook, paint_text
from app.ui.widgets.scale import round_step, tick_text
from engine.activity import ActivityRecord

ROW_PX, TITLE_PX, BAR_PX, NOTE_PX, AXIS_PX = 40, 18, 10, 17, 22
LEAST_BAR_PX = 3.0
PALE_ALPHA = 90
LONG_MS = 2_000
TICKS = 4


@dataclass(frozen=True, slots=True)
class Lane:
    """One bar: pale until `first_ms`, full from there to its end."""

    title: str
    begin_ms: float
    end_ms: float
    token: str
    first_ms: float | None = None
    said: str = ""
    """What became of it, at the right."""
    note: str = ""
    """A line below it."""


def lanes_of(record: ActivityRecord) -> tuple[Lane, ...]:
    """Return the bars of `record`; none where nothing is known of its times."""
    lanes = []
    if record.routed_ms is not None:
        took = span_text(record.routed_ms)
        lanes.append(Lane("Choosing the model", 0.0, record.routed_ms, "violet", None, took))
    for attempt in record.attempts:
        said, token = attempt_text(attempt)
        first_s = attempt.first_byte_s
        lanes.append(
            Lane(
                f"{attempt.endpoint}{' (asked beside it)' if attempt.is_hedge else ''}",
                attempt.began_s * 1e3,
                attempt.ended_s * 1e3,
                token,
                None if first_s is None else first_s * 1e3,
                said,
                attempt.reason,
            )
        )
    if record.total_ms is not None and not record.attempts:
        title = "From the cache" if record.cached else "Until the end"
        token = "accent" if record.status < 400 else "bad"
        took = span_text(record.total_ms)
        lanes.append(Lane(title, 0.0, record.total_ms, token, record.first_byte_ms, took))
    return tuple(lanes)


def axis_text(ms: float, step_ms: float, *, is_long: bool) -> str:
    """Return what stands at a tick: seconds where the whole axis is long."""
    if ms == 0:
        return "0"
    if is_long:
        return f"{tick_text(ms / 1e3, step_ms / 1e3)} s"
    return f"{tick_text(ms, step_ms)} ms"


class RequestWaterfall(QWidget):
    """Bars on one axis of time, with a line where the first piece of the answer came."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._lanes: tuple[Lane, ...] = ()
        self._first_ms: float | None = None
        self._end_ms = 1.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_record(self, record: ActivityRecord) -> None:
        """Draw the times of `record`."""
        self._lanes = lanes_of(record)
        self._first_ms = record.first_byte_ms
        self._end_ms = max(
            (record.total_ms or 0.0, 1e-3, *(lane.end_ms for lane in self._lanes)),
        )
        said = "; ".join(f"{lane.title}: {lane.said}" for lane in self._lanes)
        self.setAccessibleName(f"Timings: {said}")
        self.setToolTip("\n".join(f"{lane.title}: {lane.said}" for lane in self._lanes))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Return the room of every bar and of the axis."""
        notes = sum(bool(lane.note) for lane in self._lanes)
        return QSize(200, len(self._lanes) * ROW_PX + notes * NOTE_PX + AXIS_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the axis behind the bars, and the bars."""
        if not self._lanes:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_axis(painter)
        top = 0.0
        for lane in self._lanes:
            self._draw_lane(painter, lane, top)
            top += ROW_PX + (NOTE_PX if lane.note else 0)

    def _draw_axis(self, painter: QPainter) -> None:
        tokens = self._theme.tokens
        step, foot = round_step(self._end_ms, TICKS), self.height() - AXIS_PX
        look = TextLook(tokens.mute, 11)
        ms, right = 0.0, 0.0
        while ms <= self._end_ms * 1.0001:
            x = self._across(ms)
            painter.setPen(QPen(tokens.colour("line"), 1))
            painter.drawLine(QPointF(x, 0), QPointF(x, foot + 2))
            text = axis_text(ms, step, is_long=self._end_ms >= LONG_MS)
            room = painter.fontMetrics().horizontalAdvance(text) + 4
            left = min(max(0.0, x - room / 2), self.width() - room)
            if left >= right:
                paint_text(painter, QRectF(left, foot + 4, room, AXIS_PX - 4), text, look)
                right = left + room + 8
            ms += step
        if self._first_ms is not None:
            x = self._across(self._first_ms)
            painter.setPen(QPen(tokens.colour("accent"), 1, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(x, 0), QPointF(x, foot))

    def _draw_lane(self, painter: QPainter, lane: Lane, top: float) -> None:
        tokens, width = self._theme.tokens, float(self.width())
        # Words stand on the card's colour, so that no line of the axis runs through them.
        box = QRectF(0, top, width, TITLE_PX)
        painter.fillRect(box, tokens.colour("card"))
        said = TextLook(getattr(tokens, "mute" if lane.token == "violet" else lane.token))
        used = paint_text(painter, box, lane.said, TextLook(said.colour, is_right=True))
        rest = box.adjusted(0, 0, -used - 12, 0)
        paint_text(painter, rest, lane.title, TextLook(tokens.text))
        left = self._across(lane.begin_ms)
        right = max(self._across(lane.end_ms), left + LEAST_BAR_PX)
        left = min(left, right - LEAST_BAR_PX, width - LEAST_BAR_PX)
        full, pale = tokens.colour(lane.token), tokens.colour(lane.token)
        pale.setAlpha(PALE_ALPHA)
        y = top + TITLE_PX + 3
        first = right if lane.first_ms is None else min(right, self._across(lane.first_ms))
        has_rest = lane.first_ms is not None
        self._bar(painter, QRectF(left, y, right - left, BAR_PX), pale if has_rest else full)
        if has_rest and right - first > 1:
            self._bar(painter, QRectF(first, y, right - first, BAR_PX), full)
        if lane.note:
            note = QRectF(0, y + BAR_PX + 3, width, NOTE_PX)
            painter.fillRect(note, tokens.colour("card"))
            paint_text(painter, note, lane.note, TextLook(tokens.mute))

    def _bar(self, painter: QPainter, box: QRectF, colour: QColor) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(box, 3, 3)

    def _across(self, ms: float) -> float:
        return ms / self._end_ms * (self.width() - 1) + 0.5
