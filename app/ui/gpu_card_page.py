"""One card, large, on the GPU page."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QGridLayout, QHBoxLayout, QVBoxLayout

from app.theme import Theme
from app.ui.gpu_charts import LARGE, build_chart, feed_chart, gauges_of
from app.ui.gpu_memory import memory_parts
from app.ui.gpu_processes import GpuProcesses
from app.ui.gpu_texts import card_line, facts, figures, state_look, state_reason, used_text
from app.ui.gpu_values import GpuView, HistoryWish
from app.ui.panel import SPACING_PX
from app.ui.widgets.card import Card
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.fact_grid import FactGrid
from app.ui.widgets.figure_row import FigureRow
from app.ui.widgets.icon_button import IconButton
from app.ui.widgets.memory_bar import MemoryBar, MemoryLegend
from app.ui.widgets.reading import Value
from app.ui.widgets.scroll_page import ScrollPage
from app.ui.widgets.state_chip import StateChip
from app.ui.widgets.state_strip import StateStrip
from engine.gpu.cards import CardState
from engine.gpu.history import Span

NARROW_PX = 800
FACTS_PX = 404
CHART_PX = 112
CHARTS_BESIDE, CHARTS_NARROW = 4, 2
PROCESSES_PX = 190


class GpuCardPage(ScrollPage):
    """Memory by holder, charts, facts and processes of a card. closed: back to all cards."""

    closed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.card_id = ""
        """Whose page it is."""
        self.back_button = IconButton(theme, "back", "Back to all cards (Esc)")
        self.name = ElidedLabel("cap")
        self.about = ElidedLabel("mute")
        self.state = StateChip(theme)
        self.reason = StateStrip(theme)
        self.value = Value()
        self.bar = MemoryBar(theme, 28)
        self.legend = MemoryLegend(theme)
        self.figures = FigureRow(theme, 4)
        self.facts = (FactGrid("What is known of the card"), FactGrid("More of the card"))
        self.processes = GpuProcesses(theme)
        self.charts = tuple(build_chart(theme, plan) for plan in LARGE)
        self._lay_out()
        self.back_button.clicked.connect(self.closed)

    def open_card(self, card_id: str) -> None:
        """Show this card from now on."""
        self.card_id = card_id
        self.verticalScrollBar().setValue(0)

    def show_gpu(self, view: GpuView) -> None:
        """Draw the card; nothing where it is not known any more."""
        now = next((each for each in view.resources.cards if each.card.id == self.card_id), None)
        if now is None:
            return
        self.name.show_text(now.card.name)
        self.about.show_text(card_line(now.card))
        reason, token = state_reason(now)
        is_ready = now.state is CardState.READY
        self.state.show_state(*((reason, token) if is_ready and reason else state_look(now)))
        self.reason.show_text("" if is_ready else reason, token)
        self.value.show_value(*used_text(now))
        parts = memory_parts(now, view.resources.leases)
        self.bar.show_parts(parts)
        self.legend.show_parts(parts)
        self.figures.show_figures(figures(now.reading))
        known = facts(now)
        self._facts.setVisible(bool(known))
        half = (len(known) + 1) // 2
        for grid, part in zip(self.facts, (known[:half], known[half:]), strict=True):
            grid.show_facts(part)
        self.processes.show_processes(now, view)
        for chart, plan in zip(self.charts, LARGE, strict=True):
            feed_chart(chart, plan, now, view)

    def wish(self, span: Span) -> HistoryWish:
        """Return the histories that the page draws."""
        return HistoryWish(span, tuple((self.card_id, gauge) for gauge in gauges_of(LARGE)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the facts below where there is no room beside."""
        super().resizeEvent(event)
        is_narrow = self.width() < NARROW_PX
        way = QBoxLayout.Direction.TopToBottom if is_narrow else QBoxLayout.Direction.LeftToRight
        self._sides.setDirection(way)
        self._facts.setMinimumWidth(0 if is_narrow else FACTS_PX)
        self._facts.setMaximumWidth(16_777_215 if is_narrow else FACTS_PX)
        columns = CHARTS_NARROW if is_narrow else CHARTS_BESIDE
        for number, card in enumerate(self._chart_cards):
            self._chart_grid.addWidget(card, *divmod(number, columns))
        for column in range(CHARTS_BESIDE):
            self._chart_grid.setColumnStretch(column, 1 if column < columns else 0)

    def _lay_out(self) -> None:
        self.column.setSpacing(SPACING_PX)
        self.column.addWidget(self.reason)
        self.column.addWidget(self._build_memory())
        self._chart_grid = QGridLayout()
        self._chart_grid.setSpacing(SPACING_PX)
        self._chart_cards = [self._chart_card(number) for number in range(len(LARGE))]
        self.column.addLayout(self._chart_grid, 3)
        self.processes.setMinimumHeight(PROCESSES_PX)
        self._facts = Card("Details")
        row = QHBoxLayout()
        row.setSpacing(12)
        for grid in self.facts:
            row.addWidget(grid, 1, Qt.AlignmentFlag.AlignTop)
        self._facts.body.addLayout(row)
        self._sides = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._sides.setSpacing(SPACING_PX)
        self._sides.addWidget(self.processes, 1)
        self._sides.addWidget(self._facts)
        self.column.addLayout(self._sides, 2)

    def _build_head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(12)
        names = QVBoxLayout()
        names.setSpacing(1)
        names.addWidget(self.name)
        names.addWidget(self.about)
        row.addWidget(self.back_button)
        row.addLayout(names, 1)
        row.addWidget(self.state, 0, Qt.AlignmentFlag.AlignVCenter)
        return row

    def _build_memory(self) -> QFrame:
        card = QFrame()
        card.setProperty("card", True)
        column = QVBoxLayout(card)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        column.addLayout(self._build_head())
        column.addWidget(self.value)
        column.addWidget(self.bar)
        column.addWidget(self.legend)
        column.addSpacing(4)
        column.addWidget(self.figures)
        return card

    def _chart_card(self, number: int) -> Card:
        card = Card(LARGE[number].name)
        self.charts[number].setMinimumHeight(CHART_PX)
        card.body.addWidget(self.charts[number], 1)
        return card
