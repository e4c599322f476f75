"""A filter in a pill: what it lets through, and a menu to choose that from."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QFont, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QMenu, QSizePolicy

from app.theme import Theme

HEIGHT_PX, PAD_PX, SIGN_PX = 30, 12, 16
MOST_TEXT_PX = 132
"""A longer value is shortened; its tooltip tells it whole."""


class FilterChip(QAbstractButton):
    """`chosen(value)` when the user picks one of the values; "" lets everything through."""

    chosen = Signal(str)
    opened = Signal()
    """Its menu is about to show."""

    def __init__(self, theme: Theme, name: str, everything: str) -> None:
        super().__init__()
        self._theme = theme
        self._name = name
        self._everything = everything
        self._choices: tuple[tuple[str, str], ...] = ()
        self._value = ""
        self.menu = QMenu(self)
        self.menu.triggered.connect(self._take)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.clicked.connect(self._open)
        theme.changed.connect(self.update)
        self._tell()

    @property
    def value(self) -> str:
        """What is let through; "" for everything."""
        return self._value

    def show_choices(self, choices: Sequence[tuple[str, str]]) -> None:
        """Offer (value, text) of `choices` from the next time on that the menu opens."""
        self._choices = tuple(choices)
        self._tell()

    def show_value(self, value: str) -> None:
        """Show `value` as chosen."""
        self._value = value
        self._tell()

    def build_menu(self) -> None:
        """Fill the menu with what is offered now."""
        self.menu.clear()
        offered = [("", self._everything), *self._choices]
        if self._value not in dict(offered):
            offered.append((self._value, self._value))
        for value, text in offered:
            action = self.menu.addAction(text)
            action.setData(value)
            action.setCheckable(True)
            action.setChecked(value == self._value)

    def sizeHint(self) -> QSize:
        """Return the room of the text and the sign."""
        return QSize(2 * PAD_PX + SIGN_PX + self._metrics_width(), HEIGHT_PX)

    def minimumSizeHint(self) -> QSize:
        """Return the same: a chip is never cut."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the pill, the text and an arrow."""
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        is_lit = self.hasFocus() or bool(self._value)
        edge = "accent" if is_lit else "mute" if self.underMouse() else "line"
        painter.setPen(QPen(tokens.colour(edge), 1))
        painter.setBrush(tokens.colour("selection" if self._value else "raised"))
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(box, HEIGHT_PX / 2 - 1, HEIGHT_PX / 2 - 1)
        painter.setFont(self._font())
        painter.setPen(tokens.colour("text" if self._value else "dim"))
        words = QRectF(PAD_PX, 0, self._metrics_width() + 2, self.height())
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, self._shown())
        painter.setPen(QPen(tokens.colour("dim"), 1.5))
        x, y = self.width() - PAD_PX - 4.0, self.height() / 2 - 1.5
        painter.drawPolyline([QPointF(x - 3.5, y), QPointF(x, y + 3.5), QPointF(x + 3.5, y)])

    def _font(self) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(12)
        font.setWeight(QFont.Weight.Medium)
        return font

    def _text(self) -> str:
        if not self._value:
            return self._name
        return dict(self._choices).get(self._value, self._value)

    def _shown(self) -> str:
        metrics = QFontMetrics(self._font())
        return metrics.elidedText(self._text(), Qt.TextElideMode.ElideRight, MOST_TEXT_PX)

    def _metrics_width(self) -> int:
        return QFontMetrics(self._font()).horizontalAdvance(self._shown())

    def _tell(self) -> None:
        text = self._text() if self._value else self._everything
        self.setAccessibleName(f"{self._name}: {text}")
        self.setToolTip(f"{self._name}: {text}")
        self.updateGeometry()
        self.update()

    def _open(self) -> None:
        self.opened.emit()
        self.build_menu()
        self.menu.popup(self.mapToGlobal(self.rect().bottomLeft()))

    def _take(self, action: QAction) -> None:
        value = str(action.data())
        if value != self._value:
            self.show_value(value)
            self.chosen.emit(value)
