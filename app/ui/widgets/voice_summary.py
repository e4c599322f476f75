"""The voice engine in one card: state, microphone, last words and how fast they came."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QSizePolicy

from app.theme import Theme
from app.ui.widgets.card import Card
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.reading import Value
from app.ui.widgets.state_chip import StateChip
from app.ui.widgets.time_chart import TimeChart
from engine.voice.snapshot import VoiceSnapshot, VoiceState

STATES = {
    VoiceState.STOPPED: ("Stopped", "mute"),
    VoiceState.LOADING: ("Loading the model", "accent"),
    VoiceState.READY: ("Ready", "ok"),
    VoiceState.RECORDING: ("Recording", "bad"),
    VoiceState.DRAINING: ("Finishing", "warn"),
    VoiceState.DEVICE_LOST: ("Microphone lost", "bad"),
    VoiceState.FAILED: ("No transcription", "bad"),
}
PLUG_IN = "No microphone found: plug one in"
NO_MICROPHONE = ("No microphone", "warn")
NO_DEVICE = {VoiceState.STOPPED: "The voice engine is not running yet"}
NOTHING_SAID = "Start recording and speak: the words appear here as you say them."
NOTHING_TO_HEAR = "Plug in a microphone, or drop a sound or video file on the window."


def state_text(snapshot: VoiceSnapshot) -> tuple[str, str]:
    """Return what the engine is doing, with the recording's length, and its token."""
    text, token = STATES[snapshot.state]
    if snapshot.state is VoiceState.READY and not snapshot.devices:
        return NO_MICROPHONE
    if snapshot.recording_s is not None:
        minutes, seconds = divmod(int(snapshot.recording_s), 60)
        text = f"{text} {minutes}:{seconds:02}"
    return text, token


def last_words(snapshot: VoiceSnapshot) -> str:
    """Return the sentence being spoken, or else the last one; empty before the first."""
    if snapshot.live:
        return f"{snapshot.live.stable}{snapshot.live.tentative}"
    return snapshot.recent[-1].text if snapshot.recent else ""


class VoiceSummary(Card):
    """State, device and model, latencies, last words."""

    def __init__(self, theme: Theme) -> None:
        super().__init__("Voice")
        self._state = StateChip(theme)
        self.corner.addWidget(self._state)
        self._device = ElidedLabel()
        self._model = ElidedLabel("mute")
        self._word = Value()
        self._final = Value()
        self._words = QLabel()
        self._words.setWordWrap(True)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._words.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
        line = QFrame()
        line.setProperty("separator", True)
        self.body.addWidget(self._device)
        self.body.addWidget(self._model)
        self.body.addLayout(self._latencies())
        self.body.addWidget(line)
        self.body.addWidget(self._words, 1)
        self.delays = TimeChart(
            theme, unit="s", series=(("Words", "accent"), ("Sentences", "violet")), low=0.0
        )
        self.delays.empty_text = "Speak to see how long words take to appear"
        self.body.addWidget(self.delays, 2)
        # For whoever lays the page out to show, where there is room.
        self.delays.hide()

    @property
    def words(self) -> str:
        """The words shown."""
        return self._words.text()

    def show_voice(self, snapshot: VoiceSnapshot) -> None:
        """Draw `snapshot`."""
        self._state.show_state(*state_text(snapshot))
        self._device.show_text(snapshot.device or NO_DEVICE.get(snapshot.state, PLUG_IN))
        parts = (snapshot.model and f"Whisper {snapshot.model}", snapshot.compute)
        self._model.show_text(" \N{MIDDLE DOT} ".join(part for part in parts if part))
        self._word.show_value(_seconds(snapshot.word_latency_s), "s")
        self._final.show_value(_seconds(snapshot.final_latency_s), "s")
        words = last_words(snapshot)
        self._words.setText(words or (NOTHING_SAID if snapshot.devices else NOTHING_TO_HEAR))
        traces = snapshot.traces
        self.delays.show_series(snapshot.taken_s, (traces.word_latency_s, traces.final_latency_s))
        role = "" if words else "mute"
        if self._words.property("r") != role:
            self._words.setProperty("r", role)
            self._words.style().unpolish(self._words)
            self._words.style().polish(self._words)

    def _latencies(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setContentsMargins(0, 4, 0, 4)
        grid.setVerticalSpacing(0)
        pairs = (("Word shown after", self._word), ("Sentence final after", self._final))
        for column, (caption, value) in enumerate(pairs):
            label = QLabel(caption)
            label.setProperty("r", "mute")
            grid.addWidget(value, 0, column)
            grid.addWidget(label, 1, column)
            grid.setColumnStretch(column, 1)
        return grid


def _seconds(value_s: float | None) -> str | None:
    return None if value_s is None else f"{value_s:.2f}"
