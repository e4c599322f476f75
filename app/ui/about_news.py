"""Whether a newer version is out, and a link to where it is described."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.about_texts import news_chip, news_texts
from app.ui.widgets.state_chip import StateChip
from engine.updates.snapshot import UpdateState, UpdateView

CAN_LOOK = (UpdateState.WAITING, UpdateState.KNOWN, UpdateState.FAILED)


class AboutNews(QWidget):
    """Drawn from an UpdateView. look_wanted: ask now; page_wanted(address): open it."""

    look_wanted = Signal()
    page_wanted = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._view: UpdateView | None = None
        self.title, self.detail = QLabel(), QLabel()
        self.detail.setProperty("r", "mute")
        self.detail.setWordWrap(True)
        self.chip = StateChip(theme)
        self.page_button = QPushButton("What is new")
        self.page_button.setProperty("primary", True)
        self.page_button.clicked.connect(self._open_page)
        self.look_button = QPushButton("Look now")
        self.look_button.setToolTip("Ask now whether a newer version is out")
        self.look_button.clicked.connect(self.look_wanted)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.title)
        words.addWidget(self.detail)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 8, 0, 8)
        row.setSpacing(8)
        row.addLayout(words, 1)
        row.addSpacing(8)
        row.addWidget(self.chip)
        row.addWidget(self.look_button)
        row.addWidget(self.page_button)
        self.show_news(UpdateView())

    def show_news(self, view: UpdateView) -> None:
        """Draw `view`."""
        if view == self._view:
            return
        self._view = view
        title, detail = news_texts(view, datetime.now().astimezone().date())
        self.title.setText(title)
        self.detail.setText(detail)
        self.setAccessibleName(f"{title}. {detail}")
        self.chip.show_state(*news_chip(view))
        self.look_button.setEnabled(view.state in CAN_LOOK)
        page = view.latest.page if view.latest and view.is_newer else ""
        self.page_button.setVisible(bool(page))
        self.page_button.setToolTip(f"Open {page} in your browser")

    def _open_page(self) -> None:
        if self._view and self._view.latest:
            self.page_wanted.emit(self._view.latest.page)
