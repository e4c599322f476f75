"""The list of servers on the Models page."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.models_texts import chart_span_s, is_built_in, looked_text, readings
from app.ui.panel import SPACING_PX
from app.ui.widgets.card import Card
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.scroll_page import ScrollPage
from app.ui.widgets.server_row import ServerRow
from app.ui.widgets.time_chart import TimeChart
from engine.coordinator.snapshot import CoordinatorSnapshot, EndpointView

NARROW_PX = 900
CHART_PX = 116
ALONE = (
    "Only the tiny built-in model answers. Start Ollama, LM Studio, llama.cpp or vLLM on this "
    "machine and it appears here by itself; for a provider such as OpenAI or Anthropic, or a "
    "server elsewhere, press Add server."
)
MORE = (
    "Servers that you start on this machine appear here by themselves: Ollama, LM Studio, "
    "llama.cpp, llama-swap and vLLM on their usual ports."
)
STARTING = "The engines are starting."
NOBODY = (
    "Start Ollama, LM Studio, llama.cpp or vLLM on this machine and look for it, or add a server"
    " or a provider by its address."
)
EMPTY_PX = 280


class ModelsServersList(QWidget):
    """Every server as a row, those with trouble where they always stand.

    look_wanted, add_wanted, opened(name), test_wanted(name), toggled(name, on): what the user
    wants.
    """

    look_wanted = Signal()
    add_wanted = Signal()
    opened = Signal(str)
    test_wanted = Signal(str)
    toggled = Signal(str, bool)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._testing: set[str] = set()
        self.rows: dict[str, ServerRow] = {}
        self.about = ElidedLabel("mute")
        self.look_button = QPushButton("Look for servers now")
        self.look_button.setToolTip("Ask the usual ports of this machine, and every known server")
        self.add_button = QPushButton("Add server")
        self.add_button.setToolTip("Add a provider, or a server by its address (Ctrl+N)")
        self.add_button.setProperty("primary", True)
        self.hint = QLabel()
        self.hint.setProperty("r", "mute")
        self.hint.setWordWrap(True)
        self.empty = EmptyState(theme, "models")
        self.empty.show_text("No server yet", NOBODY)
        self.empty.setMinimumHeight(EMPTY_PX)
        self.empty.hide()
        self.charts = self._build_charts()
        self._lay_out()
        self.look_button.clicked.connect(self.look_wanted)
        self.add_button.clicked.connect(self.add_wanted)

    def show_servers(self, snapshot: CoordinatorSnapshot, is_ready: bool) -> None:
        """Draw the servers of `snapshot`."""
        views = sorted(
            snapshot.endpoints, key=lambda view: (is_built_in(view), view.name.casefold())
        )
        if [view.name for view in views] != list(self.rows):
            self._replace(views)
        for view in views:
            self.rows[view.name].show_server(view, snapshot.taken_s)
        self.about.show_text(looked_text(snapshot) if is_ready else STARTING)
        self.look_button.setText("Looking…" if snapshot.is_looking else "Look for servers now")
        self._show_charts(snapshot)
        others = [view for view in views if not is_built_in(view)]
        self.hint.setText(MORE if others else ALONE if views else "")
        self.hint.setVisible(bool(views))
        self.empty.setVisible(is_ready and not views)
        self._arrange()

    def show_testing(self, name: str, is_testing: bool) -> None:
        """Say on the row of `name` that a test is under way, or that it is over."""
        (self._testing.add if is_testing else self._testing.discard)(name)
        if name in self.rows:
            self.rows[name].show_testing(is_testing)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out figures where there is little room."""
        super().resizeEvent(event)
        for row in self.rows.values():
            row.show_width(self.width() < NARROW_PX)
        self._arrange()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.about, 1)
        top.addWidget(self.look_button)
        top.addWidget(self.add_button)
        page = ScrollPage()
        self._column = page.column
        self._column.setSpacing(10)
        for widget in (self.hint, self.empty, self.charts):
            self._column.addWidget(widget)
        self._column.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addLayout(top)
        column.addWidget(page, 1)

    def _arrange(self) -> None:
        """Show the charts where there is room, and a server of which they could tell."""
        self.charts.setVisible(self.width() >= NARROW_PX and bool(self.rows))

    def _build_charts(self) -> QWidget:
        theme = self._theme
        self.rate_chart = TimeChart(theme, unit="1/s", series=(("Requests", "accent"),), low=0)
        self.first_chart = TimeChart(theme, unit="ms", series=(("First token", "violet"),), low=0)
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 6, 0, 0)
        row.setSpacing(SPACING_PX)
        for caption, chart in (
            ("Requests a second, all servers", self.rate_chart),
            ("Time to the first token, all servers", self.first_chart),
        ):
            chart.is_filled = True
            chart.empty_text = "Nobody asked in the last minutes"
            chart.setMinimumHeight(CHART_PX)
            card = Card(caption)
            card.body.addWidget(chart, 1)
            row.addWidget(card, 1)
        return box

    def _show_charts(self, snapshot: CoordinatorSnapshot) -> None:
        now_s = snapshot.taken_s
        rates, firsts = readings(snapshot.requests_per_s), readings(snapshot.first_token)
        self.rate_chart.span_s = self.first_chart.span_s = chart_span_s(now_s, rates)
        self.rate_chart.show_series(now_s, (rates,))
        self.first_chart.show_series(now_s, (firsts,))

    def _replace(self, views: Sequence[EndpointView]) -> None:
        kept = {view.name for view in views}
        for name in [name for name in self.rows if name not in kept]:
            row = self.rows.pop(name)
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        ordered: dict[str, ServerRow] = {}
        for place, view in enumerate(views):
            row = self.rows.get(view.name) or self._row(view.name)
            self._column.insertWidget(place, row)
            ordered[view.name] = row
        self.rows = ordered

    def _row(self, name: str) -> ServerRow:
        row = ServerRow(self._theme, name)
        row.opened.connect(self.opened)
        row.test_wanted.connect(self.test_wanted)
        row.toggled.connect(self.toggled)
        row.show_width(self.width() < NARROW_PX)
        row.show_testing(name in self._testing)
        return row
