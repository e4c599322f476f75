"""One card among others on the GPU page."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QEnterEvent, QFocusEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from app.theme import Theme
from app.ui.gpu_charts import LOAD, build_chart, feed_chart
from app.ui.gpu_memory import brief, memory_parts
from app.ui.gpu_texts import figures, place_text, state_look, state_reason, used_briefly
from app.ui.gpu_values import GpuView
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.figure_row import FigureRow
from app.ui.widgets.icon_button import IconButton
from app.ui.widgets.memory_bar import MemoryBar, MemoryLegend
from app.ui.widgets.reading import Value
from app.ui.widgets.state_chip import StateChip
from engine.gpu.cards import CardNow

LEGEND_ROWS = 3
CHART_PX = 112
LEAST_PX = 420
"""A narrower tile would shorten what matters."""


class GpuTile(QFrame):
    """A card in brief. opened: the user wants to see it large."""

    opened = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setProperty("card", True)
        self.setObjectName("tile")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.name = ElidedLabel("cap")
        self.about = ElidedLabel("mute")
        self.state = StateChip(theme)
        self.expand_button = IconButton(theme, "expand", "Show this card large (Enter)")
        self.value = Value()
        self.bar = MemoryBar(theme)
        self.legend = MemoryLegend(theme, LEGEND_ROWS)
        self.figures = FigureRow(theme, 4)
        self.chart = build_chart(theme, LOAD)
        self.chart.setMinimumHeight(CHART_PX)
        self._lay_out()
        self.expand_button.clicked.connect(self.opened)
        theme.changed.connect(self._restyle)

    def show_card(self, now: CardNow, view: GpuView) -> None:
        """Draw a card."""
        self.name.show_text(now.card.name)
        reason = state_reason(now)[0]
        # What is wrong matters more than which driver it has.
        self.about.show_text(reason or place_text(now.card))
        self.setAccessibleName(f"{now.card.name}, {state_look(now)[0]}")
        self.state.show_state(*state_look(now), reason)
        self.value.show_value(*used_briefly(now))
        parts = memory_parts(now, view.resources.leases)
        self.bar.show_parts(parts)
        self.legend.show_parts(brief(parts))
        self.figures.show_figures(figures(now.reading))
        feed_chart(self.chart, LOAD, now, view)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Open the card."""
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(
            event.position().toPoint()
        ):
            self.opened.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open the card with Enter and Space."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.opened.emit()
        else:
            super().keyPressEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        """Show that it can be pressed."""
        super().enterEvent(event)
        self._restyle()

    def leaveEvent(self, event: QEvent) -> None:
        """Look as before."""
        super().leaveEvent(event)
        self._restyle()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show that the keyboard is here."""
        super().focusInEvent(event)
        self._restyle()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Look as before."""
        super().focusOutEvent(event)
        self._restyle()

    def _restyle(self) -> None:
        tokens = self._theme.tokens
        edge = tokens.accent if self.hasFocus() else tokens.mute if self.underMouse() else ""
        self.setStyleSheet(f"QFrame#tile {{ border-color: {edge}; }}" if edge else "")

    def _lay_out(self) -> None:
        names = QVBoxLayout()
        names.setSpacing(1)
        names.addWidget(self.name)
        names.addWidget(self.about)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addLayout(names, 1)
        head.addSpacing(4)
        head.addWidget(self.value, 0, Qt.AlignmentFlag.AlignTop)
        head.addSpacing(4)
        for widget in (self.state, self.expand_button):
            head.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 16, 8)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self.bar)
        column.addWidget(self.legend)
        column.addWidget(self.figures)
        column.addWidget(self.chart, 1)
