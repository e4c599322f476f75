"""Everything about one server: charts, figures, its models and what can be changed at once."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.models_server_facts import (
    count_of_models,
    last_error_text,
    model_row,
    standing_facts,
    traffic_facts,
)
from app.ui.models_texts import (
    chart_span_s,
    is_built_in,
    note_of,
    readings,
    state_look,
    title_of,
    where_text,
)
from app.ui.panel import SPACING_PX
from app.ui.widgets.card import Card
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.fact_grid import FactGrid
from app.ui.widgets.form_grid import FormGrid
from app.ui.widgets.found_server import FoundServerView
from app.ui.widgets.health_bars import HealthBars
from app.ui.widgets.icon_button import IconButton
from app.ui.widgets.scroll_page import ScrollPage
from app.ui.widgets.state_chip import StateChip
from app.ui.widgets.state_strip import StateStrip
from app.ui.widgets.table import Table, height_of
from app.ui.widgets.table_model import Column
from app.ui.widgets.text_field import TextField
from app.ui.widgets.time_chart import TimeChart
from app.ui.widgets.toggle import Toggle
from engine.coordinator.snapshot import EndpointView, FoundServer

NARROW_PX = 800
CHART_PX = 160
FIELD_PX = 96
MOST_MODELS = 8
COLUMNS = (
    Column("Model"),
    Column("Where", 100, tooltip="Whether it is loaded, where the server tells"),
    Column("Context", 84, is_number=True, tooltip="Tokens it can look at"),
    Column("Size", 84, is_number=True),
    Column("Build", 120),
    Column("Can do", 200),
)


class ModelsServerDetail(QWidget):
    """Drawn from an EndpointView.

    closed, test_wanted(name), edit_wanted(name), remove_wanted(name), toggled(name, on),
    weight_changed(name, weight), changed(Endpoint): what the user wants.
    """

    closed = Signal()
    test_wanted = Signal(str)
    edit_wanted = Signal(str)
    remove_wanted = Signal(str)
    toggled = Signal(str, bool)
    weight_changed = Signal(str, float)
    changed = Signal(object)
    save_failed = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._view: EndpointView | None = None
        self._columns = 0
        self.back_button = QPushButton("Back")
        self.title = ElidedLabel("h2")
        self.state = StateChip(theme)
        self.where = ElidedLabel("mute")
        self.enabled = Toggle(theme)
        self.test_button = QPushButton("Test")
        self.edit_button = QPushButton("Edit")
        self.remove_button = IconButton(theme, "delete", "Remove this server (Del)")
        self.strip = StateStrip(theme)
        self.found = FoundServerView(theme)
        self._build_charts()
        self._build_facts()
        self._build_models()
        self._lay_out()
        self._connect()

    @property
    def name(self) -> str:
        """The server that shows; "" for none."""
        return "" if self._view is None else self._view.name

    def show_server(self, view: EndpointView, now_s: float) -> None:
        """Draw `view`."""
        if self._view is None or view.name != self._view.name:
            self.found.show_found(None)
        self._view = view
        self.title.show_text(title_of(view))
        self.state.show_state(*state_look(view), view.reason)
        self.where.show_text(where_text(view))
        is_on, is_own = view.endpoint.is_enabled, is_built_in(view)
        self.enabled.setChecked(is_on)
        self.enabled.setToolTip("Use this server" if not is_on else "Leave this server out")
        self.test_button.setEnabled(is_on)
        self.edit_button.setVisible(not is_own)
        self.remove_button.setVisible(not is_own)
        note, token = note_of(view, now_s)
        # What a test has just found says the same, and more exactly.
        is_trouble = token != "mute" and self.found.isHidden()
        self.strip.show_text(note if is_trouble else "", token)
        told = note if is_own and token == "mute" else last_error_text(view, now_s)
        told = told if token == "mute" and self.found.isHidden() else ""
        self.error.show_text(told)
        self.error.setVisible(bool(told))
        self._show_numbers(view, now_s)

    def show_testing(self, is_testing: bool) -> None:
        """Say that a test is under way, or that it is over."""
        self.test_button.setText("Testing…" if is_testing else "Test")
        if is_testing:
            self.found.show_looking()

    def show_found(self, found: FoundServer) -> None:
        """Tell what a test found."""
        self.found.show_found(found)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put cards under each other where they would be too narrow."""
        super().resizeEvent(event)
        self._arrange(1 if self.width() < NARROW_PX else 2)

    def _show_numbers(self, view: EndpointView, now_s: float) -> None:
        self.bars.show_points(now_s, readings(view.health))
        first, speed = readings(view.first_token), readings(view.tokens_per_s)
        self.first_chart.span_s = self.speed_chart.span_s = chart_span_s(now_s, first, speed)
        self.first_chart.show_series(now_s, (first,))
        self.speed_chart.show_series(now_s, (speed,))
        self.traffic.show_facts(traffic_facts(view, now_s))
        self.standing.show_facts(standing_facts(view, now_s))
        self.weight.show_value(view.endpoint.weight)
        self.slots.show_value(view.endpoint.slots)
        self.models.show_rows([model_row(each) for each in view.models])
        rows = min(max(2, len(view.models)), MOST_MODELS)
        self.models.setFixedHeight(height_of(rows))
        self.models.setAccessibleName(count_of_models(view))

    def _build_charts(self) -> None:
        theme = self._theme
        self.bars = HealthBars(theme)
        self.first_chart = TimeChart(theme, unit="ms", series=(("First token", "accent"),), low=0)
        self.speed_chart = TimeChart(theme, unit="tokens/s", series=(("Speed", "violet"),), low=0)
        for chart in (self.first_chart, self.speed_chart):
            chart.is_filled = True
            chart.empty_text = "Nobody asked it in the last five minutes"
            chart.setMinimumHeight(CHART_PX)
            chart.save_failed.connect(self.save_failed)

    def _build_facts(self) -> None:
        self.traffic = FactGrid("How it answers")
        self.standing = FactGrid("How it stands")
        self.error = ElidedLabel("mute")
        self.weight = TextField(self._theme, float, step=0.5)
        self.slots = TextField(self._theme, int)
        for field in (self.weight, self.slots):
            field.setFixedWidth(FIELD_PX)
            field.setTextMargins(0, 0, 0, 0)
        self.form = FormGrid(stretches=(1, 0))
        self.form.setContentsMargins(8, 0, 8, 0)
        self.form.add("Weight", "Twice the weight gets twice the requests", self.weight)
        self.form.add("Slots", "Requests it works on at once", self.slots)

    def _build_models(self) -> None:
        self.models = Table(self._theme, "Models", COLUMNS)
        self.models.let_sort()
        self.models.save_failed.connect(self.save_failed)

    def _lay_out(self) -> None:
        self.back_button.setToolTip("Back to all servers (Esc)")
        self.edit_button.setToolTip("Change address, key, models and more")
        self.test_button.setToolTip("Ask the server now; a good answer ends its being left alone")
        self.enabled.setAccessibleName("Server is used")
        self.enabled.setToolTip("Use this server")
        models = self._build_cards()
        page = ScrollPage()
        page.column.setSpacing(SPACING_PX)
        self._grid = QGridLayout()
        self._grid.setSpacing(SPACING_PX)
        page.column.addLayout(self._grid)
        page.column.addWidget(models)
        page.column.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addLayout(self._head())
        column.addWidget(self.where)
        column.addWidget(self.strip)
        column.addWidget(self.found)
        column.addWidget(self.error)
        column.addWidget(page, 1)

    def _build_cards(self) -> Card:
        """Put what was built into cards; return that of the models, as wide as the page."""
        traffic, standing = Card("Answers"), Card("State")
        traffic.body.addWidget(self.bars)
        traffic.body.addWidget(self.traffic)
        traffic.body.addStretch(1)
        standing.body.addWidget(self.standing)
        standing.body.addWidget(self.form)
        standing.body.addStretch(1)
        models = Card("Models it has")
        models.body.addWidget(self.models)
        self._cards: tuple[QWidget, ...] = (
            _card("Time to the first token", self.first_chart),
            _card("Speed", self.speed_chart),
            traffic,
            standing,
        )
        return models

    def _head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(self.back_button)
        head.addWidget(self.title)
        head.addWidget(self.state)
        head.addStretch(1)
        head.addWidget(self.enabled)
        for button in (self.test_button, self.edit_button, self.remove_button):
            head.addWidget(button)
        return head

    def _connect(self) -> None:
        self.back_button.clicked.connect(self.closed)
        self.test_button.clicked.connect(lambda: self.test_wanted.emit(self.name))
        self.edit_button.clicked.connect(lambda: self.edit_wanted.emit(self.name))
        self.remove_button.clicked.connect(lambda: self.remove_wanted.emit(self.name))
        self.enabled.clicked.connect(lambda on: self.toggled.emit(self.name, on))
        self.weight.edited.connect(self._change_weight)
        self.slots.edited.connect(self._change_slots)

    def _change_weight(self, value: object) -> None:
        if isinstance(value, float):
            self.weight_changed.emit(self.name, value)

    def _change_slots(self, value: object) -> None:
        if isinstance(value, int) and self._view is not None:
            self.changed.emit(replace(self._view.endpoint, slots=value))

    def _arrange(self, columns: int) -> None:
        if columns == self._columns:
            return
        self._columns = columns
        for number, card in enumerate(self._cards):
            self._grid.removeWidget(card)
            self._grid.addWidget(card, number // columns, number % columns)
        for column in range(2):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)
        is_wide = columns > 1
        for number in (3, 4, 5):
            self.models.setColumnHidden(number, not is_wide)


def _card(caption: str, content: QWidget) -> Card:
    card = Card(caption)
    card.body.addWidget(content, 1)
    return card
