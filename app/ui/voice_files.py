"""The part of the Voice panel that transcribes files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QFileDialog, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.file_jobs import FileJobs
from engine.voice.snapshot import FileJob

FILTERS = (
    "Sound and video (*.wav *.mp3 *.m4a *.aac *.flac *.ogg *.oga *.opus *.wma *.aiff *.amr"
    " *.mp4 *.m4v *.mov *.mkv *.webm *.avi)",
    "All files (*)",
)


class VoiceFiles(QWidget):
    """A button to choose files and the list of those in work."""

    files_chosen = Signal(list)
    """Paths."""
    cancel_file = Signal(int)
    dismiss_file = Signal(int)
    export_file_requested = Signal(str, int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.choose_button = QPushButton("Transcribe a file\N{HORIZONTAL ELLIPSIS}")
        self.choose_button.setIconSize(QSize(16, 16))
        self.choose_button.setToolTip("Choose sound or video files (Ctrl+O)")
        self.choose_button.setAccessibleName("Transcribe a file")
        self.jobs = FileJobs(theme)
        self.empty = EmptyState(theme, "file")
        self.empty.show_text(
            "No files yet", "Choose one above, or drop sound and video files on this page."
        )
        self._pages = QStackedWidget()
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self.jobs)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.choose_button)
        column.addWidget(self._pages, 1)
        self.choose_button.clicked.connect(self.choose)
        self.jobs.cancel_pressed.connect(self.cancel_file)
        self.jobs.dismiss_pressed.connect(self.dismiss_file)
        self.jobs.export_chosen.connect(self.export_file_requested)
        theme.changed.connect(self._draw_icon)
        self._draw_icon()

    def show_jobs(self, jobs: Sequence[FileJob]) -> None:
        """Draw `jobs`, oldest first."""
        self.jobs.show_jobs(jobs)
        self._pages.setCurrentWidget(self.jobs if jobs else self.empty)

    def choose(self) -> None:
        """Ask for files; the answer comes as `files_chosen`."""
        # open(), not exec(): a nested event loop would hold up the application's own.
        dialog = QFileDialog(self, "Transcribe files")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilters(FILTERS)
        dialog.filesSelected.connect(self._take)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _take(self, names: list[str]) -> None:
        self.files_chosen.emit([Path(name) for name in names])

    def _draw_icon(self) -> None:
        self.choose_button.setIcon(self._theme.icon("file"))
