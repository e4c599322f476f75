"""The card of the Voice panel that shows the words while they are spoken."""

from __future__ import annotations

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout

from app.theme import Theme
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.live_text import LiveTextView, paragraphs
from app.ui.widgets.live_text_legend import LiveTextLegend
from engine.voice.snapshot import VoiceSnapshot, VoiceState

ROOM_FOR_LEGEND_PX = 168
"""In a card lower than this the words need the line of the legend."""


def hint_text(snapshot: VoiceSnapshot, *, is_push_to_talk: bool) -> str:
    """Return which keys start and stop recording; empty while neither can be done."""
    if not snapshot.devices or snapshot.state in (VoiceState.STOPPED, VoiceState.DRAINING):
        return ""
    if is_push_to_talk:
        return "Hold Space to talk"
    return "Ctrl+R stops" if snapshot.recording_s is not None else "Ctrl+R starts recording"


def empty_text(snapshot: VoiceSnapshot, *, is_push_to_talk: bool) -> tuple[str, str]:
    """Return why there are no words, and what to do."""
    if snapshot.recording_s is not None:
        return "Listening", "Speak: the words appear here while you do."
    if snapshot.state is VoiceState.STOPPED:
        return "The voice engine is not running", "Words appear here once it has started."
    if not snapshot.devices:
        return "No microphone found", "Plug one in, or drop a file here to transcribe it."
    if snapshot.state is VoiceState.FAILED:
        return (
            "Speech cannot be transcribed now",
            "The message above says what to do. You can record meanwhile: the sound is kept.",
        )
    if snapshot.state is VoiceState.LOADING:
        return "The speech model is being loaded", "You can record already: the words follow."
    if is_push_to_talk:
        return "Nothing said yet", "Hold Space, or the button above, and speak."
    return "Nothing said yet", "Press Start recording or Ctrl+R, and speak."


class LiveTextCard(QFrame):
    """The live text, or what to do while there is none, with the keys and the legend."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("card", True)
        self.view = LiveTextView(theme)
        self.empty = EmptyState(theme, "mic")
        self.hint = ElidedLabel("mute")
        title = QLabel("Live text")
        title.setProperty("r", "cap")
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(title)
        top.addStretch(1)
        top.addWidget(self.hint)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self.view)
        self._legend = LiveTextLegend(theme)
        self._has_words = False
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        column.addLayout(top)
        column.addWidget(self._pages, 1)
        column.addWidget(self._legend)

    def show_text(self, snapshot: VoiceSnapshot, *, is_push_to_talk: bool) -> None:
        """Write what was said in `snapshot`."""
        wanted = paragraphs(snapshot.recent, snapshot.live)
        self.view.show_paragraphs(wanted)
        self.hint.show_text(hint_text(snapshot, is_push_to_talk=is_push_to_talk))
        self._has_words = bool(wanted)
        self._show_legend()
        if wanted:
            self._pages.setCurrentWidget(self.view)
            return
        self.empty.show_text(*empty_text(snapshot, is_push_to_talk=is_push_to_talk))
        self._pages.setCurrentWidget(self.empty)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the legend out where there is little room."""
        super().resizeEvent(event)
        self._show_legend()

    def _show_legend(self) -> None:
        self._legend.setVisible(self._has_words and self.height() >= ROOM_FOR_LEGEND_PX)
