"""What the GPU page shows on a machine without a graphics card."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QPushButton, QSizePolicy

from app.theme import Theme
from app.ui.gpu_values import GpuView
from app.ui.host_cards import (
    disk_part,
    disk_text,
    memory_text,
    part_of,
    processor_text,
)
from app.ui.panel import SPACING_PX
from app.ui.widgets.card import Card
from app.ui.widgets.gauge import Gauge
from app.ui.widgets.reading import Reading
from app.ui.widgets.scroll_page import ScrollPage
from app.ui.widgets.sparkline import Sparkline
from app.ui.widgets.state_strip import StateStrip
from app.ui.widgets.time_chart import TimeChart

LOOKING = "Looking for graphics cards\N{HORIZONTAL ELLIPSIS}"
CHART_PX = 140


class GpuHost(ScrollPage):
    """Why there is no card and what helps, and how the machine does without one.

    plan_wanted: the user wants to see what a model would need.
    """

    plan_wanted = Signal()
    save_failed = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.reason = StateStrip(theme)
        self._cpu_line = Sparkline(theme, "accent", low=0, high=100)
        self._memory_line = Sparkline(theme, "violet", low=0, high=100)
        self._disk_gauge = Gauge(theme, "ok")
        self.processor = Reading("Processor", self._cpu_line)
        self.memory = Reading("Memory", self._memory_line)
        self.disk = Reading("Disk", self._disk_gauge)
        series = [("Processor", "accent"), ("Memory", "violet")]
        self.chart = TimeChart(theme, unit="%", series=series, low=0, high=100)
        self.chart.is_filled = True
        self.chart.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.chart.setMinimumHeight(CHART_PX)
        self.chart.save_failed.connect(self.save_failed)
        self.plan_button = QPushButton("What would a model need?")
        self.plan_button.setToolTip("Open the planner: it works without a card")
        self.plan_button.clicked.connect(self.plan_wanted)
        self._lay_out()

    def show_gpu(self, view: GpuView) -> None:
        """Draw the machine."""
        resources = view.resources
        host, now_s = resources.host, resources.taken_s
        problem = resources.cards_problem
        self.reason.show_text(problem or LOOKING, "warn" if problem else "mute")
        self.processor.show_reading(*processor_text(host, resources.cpu_percent))
        self.memory.show_reading(*memory_text(host))
        self.disk.show_reading(*disk_text(host))
        self._cpu_line.show_points(now_s, resources.cpu_percent)
        self._memory_line.show_points(now_s, resources.memory_percent)
        self._disk_gauge.show_part(part_of(host, disk_part))
        self.chart.show_series(now_s, (resources.cpu_percent, resources.memory_percent))

    def _lay_out(self) -> None:
        self.column.setSpacing(SPACING_PX)
        self.column.addWidget(self.reason)
        grid = QGridLayout()
        grid.setSpacing(SPACING_PX)
        for column, card in enumerate((self.processor, self.memory, self.disk)):
            grid.addWidget(card, 0, column)
            grid.setColumnStretch(column, 1)
        self.column.addLayout(grid)
        chart = Card("Last minute of the machine")
        chart.corner.addWidget(self.plan_button)
        chart.body.addWidget(self.chart, 1)
        self.column.addWidget(chart, 1)
