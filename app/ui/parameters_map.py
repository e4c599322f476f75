"""The part of the Parameters page that shows all models at all types of tasks."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.parameters_texts import DASH, DOT, interval_text, study_text
from app.ui.quantity_texts import counted, latency_words, usd_text
from app.ui.widgets.card import Card
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.heat_map import HeatField, HeatMap
from app.ui.widgets.scroll_page import ScrollPage
from app.ui.widgets.segmented import Segmented
from engine.analytics.snapshot import HeatRow

MEASURES = (("reward", "Reward"), ("latency", "Latency"), ("cost", "Cost"))
BELOW = "Below: answers, and the best choice. A click or Enter opens what is known of the pair."
LEGENDS = {
    "reward": f"Brighter earns more. {BELOW}",
    "latency": f"Brighter answers sooner. {BELOW}",
    "cost": f"Brighter is cheaper. {BELOW}",
}
LEGENDS_LIGHT = {name: text.replace("Brighter", "Darker") for name, text in LEGENDS.items()}


def measure_of(row: HeatRow, measure: str) -> float | None:
    """Return what colours a field."""
    if measure == "reward":
        return None if row.reward is None else row.reward.mean
    return row.latency_ms if measure == "latency" else row.cost_usd


def heat_field(row: HeatRow, measure: str, ends: tuple[float, float]) -> HeatField:
    """Return a field; `ends` are the lowest and highest values of the whole map."""
    value, (low, high) = measure_of(row, measure), ends
    part = None
    if value is not None:
        part = 0.5 if high <= low else (value - low) / (high - low)
        part = part if measure == "reward" else 1 - part
    text = {
        "reward": DASH if row.reward is None else f"{row.reward.mean:.2f}",
        "latency": latency_words(row.latency_ms),
        "cost": DASH if row.cost_usd is None else usd_text(row.cost_usd),
    }[measure]
    best = f"{DOT}{row.best_arm}" if row.best_arm else ""
    told = (
        f"{study_text(row)}: reward {interval_text(row.reward)}, "
        f"{latency_words(row.latency_ms)}, {counted(row.observations, 'answer', 'answers')}, "
        f"{row.rewards:,} rated; best {row.best_arm or 'not known yet'}"
    )
    return HeatField(text, f"{row.observations:,}{best}", part, told)


class ParametersMap(QWidget):
    """A field a pair of model and task, coloured by reward, latency or cost.

    opened(model, task_type): the user wants to see that study.
    """

    opened = Signal(str, str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._heat: tuple[HeatRow, ...] = ()
        self._shown: object = None
        self._models: tuple[str, ...] = ()
        self._tasks: tuple[str, ...] = ()
        self.measure = Segmented("Colour", MEASURES)
        self.measure.show_value("reward")
        self.map = HeatMap(theme, "Models and types of tasks")
        self.note = ElidedLabel("mute")
        self.empty = EmptyState(theme, "models")
        self.empty.show_text(
            "Nothing was observed yet", "Each model at each type of task gets a field of its own."
        )
        page = ScrollPage()
        page.column.addWidget(self.map, 1)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.empty)
        self._pages.addWidget(page)
        card = Card("Models and types of tasks")
        card.corner.addWidget(self.measure)
        card.body.addWidget(self._pages, 1)
        card.body.addWidget(self.note)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(card, 1)
        self.measure.chosen.connect(lambda _: self._fill())
        self.map.opened.connect(self._open)
        theme.changed.connect(self._fill)

    def show_heat(self, heat: Sequence[HeatRow]) -> None:
        """Draw the map; nothing happens where it is the one that shows."""
        if tuple(heat) == self._heat:
            return
        self._heat = tuple(heat)
        self._fill()

    def _fill(self) -> None:
        heat, measure = self._heat, self.measure.value or "reward"
        self._models = tuple(dict.fromkeys(row.model for row in heat))
        self._tasks = tuple(sorted({row.task_type for row in heat}))
        seen = [value for row in heat if (value := measure_of(row, measure)) is not None]
        ends = (min(seen, default=0.0), max(seen, default=1.0))
        fields = {
            (self._models.index(row.model), self._tasks.index(row.task_type)): heat_field(
                row, measure, ends
            )
            for row in heat
        }
        self.map.show_fields(self._models, self._tasks, fields)
        legends = LEGENDS if self._theme.tokens.is_dark else LEGENDS_LIGHT
        self.note.show_text(legends[measure] if heat else "")
        self._pages.setCurrentIndex(1 if heat else 0)

    def _open(self, row: int, column: int) -> None:
        self.opened.emit(self._models[row], self._tasks[column])
