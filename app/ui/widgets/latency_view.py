"""How long words and sentences take to appear."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.time_chart import TimeChart
from engine.voice.snapshot import VoiceSnapshot

CAPTION_PX = 120
NUMBER_PX = 34
MEDIAN = "Median of the last minute"


class Delay(QWidget):
    """A caption, and below it a delay in seconds."""

    def __init__(self, caption: str) -> None:
        super().__init__()
        name = QLabel(caption)
        name.setProperty("r", "mute")
        name.setMinimumWidth(CAPTION_PX)
        self._number = QLabel()
        self._number.setAccessibleName(caption)
        self._number.setFixedHeight(NUMBER_PX)
        self._unit = QLabel("s")
        self._unit.setProperty("r", "unit")
        # The number's letters end this much above the bottom of its label.
        self._unit.setContentsMargins(0, 0, 0, 6)
        line = QHBoxLayout()
        line.setSpacing(6)
        line.addWidget(self._number)
        line.addWidget(self._unit, 1, Qt.AlignmentFlag.AlignBottom)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(name)
        column.addLayout(line)
        self.setToolTip(MEDIAN)
        self.show_seconds(None)

    @property
    def text(self) -> str:
        """What is written, with its unit."""
        return self._number.text() if self._unit.isHidden() else f"{self._number.text()} s"

    def show_seconds(self, delay_s: float | None) -> None:
        """Show `delay_s` with two decimals; None says that it was not measured."""
        text = "Not measured yet" if delay_s is None else f"{delay_s:.2f}"
        if text == self._number.text():
            return
        role = "unit" if delay_s is None else "big"
        if role != self._number.property("r"):
            self._number.setProperty("r", role)
            self._number.style().polish(self._number)
        self._number.setText(text)
        self._unit.setVisible(delay_s is not None)


class LatencyView(QWidget):
    """The medians of the last minute, beside each delay of that minute as a chart."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.word = Delay("Word shown after")
        self.final = Delay("Sentence final after")
        self._chart = TimeChart(
            theme, unit="s", series=(("Words", "accent"), ("Sentences", "violet")), low=0.0
        )
        self._drawn: tuple[float, int, int] | None = None
        empty = ElidedLabel("mute")
        empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        empty.show_text("Speak to see how long words take to appear.")
        self._pages = QStackedWidget()
        self._pages.addWidget(empty)
        self._pages.addWidget(self._chart)
        readings = QVBoxLayout()
        readings.setSpacing(8)
        readings.addWidget(self.word)
        readings.addWidget(self.final)
        readings.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(16)
        row.addLayout(readings)
        row.addWidget(self._pages, 1)

    def show_latency(self, snapshot: VoiceSnapshot) -> None:
        """Draw the delays of `snapshot`."""
        self.word.show_seconds(snapshot.word_latency_s)
        self.final.show_seconds(snapshot.final_latency_s)
        left_out = snapshot.dropped_partials
        note = f"; {left_out:,} refreshes were left out so that the text does not lag"
        self.word.setToolTip(f"{MEDIAN}{note if left_out else ''}")
        traces = snapshot.traces
        # A minute across a few hundred pixels: the chart moves visibly once in half a second.
        now_s = int(snapshot.taken_s * 2) / 2
        drawn = (now_s, len(traces.word_latency_s), len(traces.final_latency_s))
        if drawn == self._drawn:
            return
        self._drawn = drawn
        has_any = len(traces.word_latency_s) + len(traces.final_latency_s) > 0
        self._pages.setCurrentIndex(1 if has_any else 0)
        if has_any:
            self._chart.show_series(now_s, (traces.word_latency_s, traces.final_latency_s))
