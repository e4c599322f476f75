"""The card of the Voice panel with what was said before and the files in work."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QStackedWidget, QVBoxLayout

from app.theme import Theme
from app.ui.voice_files import VoiceFiles
from app.ui.voice_history import VoiceHistory
from app.ui.widgets.tab_strip import TabStrip
from engine.voice.snapshot import FileJob

HISTORY, FILES = 0, 1


class LibraryCard(QFrame):
    """Two tabs: History and Files."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("card", True)
        self.tabs = TabStrip(theme, "History or files", ("History", "Files"))
        self.history = VoiceHistory(theme)
        self.files = VoiceFiles(theme)
        pages = QStackedWidget()
        pages.addWidget(self.history)
        pages.addWidget(self.files)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, 16, 12)
        column.setSpacing(8)
        column.addWidget(self.tabs)
        column.addWidget(pages, 1)
        self.tabs.currentChanged.connect(pages.setCurrentIndex)

    def show_jobs(self, jobs: Sequence[FileJob]) -> None:
        """Draw `jobs` and count those still running on the tab."""
        self.files.show_jobs(jobs)
        running = sum(job.state in ("waiting", "working") for job in jobs)
        text = f"Files ({running})" if running else "Files"
        if self.tabs.tabText(FILES) != text:
            self.tabs.setTabText(FILES, text)

    def start_search(self) -> None:
        """Go to the search field."""
        self.tabs.setCurrentIndex(HISTORY)
        self.history.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.history.search.selectAll()

    def show_files(self) -> None:
        """Go to the files."""
        self.tabs.setCurrentIndex(FILES)
