"""The part of the Playground that lists conversations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QLineEdit, QPushButton, QStackedWidget, QVBoxLayout

from app.theme import Theme
from app.ui.quantity_texts import counted
from app.ui.widgets.conversation_list import ConversationList
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.notice_strip import NoticeStrip
from engine.router.snapshot import ConversationView

WIDTH_PX = 240
TYPING_PAUSE_MS = 150
"""A search begins after this pause, not with each letter."""
UNDO_SHOWN_MS = 15_000


class PlaygroundList(QFrame):
    """A button for a new conversation, a search, and the list."""

    new_wanted = Signal()
    search_changed = Signal(str)
    opened = Signal(object)
    renamed = Signal(str, str)
    delete_requested = Signal(list)
    undo_delete_requested = Signal(list)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._deleted: list[str] = []
        self.setProperty("card", True)
        self.setAccessibleName("Conversations")
        self.setFixedWidth(WIDTH_PX)
        self.new_button = QPushButton("New chat")
        self.new_button.setIconSize(QSize(16, 16))
        self.new_button.setToolTip("Begin another conversation (Ctrl+N)")
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search (Ctrl+F)")
        self.search.setAccessibleName("Search the conversations")
        self.search.setClearButtonEnabled(True)
        self._sign = self.search.addAction(
            theme.icon("search", theme.tokens.mute), QLineEdit.ActionPosition.LeadingPosition
        )
        self.list = ConversationList(theme)
        self.empty = EmptyState(theme, "playground")
        self.undo = NoticeStrip(theme, "delete", ("Undo",))
        self._pause = _once(self, TYPING_PAUSE_MS)
        self._forget = _once(self, UNDO_SHOWN_MS)
        self._lay_out()
        self._connect()
        self._draw_icons()
        self.show_conversations(())

    @property
    def query(self) -> str:
        """What is searched for; empty for all."""
        return self.search.text().strip()

    def show_conversations(self, views: Sequence[ConversationView]) -> None:
        """List `views`; where there are none, say why."""
        self.list.show_conversations(views, datetime.now().astimezone().date())
        if self.query:
            self.empty.show_text("Nothing found", "Try fewer letters, or clear the search.")
        else:
            self.empty.show_text("No conversations yet", "What you ask is kept here.")
        self._pages.setCurrentWidget(self.list if views else self.empty)

    def start_search(self) -> None:
        """Put the cursor into the search."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _lay_out(self) -> None:
        self._pages = QStackedWidget()
        self._pages.addWidget(self.list)
        self._pages.addWidget(self.empty)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 10, 10, 10)
        column.setSpacing(8)
        for widget in (self.new_button, self.search):
            column.addWidget(widget)
        column.addWidget(self._pages, 1)
        column.addWidget(self.undo)

    def _connect(self) -> None:
        self.new_button.clicked.connect(self.new_wanted)
        self.search.textChanged.connect(self._pause.start)
        self.search.returnPressed.connect(self._search_now)
        self._pause.timeout.connect(self._search_now)
        self.list.opened.connect(self.opened)
        self.list.renamed.connect(self.renamed)
        self.list.delete_pressed.connect(self._delete)
        self.undo.chosen.connect(self._undo)
        self._forget.timeout.connect(lambda: self.undo.show_notice(""))
        self._theme.changed.connect(self._draw_icons)

    def _search_now(self) -> None:
        self._pause.stop()
        self.search_changed.emit(self.query)

    def _delete(self) -> None:
        chosen = [view.id for view in self.list.selected()]
        if chosen:
            self._deleted = chosen
            self.undo.show_notice(f"{counted(len(chosen), 'chat', 'chats')} deleted")
            self._forget.start()
            self.delete_requested.emit(chosen)

    def _undo(self) -> None:
        self._forget.stop()
        self.undo.show_notice("")
        self.undo_delete_requested.emit(self._deleted)

    def _draw_icons(self) -> None:
        self.new_button.setIcon(self._theme.icon("plus"))
        self._sign.setIcon(self._theme.icon("search", self._theme.tokens.mute))


def _once(parent: PlaygroundList, wait_ms: int) -> QTimer:
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(wait_ms)
    return timer
