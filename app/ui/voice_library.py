"""The card of the Voice panel with what was said before and the files in work."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QStackedWidget, QTabBar, QVBoxLayout

from app.theme import Theme
from app.ui.voice_files import VoiceFiles
from app.ui.voice_history import VoiceHistory
from engine.voice.snapshot import FileJob

HISTORY, FILES = 0, 1


class LibraryCard(QFrame):
    """Two tabs: History and Files."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setProperty("card", True)
        self.tabs = QTabBar()
        self.tabs.setAccessibleName("History or files")
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.tabs.addTab("History")
        self.tabs.addTab("Files")
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
        theme.changed.connect(self._restyle)
        self._restyle()

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

    def _restyle(self) -> None:
        tokens = self._theme.tokens
        self.tabs.setStyleSheet(
            "QTabBar { background: transparent; border: 0; }"
            f"QTabBar::tab {{ color: {tokens.mute}; background: transparent; border: 0;"
            " border-bottom: 2px solid transparent; padding: 6px 2px; margin-right: 20px;"
            " font-weight: 500; }"
            f"QTabBar::tab:hover {{ color: {tokens.text}; }}"
            f"QTabBar::tab:selected {{ color: {tokens.text}; border-color: {tokens.accent}; }}"
            f"QTabBar::tab:focus {{ color: {tokens.accent}; }}"
        )
