"""The Voice panel: what is heard, what was said, and the files in work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QHideEvent,
    QKeyEvent,
    QKeySequence,
    QResizeEvent,
    QShortcut,
)
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.panel import SPACING_PX, Panel
from app.ui.voice_header import VoiceHeader
from app.ui.voice_library import LibraryCard
from app.ui.voice_sound import SoundCard
from app.ui.voice_text import LiveTextCard
from app.ui.widgets.drop_overlay import DropOverlay, dropped_files
from app.ui.widgets.guest_list import GuestList
from app.ui.widgets.latency_view import LatencyView
from app.ui.widgets.notice_strip import NoticeStrip
from app.ui.widgets.record_button import clock_text
from app.ui.widgets.stage_switches import StageSwitches
from engine.voice.settings import VoiceSettings
from engine.voice.snapshot import Recovered, Utterance, VoiceSnapshot

FOOT_PX = 136
"""Height of the lower cards: three switches, or a chart with its axes."""


def recovered_text(recovered: Sequence[Recovered]) -> str:
    """Return what is said about the first recording that was cut off; empty without any."""
    if not recovered:
        return ""
    first = recovered[0]
    length = clock_text(first.duration_s)
    begun = first.started_at.astimezone()
    more = f"  (1 of {len(recovered)})" if len(recovered) > 1 else ""
    return f"A recording of {length} from {begun:%H:%M} was cut off.{more}"


class VoicePanel(Panel):
    """A page drawn from a VoiceSnapshot; its signals say what the user wants."""

    title: ClassVar[str] = "Voice"
    icon_name: ClassVar[str] = "mic"
    rate_hz: ClassVar[int] = 60

    record_toggled = Signal()
    push_to_talk = Signal(bool)
    device_chosen = Signal(str)
    stage_toggled = Signal(str, bool)
    search_changed = Signal(str)
    """Search the history for this; answered by `show_history`."""
    export_requested = Signal(str, list)
    """Format and ids of utterances."""
    export_file_requested = Signal(str, int)
    """Format and id of a job."""
    delete_requested = Signal(list)
    undo_delete_requested = Signal(list)
    send_requested = Signal(str)
    files_chosen = Signal(list)
    """Paths, chosen or dropped."""
    cancel_file = Signal(int)
    dismiss_file = Signal(int)
    transcribe_recovered = Signal(str)
    discard_recovered = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._settings = VoiceSettings()
        self._snapshot = VoiceSnapshot(taken_s=0.0)
        self._problem: str | None = None
        self._history_version: int | None = None
        self._is_talking = False
        self.head = VoiceHeader(theme)
        self.recovered = NoticeStrip(theme, "info", ("Transcribe", "Discard"))
        self.guests = GuestList(theme)
        self.sound = SoundCard(theme)
        self.words = LiveTextCard(theme)
        self.library = LibraryCard(theme)
        self.latency = LatencyView(theme)
        self.stages = StageSwitches(theme)
        self.overlay = DropOverlay(theme, "Drop to transcribe", self)
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._lay_out()
        self._connect()
        self._add_shortcuts()
        self.show_snapshot(self._snapshot)

    def _lay_out(self) -> None:
        self.header.addWidget(self.head, 1)
        self.body.addWidget(self.recovered)
        self.body.addWidget(self.guests)
        self.page = _scrolled(self._grid())
        self.body.addWidget(self.page, 1)

    def _grid(self) -> QGridLayout:
        left = QVBoxLayout()
        left.setSpacing(SPACING_PX)
        left.addWidget(self.sound, 4)
        left.addWidget(self.words, 5)
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(SPACING_PX)
        grid.addLayout(left, 0, 0)
        grid.addWidget(self.library, 0, 1)
        grid.addWidget(_card(self.latency), 1, 0)
        grid.addWidget(_card(self.stages, "Sound processing"), 1, 1)
        grid.setRowStretch(0, 1)
        grid.setColumnStretch(0, 3)
        grid.setColumnStretch(1, 2)
        return grid

    def _connect(self) -> None:
        history, files = self.library.history, self.library.files
        self.head.device_chosen.connect(self.device_chosen)
        self.head.record_toggled.connect(self.record_toggled)
        self.head.push_to_talk.connect(self.push_to_talk)
        self.stages.toggled.connect(self.stage_toggled)
        history.search_changed.connect(self.search_changed)
        history.export_requested.connect(self.export_requested)
        history.delete_requested.connect(self.delete_requested)
        history.undo_delete_requested.connect(self.undo_delete_requested)
        history.send_requested.connect(self.send_requested)
        files.files_chosen.connect(self.files_chosen)
        files.cancel_file.connect(self.cancel_file)
        files.dismiss_file.connect(self.dismiss_file)
        files.export_file_requested.connect(self.export_file_requested)
        self.recovered.chosen.connect(self._decide_recovered)

    def _add_shortcuts(self) -> None:
        for keys, action in (
            ("Ctrl+R", self.head.toggle),
            ("Ctrl+F", self.library.start_search),
            ("Ctrl+O", self._choose_files),
        ):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(action)

    def show_settings(self, settings: VoiceSettings) -> None:
        """Draw what depends on `settings`: the mode, the chosen device, the speech threshold."""
        self._settings = settings
        self.show_snapshot(self._snapshot)

    def show_snapshot(self, snapshot: VoiceSnapshot) -> None:
        """Draw `snapshot`: same snapshot, same picture."""
        self._snapshot = snapshot
        is_push_to_talk = self._settings.mode == "push_to_talk"
        self.head.show_header(snapshot, self._settings)
        self.sound.show_sound(snapshot, speech_threshold=self._settings.segment.start_probability)
        self.words.show_text(snapshot, is_push_to_talk=is_push_to_talk)
        self.guests.show_guests(snapshot.guests)
        self.library.show_jobs(snapshot.jobs)
        self.latency.show_latency(snapshot)
        self.stages.show_stages(snapshot.stages)
        self.recovered.show_notice(recovered_text(snapshot.recovered))
        if snapshot.problem != self._problem:
            # Only a change: what the user dismissed stays away.
            self._problem = snapshot.problem
            self.show_problem(snapshot.problem or "")
        if snapshot.history_version != self._history_version:
            self._history_version = snapshot.history_version
            self.search_changed.emit(self.library.history.query)

    def show_history(self, utterances: Sequence[Utterance]) -> None:
        """List what a search found, newest first."""
        self.library.history.show_utterances(utterances)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Begin to talk while the space bar is held, where that is the mode."""
        if event.key() == Qt.Key.Key_Space and self._settings.mode == "push_to_talk":
            if not event.isAutoRepeat() and self.head.record.isEnabled():
                self._is_talking = True
                self.push_to_talk.emit(True)
            event.accept()
            return
        super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """End talking when the space bar is let go."""
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat() and self._is_talking:
            self._stop_talking()
            event.accept()
            return
        super().keyReleaseEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        """End talking: the release of the key would go elsewhere."""
        self._stop_talking()
        super().hideEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """End talking when another window comes to the front."""
        if event.type() == QEvent.Type.ActivationChange and not self.isActiveWindow():
            self._stop_talking()
        super().changeEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the overlay as large as the page."""
        super().resizeEvent(event)
        self.overlay.setGeometry(self.rect())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files, and say what will happen to them."""
        if dropped_files(event.mimeData()):
            event.acceptProposedAction()
            self.overlay.cover()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Nothing was dropped after all."""
        self.overlay.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        """Ask for the dropped files to be transcribed, and show them."""
        self.overlay.hide()
        paths = dropped_files(event.mimeData())
        if paths:
            event.acceptProposedAction()
            self.library.show_files()
            self.files_chosen.emit(paths)

    def _stop_talking(self) -> None:
        if self._is_talking:
            self._is_talking = False
            self.push_to_talk.emit(False)

    def _choose_files(self) -> None:
        self.library.show_files()
        self.library.files.choose()

    def _decide_recovered(self, choice: str) -> None:
        if not self._snapshot.recovered:
            return
        name = self._snapshot.recovered[0].name
        wanted = self.transcribe_recovered if choice == "Transcribe" else self.discard_recovered
        wanted.emit(name)


def _scrolled(grid: QGridLayout) -> QScrollArea:
    """Return `grid` in an area that scrolls only where the window is too small for it.

    Nothing in `grid` may want a height for its width (wrapped labels do): the area would then
    give all of it the height it would like best, and scroll in every window.
    """
    inside = QWidget()
    inside.setObjectName("scrolled")
    inside.setLayout(grid)
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidgetResizable(True)
    area.setWidget(inside)
    # A gap between the cards and the bar, which the style sheet of the window has not.
    area.verticalScrollBar().setStyleSheet(
        "QScrollBar:vertical { width: 16px; } QScrollBar::handle:vertical { margin-left: 6px; }"
    )
    return area


def _card(content: QWidget, title: str = "") -> QFrame:
    frame = QFrame()
    frame.setProperty("card", True)
    frame.setFixedHeight(FOOT_PX)
    column = QVBoxLayout(frame)
    column.setContentsMargins(16, 12, 16, 12)
    column.setSpacing(4)
    if title:
        name = QLabel(title)
        name.setProperty("r", "cap")
        column.addWidget(name)
    column.addWidget(content, 1)
    return frame
