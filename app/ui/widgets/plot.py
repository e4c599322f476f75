"""A plot of a drawing: axes, legend, a read-out under the pointer or the keyboard, and export."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFont,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QMenu, QSizePolicy, QWidget

from app.theme import Theme
from app.ui.widgets.chart_files import ChartFiles, key_step, write_picture
from app.ui.widgets.plot_canvas import Canvas
from app.ui.widgets.plot_drawing import Drawing, csv_of
from app.ui.widgets.plot_frame import LABEL_PX, draw_read_out, plot_area
from app.ui.widgets.plot_picture import Picture
from app.ui.widgets.turns import Turns


class Plot(QWidget):
    """Shows one drawing after the other; what was drawn is kept until it changes.

    name: what the picture is of, for whoever cannot see it, and for the file it is saved to.
    save_failed(str): a file the user named cannot be written, and what to do.
    """

    save_failed = Signal(str)

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme = theme
        self.name = name
        self.drawing: Drawing | None = None
        self._kept: QPixmap | None = None
        self._cursor: tuple[float, float | None] | None = None
        self._coming: Picture | None = None
        """What is drawn part by part."""
        self._turns: Turns | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # the card below is not painted
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(160, 120))
        self.setAccessibleName(name)
        self.setToolTip("Arrow keys read values; right-click saves as PNG or CSV")
        theme.changed.connect(self._draw_anew)

    def take_turns(self, turns: Turns) -> None:
        """From now on paint a changed drawing when `turns` says so."""
        self._turns = turns

    def show_drawing(self, drawing: Drawing) -> None:
        """Show `drawing`; nothing happens where it is the one that shows."""
        if drawing is self.drawing:
            return
        is_late = self._coming is not None
        self.drawing = drawing
        self._kept = self._coming = None
        if self._turns is None or is_late:  # it may change faster than there are turns
            self._describe()
            self.update()
        else:
            self._turns.ask(self, self._prepare)

    def sizeHint(self) -> QSize:
        """Return a size at which all labels fit."""
        return QSize(480, 220)

    def area(self) -> QRectF:
        """Return where the drawing is, in the widget's pixels."""
        assert self.drawing is not None
        return plot_area(QRectF(self.rect()), QFontMetricsF(self._label_font()), self.drawing)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Copy what was drawn, and lay the read-out over it."""
        if self._kept is None:
            picture = self._coming or self._picture(self.devicePixelRatioF())
            self._kept, self._coming = picture.finished(), None
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._kept)
        if self.drawing is None:
            return
        painter.setFont(self._label_font())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.hasFocus():
            painter.setPen(QPen(self._theme.tokens.colour("accent"), 1))
            painter.drawRoundedRect(self.area().adjusted(-1, -1, 1, 1), 3, 3)
        found = self.drawing.read(*self._cursor) if self._cursor else None
        if found is not None:
            canvas = Canvas(painter, self._theme.tokens, self.area(), self.drawing.axes)
            draw_read_out(canvas, found)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw anew for another size."""
        super().resizeEvent(event)
        self._draw_anew()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Read values under the pointer."""
        if self.drawing is not None:
            self._cursor = self._place(event.position())
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Take the read-out away."""
        self._cursor = None
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the read-out with the arrow keys; Escape takes it away."""
        step = key_step(event.key())
        if step and self.drawing is not None:
            x = self.drawing.axes[0]
            at = self._cursor[0] + step * (x.high - x.low) if self._cursor else x.high
            self._cursor = (min(x.high, max(x.low, at)), None)
            self._tell()
            self.update()
        elif event.key() == Qt.Key.Key_Escape and self._cursor is not None:
            self._cursor = None
            self.update()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer to save the plot."""
        self.save_menu().popup(event.globalPos())

    def save_menu(self) -> QMenu:
        """Return the menu that offers to save the plot; it goes when it is closed."""
        return self._files().menu()

    def write_png(self, path: Path) -> None:
        """Save the plot as drawn now, at twice its size. Raises OSError."""
        write_picture(self._picture(2.0).finished(), path)

    def write_csv(self, path: Path) -> None:
        """Save what is shown as CSV. Raises OSError."""
        text = "" if self.drawing is None else csv_of(self.drawing)
        path.write_text(text, encoding="utf-8", newline="")

    def save(self, write: Callable[[Path], None], path: Path) -> None:
        """Call `write(path)`; emit `save_failed` with the remedy where it cannot be written."""
        self._files().save(write, path)

    def _prepare(self) -> None:
        """Work out what the drawing keeps of itself; its parts are drawn at the next turns."""
        assert self._turns is not None
        self._describe()
        if self._kept is None and self.isVisible():
            self._coming = self._picture(self.devicePixelRatioF())
            self._turns.ask(self, self._draw_part)

    def _draw_part(self) -> None:
        assert self._turns is not None
        if self._coming is None:  # it was painted meanwhile, or is drawn for another size
            return
        self._coming.draw_part()
        if self._coming.is_finished:
            self.update()
        else:
            self._turns.ask(self, self._draw_part)

    def _describe(self) -> None:
        """Say what shows to whoever cannot see it; this works out the axes too."""
        assert self.drawing is not None
        self.area()
        self.setAccessibleDescription(self.drawing.words)

    def _draw_anew(self) -> None:
        self._kept = self._coming = None
        self.update()

    def _picture(self, ratio: float) -> Picture:
        return Picture(
            self.drawing,
            size=self.size(),
            font=self._label_font(),
            tokens=self._theme.tokens,
            ratio=ratio,
        )

    def _place(self, at: QPointF) -> tuple[float, float]:
        assert self.drawing is not None
        area, (x, y) = self.area(), self.drawing.axes
        across = min(1.0, max(0.0, (at.x() - area.left()) / max(1.0, area.width())))
        up = min(1.0, max(0.0, (area.bottom() - at.y()) / max(1.0, area.height())))
        return x.low + across * (x.high - x.low), y.low + up * (y.high - y.low)

    def _tell(self) -> None:
        """Say what is read out to whoever cannot see it."""
        assert self.drawing is not None
        assert self._cursor is not None
        found = self.drawing.read(*self._cursor)
        if found is not None:
            told = ", ".join(f"{name} {value}" for name, _, value in found.rows)
            self.setAccessibleDescription(f"{found.title}: {told}")

    def _files(self) -> ChartFiles:
        # Not kept: it knows this widget, and a ring of the two would outlive its window.
        return ChartFiles(
            self,
            name=self.name.lower().replace(" ", "_"),
            values="values",
            write_png=self.write_png,
            write_csv=self.write_csv,
            failed=self.save_failed.emit,
        )

    def _label_font(self) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(LABEL_PX)
        return font
