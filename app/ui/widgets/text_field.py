"""A number or a word, typed."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QLineEdit

from app.theme import Theme
from engine.decimals import decimals

UNIT_PX = 48
"""Room for the longest unit, "tokens"."""
GAP_PX = 6
PADDING_PX = 8
DIGITS = 12
"""A year in seconds is still written out."""


class TextField(QLineEdit):
    """Emits `edited(value)` on Enter and when it loses the focus after a change.

    kind: int, float or str. What cannot be read as that kind is emitted as the text it is, so
    that whoever checks it can say what is wrong. Up and Down step a number by `step`.
    """

    edited = Signal(object)
    cancelled = Signal()
    """Escape: the user wants the value back that was there before."""

    def __init__(self, theme: Theme, kind: type, *, unit: str = "", step: float = 1) -> None:
        super().__init__()
        self._theme = theme
        self._unit = unit
        self._kind = kind
        self._step = step
        if kind is not str:
            self.setAlignment(Qt.AlignmentFlag.AlignRight)
            # Without a unit too, so that numbers below each other line up.
            self.setTextMargins(0, 0, UNIT_PX, 0)
        self.returnPressed.connect(self._emit)

    @property
    def value(self) -> object:
        """What is typed, as the field's kind; the text itself where it is no such thing."""
        text = self.text().strip()
        try:
            return self._kind(text)
        except ValueError:
            return text

    def show_value(self, value: object) -> None:
        """Show `value`, unless the user is typing."""
        if self.hasFocus() and self.isModified():
            return
        self.setText(decimals(value, DIGITS) if isinstance(value, float) else str(value))

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Emit what was typed."""
        super().focusOutEvent(event)
        self._emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Step a number with Up and Down."""
        steps = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()), 0)
        value = self.value
        if steps and isinstance(value, int | float):
            changed = round(value + steps * self._step, 6)
            self.setText(decimals(changed, DIGITS))
            self.setModified(True)
            self._emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.setModified(False)
            self.cancelled.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the unit behind the number."""
        super().paintEvent(event)
        if self._unit:
            painter = QPainter(self)
            painter.setPen(self._theme.tokens.colour("mute"))
            room = QRectF(self.rect()).adjusted(0, 0, -PADDING_PX, 0)
            left = room.right() - UNIT_PX + GAP_PX
            room.setLeft(left)
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, self._unit)

    def _emit(self) -> None:
        if self.isModified():
            self.setModified(False)
            self.edited.emit(self.value)
