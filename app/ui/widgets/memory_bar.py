"""A card's memory as one bar, stacked by who holds it, and the legend of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QHelpEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.theme import Theme, Tokens
from app.ui.plain_texts import plain_tip
from app.ui.widgets.painted_text import TextLook, paint_text

HUES = (214, 168, 280, 325, 96, 28)
"""Of the holders; told apart by most who see few colours, since their lightness is the same and
the legend names them."""
GAP_PX = 1.0
LEAST_PX = 2.0
"""What is there is seen, however small."""
RADIUS_PX = 4.0
PROMISED_ALPHA = 90
"""Of what a holder was promised and does not use."""


@dataclass(frozen=True, slots=True)
class BarPart:
    """One stretch of the bar."""

    name: str
    mib: int
    look: str
    """A holder's number as a text, or elsewhere, foreign, idle, returning, margin, driver, rest,
    free."""
    used_mib: int | None = None
    """How much of it is in use; None where that is not told."""
    note: str = ""

    @property
    def words(self) -> str:
        """Name and size, for whoever points at it or cannot see it."""
        text = f"{self.name}: {self.mib:,} MiB"
        return f"{text}, {self.note}" if self.note else text


def look_colour(tokens: Tokens, look: str) -> QColor:
    """Return the colour of a stretch."""
    if look.isdigit():
        lightness = 165 if tokens.is_dark else 118
        return QColor.fromHsl(HUES[int(look) % len(HUES)], 165, lightness)
    token = {"elsewhere": "accent", "foreign": "mute", "idle": "violet", "returning": "dim"}.get(
        look, "line"
    )
    return tokens.colour(token)


def look_brush(tokens: Tokens, look: str) -> QBrush:
    """Return what a stretch is filled with: hatched where nobody uses it, yet it is taken."""
    colour = look_colour(tokens, look)
    if look == "free":
        return QBrush(tokens.colour("raised"))
    if look in ("margin", "driver"):
        return QBrush(tokens.colour("mute"), Qt.BrushStyle.BDiagPattern)
    if look == "elsewhere":
        return QBrush(colour, Qt.BrushStyle.DiagCrossPattern)
    if look in ("idle", "returning"):
        return QBrush(colour, Qt.BrushStyle.Dense4Pattern)
    return QBrush(colour)


def promise_brush(tokens: Tokens, look: str) -> QBrush:
    """Return what is filled with that was promised and is not used: paler, or hatched."""
    if look == "elsewhere":
        return look_brush(tokens, look)
    pale = look_colour(tokens, look)
    pale.setAlpha(PROMISED_ALPHA)
    return QBrush(pale)


class MemoryBar(QWidget):
    """The stretches in their order; what is promised and not used is paler."""

    def __init__(self, theme: Theme, height_px: int = 22) -> None:
        super().__init__()
        self._theme = theme
        self._height_px = height_px
        self._parts: tuple[BarPart, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    @property
    def parts(self) -> tuple[BarPart, ...]:
        """What is drawn."""
        return self._parts

    def show_parts(self, parts: Sequence[BarPart]) -> None:
        """Draw `parts`; all of them together are the whole width."""
        if tuple(parts) == self._parts:
            return
        self._parts = tuple(parts)
        self.setAccessibleName("Memory. " + ". ".join(part.words for part in parts))
        self.update()

    def sizeHint(self) -> QSize:
        """Return the height of the bar."""
        return QSize(160, self._height_px)

    def stretches(self) -> list[tuple[BarPart, QRectF]]:
        """Return where each part is drawn."""
        whole = sum(part.mib for part in self._parts)
        if not whole:
            return []
        found, left = [], 0.0
        for part in self._parts:
            width = self.width() * part.mib / whole
            shown = max(LEAST_PX, width - GAP_PX)
            found.append((part, QRectF(left, 0, shown, self.height())))
            left += width
        return found

    def event(self, event: QEvent) -> bool:
        """Tell what is under the pointer."""
        if isinstance(event, QHelpEvent):
            for part, box in self.stretches():
                if box.contains(event.pos()):
                    QToolTip.showText(event.globalPos(), plain_tip(part.words), self)
                    return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bar."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        outline = QPainterPath()
        outline.addRoundedRect(QRectF(self.rect()), RADIUS_PX, RADIUS_PX)
        painter.setClipPath(outline)
        painter.fillRect(self.rect(), self._theme.tokens.colour("raised"))
        for part, box in self.stretches():
            self._draw(painter, part, box)

    def _draw(self, painter: QPainter, part: BarPart, box: QRectF) -> None:
        tokens = self._theme.tokens
        if part.used_mib is None or part.used_mib >= part.mib:
            painter.fillRect(box, look_brush(tokens, part.look))
            return
        painter.fillRect(box, promise_brush(tokens, part.look))
        used = QRectF(box)
        used.setWidth(box.width() * part.used_mib / part.mib)
        painter.fillRect(used, look_colour(tokens, part.look))


ROW_PX = 20
COLUMN_PX = 200
BETWEEN_PX = 20
SWATCH_PX = 10
NUMBER_PX = 82


class MemoryLegend(QWidget):
    """Names and sizes of the stretches, in as many columns as there is room for.

    most_rows: further ones are counted together; None shows all.
    """

    def __init__(self, theme: Theme, most_rows: int | None = None) -> None:
        super().__init__()
        self._theme = theme
        self._most_rows = most_rows
        self._parts: tuple[BarPart, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_parts(self, parts: Sequence[BarPart]) -> None:
        """List `parts`."""
        if tuple(parts) == self._parts:
            return
        self._parts = tuple(parts)
        self._fit()
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Take as many rows as the columns leave."""
        super().resizeEvent(event)
        self._fit()

    def shown(self) -> tuple[BarPart, ...]:
        """Return what is listed: where there is no room for all, the last row sums up the rest."""
        room = len(self._parts)
        if self._most_rows is not None:
            room = self._most_rows * self._columns(self.width())
        if len(self._parts) <= room:
            return self._parts
        # What is free matters most, and stands last.
        kept, rest = self._parts[: room - 2], self._parts[room - 2 : -1]
        others = BarPart(f"{len(rest)} more", sum(part.mib for part in rest), "rest")
        return (*kept, others, self._parts[-1])

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw a swatch, the name and the size of each."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        parts, columns = self.shown(), self._columns(self.width())
        width = (self.width() - BETWEEN_PX * (columns - 1)) / columns
        rows = max(1, -(-len(parts) // columns))
        for number, part in enumerate(parts):
            column, row = divmod(number, rows)
            box = QRectF(column * (width + BETWEEN_PX), row * ROW_PX, width, ROW_PX)
            self._draw_row(painter, part, box)

    def _draw_row(self, painter: QPainter, part: BarPart, box: QRectF) -> None:
        tokens = self._theme.tokens
        swatch = QRectF(box.left(), box.center().y() - SWATCH_PX / 2, SWATCH_PX, SWATCH_PX)
        painter.setPen(tokens.colour("line"))
        painter.setBrush(look_brush(tokens, part.look))
        painter.drawRoundedRect(swatch, 2, 2)
        name = box.adjusted(SWATCH_PX + 8, 0, -NUMBER_PX, 0)
        paint_text(painter, name, part.name, TextLook(tokens.dim))
        number = QRectF(box.right() - NUMBER_PX, box.top(), NUMBER_PX, box.height())
        paint_text(painter, number, f"{part.mib:,} MiB", TextLook(tokens.text, is_right=True))

    def _fit(self) -> None:
        # Not by heightForWidth: a page around it would then be as tall as all wish to be.
        rows = self._most_rows or max(1, -(-len(self._parts) // self._columns(self.width())))
        if self.height() != ROW_PX * rows:
            self.setFixedHeight(ROW_PX * rows)

    def _columns(self, width: int) -> int:
        return max(1, (width + BETWEEN_PX) // (COLUMN_PX + BETWEEN_PX))
