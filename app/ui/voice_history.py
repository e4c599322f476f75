"""The part of the Voice panel that keeps what was said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import QSize, QTimer, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.theme import Theme
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.export_menu import ExportButton
from app.ui.widgets.history_list import HistoryList
from app.ui.widgets.notice_strip import NoticeStrip
from engine.voice.snapshot import Utterance

TYPING_PAUSE_MS = 150
"""A search begins after this pause, not with each letter."""

UNDO_SHOWN_MS = 15_000


def count_text(count: int) -> str:
    """Return `count` sentences in words."""
    return "1 sentence" if count == 1 else f"{count:,} sentences"


class VoiceHistory(QWidget):
    """Search, list, and what can be done with the selected sentences."""

    search_changed = Signal(str)
    export_requested = Signal(str, list)
    delete_requested = Signal(list)
    undo_delete_requested = Signal(list)
    send_requested = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._deleted: list[int] = []
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search what was said (Ctrl+F)")
        self.search.setAccessibleName("Search the history")
        self.search.setClearButtonEnabled(True)
        # A file dropped here is to be transcribed, not to be searched for.
        self.search.setAcceptDrops(False)
        self._sign = self.search.addAction(
            theme.icon("search", theme.tokens.mute), QLineEdit.ActionPosition.LeadingPosition
        )
        self.list = HistoryList(theme)
        self.empty = EmptyState(theme, "search")
        self.count = ElidedLabel("mute")
        self.undo = NoticeStrip(theme, "delete", ("Undo",))
        self.copy_button = self._icon_button("copy", "Copy (Ctrl+C)")
        self.export_button = ExportButton()
        self.send_button = self._icon_button("send", "Send to the Playground")
        self.delete_button = self._icon_button("delete", "Delete (Del)")
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(TYPING_PAUSE_MS)
        self._forget = QTimer(self)
        self._forget.setSingleShot(True)
        self._forget.setInterval(UNDO_SHOWN_MS)
        self._lay_out()
        self._connect()
        self.show_utterances(())

    def _lay_out(self) -> None:
        self._pages = QStackedWidget()
        self._pages.addWidget(self.list)
        self._pages.addWidget(self.empty)
        actions = QHBoxLayout()
        actions.setSpacing(6)
        actions.addWidget(self.count, 1)
        for button in (self.copy_button, self.export_button, self.send_button, self.delete_button):
            actions.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.search)
        column.addWidget(self._pages, 1)
        column.addWidget(self.undo)
        column.addLayout(actions)

    def _connect(self) -> None:
        self.search.textChanged.connect(self._pause.start)
        self.search.returnPressed.connect(self._search_now)
        self._pause.timeout.connect(self._search_now)
        self.list.picked.connect(self._show_selection)
        self.list.delete_pressed.connect(self._delete)
        self.copy_button.clicked.connect(self.list.copy)
        self.export_button.chosen.connect(self._export)
        self.send_button.clicked.connect(self._send)
        self.delete_button.clicked.connect(self._delete)
        self.undo.chosen.connect(self._undo)
        self._forget.timeout.connect(lambda: self.undo.show_notice(""))
        self._theme.changed.connect(self._redraw_icons)

    @property
    def query(self) -> str:
        """What is searched for; empty for all."""
        return self.search.text().strip()

    def show_utterances(self, utterances: Sequence[Utterance]) -> None:
        """List `utterances` in this order; where there are none, say why."""
        today = datetime.now().astimezone().date()
        self.list.show_utterances(utterances, query=self.query, today=today)
        if self.query:
            self.empty.show_text(
                f"Nothing found for \N{LEFT DOUBLE QUOTATION MARK}{self.query}"
                "\N{RIGHT DOUBLE QUOTATION MARK}",
                "Try fewer letters, or clear the search to see everything.",
            )
        else:
            self.empty.show_text(
                "No history yet",
                "What you say is kept here, to read, search and export. Start recording to begin.",
            )
        self._pages.setCurrentWidget(self.list if utterances else self.empty)
        self._show_selection()

    def _show_selection(self) -> None:
        total, chosen = len(self.list.utterances()), len(self.list.selected())
        self.count.show_text(f"{chosen:,} selected" if chosen else count_text(total))
        self.copy_button.setEnabled(chosen > 0)
        self.send_button.setEnabled(chosen > 0)
        self.delete_button.setEnabled(chosen > 0)
        self.export_button.setEnabled(total > 0)
        what = f"the {chosen:,} selected" if chosen else "all that are listed"
        self.export_button.setToolTip(f"Export {what}")

    def _search_now(self) -> None:
        self._pause.stop()
        self.search_changed.emit(self.query)

    def _export(self, kind: str) -> None:
        chosen = self.list.selected() or self.list.utterances()
        self.export_requested.emit(kind, [one.id for one in chosen])

    def _send(self) -> None:
        chosen = sorted(self.list.selected(), key=lambda one: one.said_at)
        if chosen:
            self.send_requested.emit("\n".join(one.text for one in chosen))

    def _delete(self) -> None:
        chosen = [one.id for one in self.list.selected()]
        if not chosen:
            return
        self._deleted = chosen
        self.undo.show_notice(f"{count_text(len(chosen))} deleted")
        self._forget.start()
        self.delete_requested.emit(chosen)

    def _undo(self) -> None:
        self._forget.stop()
        self.undo.show_notice("")
        self.undo_delete_requested.emit(self._deleted)

    def _icon_button(self, icon_name: str, tooltip: str) -> QPushButton:
        button = QPushButton(self._theme.icon(icon_name), "")
        button.setIconSize(QSize(16, 16))
        button.setFixedWidth(32)
        button.setStyleSheet("padding: 0;")
        button.setToolTip(tooltip)
        button.setAccessibleName(tooltip.partition(" (")[0])
        button.setProperty("icon_name", icon_name)
        button.setEnabled(False)
        return button

    def _redraw_icons(self) -> None:
        for button in (self.copy_button, self.send_button, self.delete_button):
            button.setIcon(self._theme.icon(str(button.property("icon_name"))))
        self._sign.setIcon(self._theme.icon("search", self._theme.tokens.mute))
