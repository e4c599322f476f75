"""What the sound passes on its way, each stage with its switch and its cost."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.toggle import Toggle
from engine.voice.snapshot import StageView

SMALLEST_SHOWN_MS = 0.1


def cost_text(stage: StageView) -> str:
    """Return what `stage` costs, as a person would say it; its problem where it has one."""
    if stage.problem:
        return stage.problem
    if stage.cost_us is None:
        return "Not measured yet"
    cost_ms = stage.cost_us / 1000
    cost = "under 0.1" if cost_ms < SMALLEST_SHOWN_MS else f"{cost_ms:.1f}"
    return f"{cost} ms per second of audio"


class StageSwitches(QWidget):
    """A row a stage; `toggled` carries its name and whether it shall be on."""

    toggled = Signal(str, bool)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._stages: tuple[StageView, ...] = ()
        self.switches: dict[str, Toggle] = {}
        self._costs: dict[str, ElidedLabel] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        note = ElidedLabel("mute")
        note.show_text("Shown once the voice engine runs")
        self._column.addWidget(note)

    def show_stages(self, stages: Sequence[StageView]) -> None:
        """Draw `stages` in the order the sound passes them."""
        stages = tuple(stages)
        if stages == self._stages:
            return
        if [one.name for one in stages] != list(self.switches):
            self._rebuild(stages)
        self._stages = stages
        for stage in stages:
            switch, cost = self.switches[stage.name], self._costs[stage.name]
            # Drawing a state is not asking for it.
            was_blocked = switch.blockSignals(True)
            switch.setChecked(stage.is_on)
            switch.blockSignals(was_blocked)
            switch.setAccessibleDescription(cost_text(stage))
            cost.show_text(cost_text(stage))
            role = "bad" if stage.problem else "mute"
            if cost.property("r") != role:
                cost.setProperty("r", role)
                cost.style().polish(cost)

    def cost_of(self, name: str) -> str:
        """Return what is written beside the stage `name`."""
        return self._costs[name].whole_text

    def _rebuild(self, stages: Sequence[StageView]) -> None:
        while (item := self._column.takeAt(0)) is not None:
            if (row := item.widget()) is not None:
                # Deleted when the event loop comes round; out of the picture at once.
                row.hide()
                row.deleteLater()
        self.switches.clear()
        self._costs.clear()
        for stage in stages:
            self._column.addWidget(self._row(stage))

    def _row(self, stage: StageView) -> QWidget:
        switch = Toggle(self._theme)
        label = QLabel(stage.label)
        label.setBuddy(switch)
        switch.setAccessibleName(stage.label)
        switch.setToolTip(f"{stage.label}: on or off (Space)")
        name = stage.name
        switch.toggled.connect(lambda is_on: self.toggled.emit(name, is_on))
        cost = ElidedLabel("mute")
        self.switches[name], self._costs[name] = switch, cost
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(12)
        line.addWidget(switch)
        line.addWidget(label)
        line.addStretch(1)
        line.addWidget(cost)
        return row
