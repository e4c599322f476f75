"""What stands around a drawing: grid, labels, titles, legend and read-out."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPen

from app.ui.widgets.plot_canvas import Canvas
from app.ui.widgets.plot_drawing import Drawing, ReadOut

LABEL_PX = 11
TOP_PX = 26
BARE_TOP_PX = 6
"""Where neither a title nor a legend stands above the drawing."""
BOTTOM_PX = 22
TITLE_PX = 16
RIGHT_PX = 10
GAP_PX = 8
DASH_PX = 12
ROW_PX = 18
LEAST_LEFT_PX = 12
DOT_PX = 3.5


def plot_area(room: QRectF, metrics: QFontMetricsF, drawing: Drawing) -> QRectF:
    """Return where `drawing` goes within `room`."""
    x, y = drawing.axes
    widest = max((metrics.horizontalAdvance(text) for _, text in y.ticks), default=0.0)
    left = max(LEAST_LEFT_PX, widest + GAP_PX)
    bottom = BOTTOM_PX + (TITLE_PX if x.title else 0)
    return room.adjusted(
        left, TOP_PX if drawing.legend or y.title else BARE_TOP_PX, -RIGHT_PX, -bottom
    )


def draw_frame(canvas: Canvas, room: QRectF, legend: Sequence[tuple[str, str]]) -> None:
    """Draw grid and labels, the axes' titles, and the legend at the top right."""
    painter, area = canvas.painter, canvas.area
    right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    for value, text in canvas.y.ticks:
        at = round(canvas.down(value))
        painter.setPen(QPen(canvas.colour("line"), 1))
        painter.drawLine(QPointF(area.left(), at), QPointF(area.right(), at))
        painter.setPen(canvas.colour("mute"))
        painter.drawText(QRectF(0, at - 8, area.left() - GAP_PX, 16), right, text)
    _draw_bottom(canvas, room)
    painter.setPen(canvas.colour("mute"))
    title = QRectF(0, 0, room.width(), 16)
    painter.drawText(title, Qt.AlignmentFlag.AlignVCenter, canvas.y.title)
    _draw_legend(canvas, room, legend)


def _draw_bottom(canvas: Canvas, room: QRectF) -> None:
    painter, area = canvas.painter, canvas.area
    painter.setPen(canvas.colour("mute"))
    free_from = 0.0
    for value, text in canvas.x.ticks:
        width = canvas.text_width(text) + 2
        left = min(canvas.across(value) - width / 2, room.right() - width)
        left = max(left, 0.0)
        if left < free_from:
            continue
        free_from = left + width + GAP_PX
        painter.drawText(
            QRectF(left, area.bottom() + 5, width, 16), Qt.AlignmentFlag.AlignCenter, text
        )
    if canvas.x.title:
        box = QRectF(area.left(), area.bottom() + BOTTOM_PX, area.width(), TITLE_PX)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, canvas.x.title)


def _draw_legend(canvas: Canvas, room: QRectF, legend: Sequence[tuple[str, str]]) -> None:
    painter = canvas.painter
    right = room.right() - RIGHT_PX
    least = canvas.text_width(canvas.y.title) + 2 * GAP_PX
    for label, token in reversed(legend):
        width = canvas.text_width(label) + 2
        if right - width - GAP_PX - DASH_PX < least:
            return
        painter.setPen(canvas.colour("dim"))
        painter.drawText(QRectF(right - width, 0, width, 16), Qt.AlignmentFlag.AlignVCenter, label)
        right -= width + GAP_PX
        painter.setPen(QPen(canvas.colour(token), 2))
        painter.drawLine(QPointF(right - DASH_PX, 8), QPointF(right, 8))
        right -= DASH_PX + 2 * GAP_PX


def draw_read_out(canvas: Canvas, found: ReadOut) -> None:
    """Draw where `found` was read, and a box beside it that tells it."""
    painter, area = canvas.painter, canvas.area
    at = canvas.across(found.x)
    painter.setPen(QPen(canvas.colour("mute"), 1, Qt.PenStyle.DashLine))
    if found.y is None:
        painter.drawLine(QPointF(at, area.top()), QPointF(at, area.bottom()))
    else:
        painter.setPen(QPen(canvas.colour("text"), 1.5))
        painter.drawEllipse(QPointF(at, canvas.down(found.y)), DOT_PX, DOT_PX)
    texts = [found.title, *(f"{name}  {value}".strip() for name, _, value in found.rows)]
    width = max(canvas.text_width(text) for text in texts) + 2 * GAP_PX
    height = len(texts) * ROW_PX + GAP_PX
    fits = at + GAP_PX + width <= area.right()
    left = at + GAP_PX if fits else at - GAP_PX - width
    top = area.top() + 4 if found.y is None else canvas.down(found.y) - height / 2
    top = min(max(top, area.top()), max(area.top(), area.bottom() - height))
    box = QRectF(max(area.left(), left), top, width, height)
    painter.setPen(QPen(canvas.colour("line"), 1))
    painter.setBrush(canvas.colour("raised"))
    painter.drawRoundedRect(box, 6, 6)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    row = QRectF(box.left() + GAP_PX, box.top() + 4, width, ROW_PX)
    for text, token in zip(texts, ["dim", *(token for _, token, _ in found.rows)], strict=True):
        painter.setPen(canvas.colour(token))
        painter.drawText(row, Qt.AlignmentFlag.AlignVCenter, text)
        row.translate(0, ROW_PX)
