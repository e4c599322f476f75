"""A map of rows and columns whose fields are coloured by a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.theme import Theme
from app.ui.plain_texts import plain_tip
from app.ui.widgets.colour_scale import colour_table
from app.ui.widgets.painted_text import TextLook, paint_text

NAME_PX = 152
TITLE_PX = 28
LEAST_FIELD = QSize(84, 44)
TALLEST_PX = 76
GAP_PX = 3

Place = tuple[int, int]
"""Row and column."""


@dataclass(frozen=True, slots=True)
class HeatField:
    """One field."""

    text: str
    note: str
    part: float | None
    """Where its colour lies on the scale, 0 to 1; None where it has no value."""
    tooltip: str = ""


class HeatMap(QWidget):
    """Fields by row and column; arrows move, Enter and a click open one.

    opened(row, column): the user wants to see a field.
    """

    opened = Signal(int, int)

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme = theme
        self._rows: tuple[str, ...] = ()
        self._columns: tuple[str, ...] = ()
        self._fields: Mapping[Place, HeatField] = {}
        self._at: Place = (0, 0)
        self._scale: list[int] = []
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        theme.changed.connect(self._recolour)
        self._recolour()

    def show_fields(
        self, rows: Sequence[str], columns: Sequence[str], fields: Mapping[Place, HeatField]
    ) -> None:
        """Show `fields`; places without one stay empty."""
        self._rows, self._columns, self._fields = tuple(rows), tuple(columns), dict(fields)
        if self._at not in self._fields:
            self._at = min(self._fields, default=(0, 0))
        self._tell()
        self.updateGeometry()
        self.update()

    @property
    def current(self) -> Place:
        """The field that the keyboard is at."""
        return self._at

    def minimumSizeHint(self) -> QSize:
        """Return the room in which every field can be read."""
        width = NAME_PX + len(self._columns) * LEAST_FIELD.width()
        return QSize(width, TITLE_PX + len(self._rows) * LEAST_FIELD.height())

    def sizeHint(self) -> QSize:
        """Return the same."""
        return self.minimumSizeHint()

    def box(self, place: Place) -> QRectF:
        """Return where a field is, in the widget's pixels."""
        width = (self.width() - NAME_PX) / max(1, len(self._columns))
        height = min(TALLEST_PX, (self.height() - TITLE_PX) / max(1, len(self._rows)))
        row, column = place
        whole = QRectF(NAME_PX + column * width, TITLE_PX + row * height, width, height)
        return whole.adjusted(GAP_PX, GAP_PX, -GAP_PX, -GAP_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw titles and fields."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = self._theme.tokens
        for column, title in enumerate(self._columns):
            box = self.box((0, column))
            room = QRectF(box.left(), 0, box.width(), TITLE_PX)
            paint_text(painter, room, title, TextLook(tokens.mute))
        for row, name in enumerate(self._rows):
            box = self.box((row, 0))
            room = QRectF(0, box.top(), NAME_PX - 8, box.height())
            paint_text(painter, room, name, TextLook(tokens.text, 13))
            for column in range(len(self._columns)):
                self._draw_field(painter, (row, column))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move among the fields, or open one."""
        key = Qt.Key(event.key())
        steps = {
            Qt.Key.Key_Left: (0, -1),
            Qt.Key.Key_Right: (0, 1),
            Qt.Key.Key_Up: (-1, 0),
            Qt.Key.Key_Down: (1, 0),
        }
        if key in steps:
            self._move(steps[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            if self._at in self._fields:
                self.opened.emit(*self._at)
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Open the field under the pointer."""
        place = self._place(event.position())
        if place is not None:
            self._at = place
            self.update()
            self.opened.emit(*place)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show where a click does something."""
        is_field = self._place(event.position()) is not None
        self.setCursor(
            Qt.CursorShape.PointingHandCursor if is_field else Qt.CursorShape.ArrowCursor
        )

    def event(self, event: QEvent) -> bool:
        """Tell what a field means where the pointer rests."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            place = self._place(QPointF(event.pos()))
            text = "" if place is None else self._fields[place].tooltip
            QToolTip.showText(event.globalPos(), plain_tip(text), self)
            return True
        return super().event(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the keyboard is."""
        super().focusInEvent(event)
        self.update()

    def _move(self, step: Place) -> None:
        row, column = self._at[0] + step[0], self._at[1] + step[1]
        while 0 <= row < len(self._rows) and 0 <= column < len(self._columns):
            if (row, column) in self._fields:
                self._at = (row, column)
                self._tell()
                self.update()
                return
            row, column = row + step[0], column + step[1]

    def _place(self, at: QPointF) -> Place | None:
        return next((place for place in self._fields if self.box(place).contains(at)), None)

    def _draw_field(self, painter: QPainter, place: Place) -> None:
        tokens, box, field = self._theme.tokens, self.box(place), self._fields.get(place)
        is_current = self.hasFocus() and place == self._at
        painter.setPen(QPen(QColor(tokens.text), 2) if is_current else Qt.PenStyle.NoPen)
        if field is None or field.part is None:
            painter.setBrush(QColor(tokens.raised))
            painter.drawRoundedRect(box, 6, 6)
        if field is None:
            return
        ink, quiet = tokens.text, tokens.mute
        if field.part is not None:
            colour = QColor.fromRgb(self._scale[round(255 * min(1.0, max(0.0, field.part)))])
            painter.setBrush(colour)
            painter.drawRoundedRect(box, 6, 6)
            ink = quiet = "#0b1220" if colour.lightness() > 140 else "#ffffff"
        inner = box.adjusted(10, 3, -6, -3)
        upper, lower = QRectF(inner), QRectF(inner)
        upper.setHeight(inner.height() * 0.56)
        lower.setTop(upper.bottom())
        paint_text(painter, upper, field.text, TextLook(ink, 14))
        paint_text(painter, lower, field.note, TextLook(quiet, 11))

    def _recolour(self) -> None:
        tokens = self._theme.tokens
        stops = ("#2a2350", "#3f6fd8", "#7fe0c0") if tokens.is_dark else (
            "#e9ddff", "#6ea0f5", "#0f6b58")  # fmt: skip
        self._scale = colour_table(stops)
        self.update()

    def _tell(self) -> None:
        field = self._fields.get(self._at)
        self.setAccessibleDescription("" if field is None else field.tooltip)
