"""The card of the Voice panel that shows the sound."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QVBoxLayout

from app.theme import Theme
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.level_meter import LevelMeter, held_peak_dbfs
from app.ui.widgets.sound_frame import NAME_PX
from app.ui.widgets.spectrogram import Spectrogram
from app.ui.widgets.speech_trace import SpeechTrace
from app.ui.widgets.waveform import Waveform
from engine.voice.snapshot import VoiceSnapshot

TALLEST_PX = 320
"""On a large screen the words get the room."""


class SoundCard(QFrame):
    """Level, waveform, spectrogram and speech probability, one above the other in time."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("card", True)
        self.setMaximumHeight(TALLEST_PX)
        self.meter = LevelMeter(theme)
        self.waveform = Waveform(theme)
        self.spectrogram = Spectrogram(theme)
        self.speech = SpeechTrace(theme)
        self.lost = ElidedLabel("bad")
        self.lost.setContentsMargins(NAME_PX, 0, 0, 0)
        self.lost.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 12, 16, 8)
        column.setSpacing(8)
        column.addWidget(self.meter)
        column.addWidget(self.waveform, 3)
        column.addWidget(self.spectrogram, 5)
        column.addWidget(self.speech, 2)
        column.addWidget(self.lost)

    def show_sound(self, snapshot: VoiceSnapshot, *, speech_threshold: float) -> None:
        """Draw the sound of `snapshot`; at `speech_threshold` probability it counts as speech."""
        traces = snapshot.traces
        self.meter.show_level(
            snapshot.level_dbfs,
            peak_dbfs=None if snapshot.level_dbfs is None else held_peak_dbfs(traces.waveform),
            is_clipping=snapshot.is_clipping,
        )
        self.waveform.show_waveform(traces.waveform)
        self.spectrogram.show_spectrum(traces.spectrum)
        self.speech.show_speech(traces.speech, threshold=speech_threshold)
        lost = lost_text(snapshot)
        self.lost.setVisible(bool(lost))
        self.lost.show_text(lost)


def lost_text(snapshot: VoiceSnapshot) -> str:
    """Return what the running recording has lost, and why; "" where nothing was."""
    parts = []
    if snapshot.lost_frames:
        parts.append(f"{snapshot.lost_frames:,} sound samples were lost")
    if snapshot.overflows:
        times = "once" if snapshot.overflows == 1 else f"{snapshot.overflows:,} times"
        parts.append(f"sound was cut {times} before it reached the program")
    if not parts:
        return ""
    text = " and ".join(parts)
    return f"{text[0].upper()}{text[1:]} because this computer was too busy"
