"""How long words and sentences take to appear."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.time_chart import TimeChart
from engine.voice.snapshot import VoiceSnapshot

EM_DASH = "\N{EM DASH}"


def seconds_text(latency_s: float | None) -> str:
    """Return a delay with two decimals; a dash where nothing was measured."""
    return EM_DASH if latency_s is None else f"{latency_s:.2f}"


class LatencyView(QWidget):
    """The medians of the last minute, beside each delay of that minute as a chart."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._word, self._final = QLabel(EM_DASH), QLabel(EM_DASH)
        self._chart = TimeChart(
            theme, unit="s", series=(("Words", "accent"), ("Sentences", "violet")), low=0.0
        )
        self._chart.empty_text = "Speak to see how long words take"
        self._drawn: tuple[float, int, int] | None = None
        readings = QVBoxLayout()
        readings.setSpacing(0)
        readings.addLayout(_reading("Word shown after", self._word))
        readings.addSpacing(8)
        readings.addLayout(_reading("Sentence final after", self._final))
        readings.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(24)
        row.addLayout(readings)
        row.addWidget(self._chart, 1)

    def readings(self) -> tuple[str, str]:
        """Return what is written for words and for sentences."""
        return self._word.text(), self._final.text()

    def show_latency(self, snapshot: VoiceSnapshot) -> None:
        """Draw the delays of `snapshot`."""
        for label, value in (
            (self._word, snapshot.word_latency_s),
            (self._final, snapshot.final_latency_s),
        ):
            if label.text() != seconds_text(value):
                label.setText(seconds_text(value))
        traces = snapshot.traces
        # A minute across a few hundred pixels: the chart moves visibly once in half a second.
        now_s = int(snapshot.taken_s * 2) / 2
        drawn = (now_s, len(traces.word_latency_s), len(traces.final_latency_s))
        if drawn == self._drawn:
            return
        self._drawn = drawn
        self._chart.show_series(now_s, (traces.word_latency_s, traces.final_latency_s))


def _reading(caption: str, value: QLabel) -> QVBoxLayout:
    name = ElidedLabel("mute")
    name.show_text(caption)
    name.setMinimumWidth(128)
    value.setProperty("r", "big")
    value.setAccessibleName(caption)
    value.setToolTip("Median of the last minute")
    unit = QLabel("s")
    unit.setProperty("r", "unit")
    unit.setContentsMargins(0, 0, 0, 4)
    line = QHBoxLayout()
    line.setSpacing(4)
    line.addWidget(value)
    line.addWidget(unit, 0, Qt.AlignmentFlag.AlignBottom)
    line.addStretch(1)
    column = QVBoxLayout()
    column.setSpacing(0)
    column.addWidget(name)
    column.addLayout(line)
    return column
