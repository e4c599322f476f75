"""The graphics cards in brief, for the overview."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from app.theme import Theme
from app.ui.gpu_memory import memory_parts
from app.ui.gpu_texts import DASH, number, state_look
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.memory_bar import MemoryBar
from engine.gpu.cards import CardNow, CardState
from engine.gpu.snapshot import ResourceSnapshot

MOST = 4
"""Cards that are listed; the GPU page shows all."""
BAR_PX = 10
FIGURE_PX = 92


class _Row:
    def __init__(self, theme: Theme, grid: QGridLayout, number: int) -> None:
        self._name, self._bar, self._figures = ElidedLabel(), MemoryBar(theme, BAR_PX), QLabel()
        self._figures.setProperty("r", "mute")
        self._figures.setFixedWidth(FIGURE_PX)
        self._figures.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for column, widget in enumerate(self._all):
            grid.addWidget(widget, number, column)

    @property
    def _all(self) -> tuple[QWidget, ...]:
        return self._name, self._bar, self._figures

    def show_card(self, now: CardNow, resources: ResourceSnapshot) -> None:
        self._name.show_text(now.card.name)
        self._bar.show_parts(memory_parts(now, resources.leases))
        self._figures.setText(figures_text(now))

    def set_visible(self, is_visible: bool) -> None:
        for widget in self._all:
            widget.setVisible(is_visible)


class GpuSummary(QWidget):
    """A line for each card: name, memory by holder, load and temperature; hidden without any."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setAccessibleName("Graphics cards")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 4, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(0, 2)
        grid.setColumnStretch(1, 3)
        self._rows = tuple(_Row(theme, grid, number) for number in range(MOST))
        self.hide()

    def show_cards(self, resources: ResourceSnapshot) -> None:
        """Draw the cards of `resources`."""
        cards = resources.cards[:MOST]
        for row, now in zip(self._rows, cards, strict=False):
            row.show_card(now, resources)
        for place, row in enumerate(self._rows):
            row.set_visible(place < len(cards))
        self.setVisible(bool(cards))


def figures_text(now: CardNow) -> str:
    """Return load and temperature, or the state where the card cannot be read."""
    if now.state is not CardState.READY:
        return state_look(now)[0]
    told = (number(now.reading.busy_percent, "%"), number(now.reading.temperature_c, "°C"))
    return " \N{MIDDLE DOT} ".join(each for each in told if each != DASH)
