"""The part of the Cache page with sessions and channels."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QPushButton, QStackedWidget

from app.theme import Theme
from app.ui.cache_texts import channel_row
from app.ui.panel import SPACING_PX
from app.ui.quantity_texts import count_text, when_text
from app.ui.widgets.card import Card
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.icon_button import IconButton
from app.ui.widgets.notice_strip import NoticeStrip
from app.ui.widgets.scroll_page import ScrollPage
from app.ui.widgets.table import Table
from app.ui.widgets.table_model import Column, Row
from engine.cache.snapshot import CacheSnapshot, SessionRow

NARROW_PX = 800
LEAST_PX = 240
SESSION_COLUMNS = (
    Column("Session"),
    Column("Owner", 124),
    Column("Messages", 80, is_number=True),
    Column("Last used", 104, is_number=True),
    Column("Ends", 104, is_number=True),
)
CHANNEL_COLUMNS = (
    Column("Channel"),
    Column("Sent", 60, is_number=True),
    Column("Received", 78, is_number=True),
    Column("Listeners", 78, is_number=True, tooltip="In this application"),
    Column("Last", 60, is_number=True, tooltip="When the last message came or went"),
)


def session_row(session: SessionRow, today: date) -> Row:
    """Return a session as a row: id, owner, messages, last used, end."""
    times = (session.touched_at, session.expires_at)
    return Row(
        id=session.id,
        cells=(
            session.id,
            session.owner,
            count_text(session.messages),
            *(when_text(each, today) for each in times),
        ),
        order=(session.id, session.owner, session.messages, *(each.timestamp() for each in times)),
        tooltip=f"{session.id}, changed {session.version - 1:,} times",
    )


class CacheSessions(ScrollPage):
    """Two lists. sessions_wanted and remove_requested(id): what the user wants."""

    sessions_wanted = Signal()
    remove_requested = Signal(str)
    save_failed = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.table = Table(theme, "Sessions", SESSION_COLUMNS)
        self.channels = Table(theme, "Channels", CHANNEL_COLUMNS)
        self.refresh_button = IconButton(theme, "refresh", "Refresh the list (F5)")
        self.end_button = QPushButton("End session")
        self.end_button.setToolTip("End the chosen session, with its chat history (Del)")
        self.confirm = NoticeStrip(theme, "warning", ("End", "Cancel"))
        no_sessions, no_channels = EmptyState(theme, "session"), EmptyState(theme, "channel")
        no_sessions.show_text(
            "No sessions", "A chat that is kept between requests is a session; it appears here."
        )
        no_channels.show_text(
            "No messages yet", "What programs tell each other through the cache appears here."
        )
        self._session_pages = _pages(no_sessions, self.table)
        self._channel_pages = _pages(no_channels, self.channels)
        for table in (self.table, self.channels):
            table.let_sort()
            table.save_failed.connect(self.save_failed)
        self._lay_out()
        self.refresh_button.clicked.connect(self.look)
        self.end_button.clicked.connect(self._ask)
        self.table.delete_pressed.connect(self._ask)
        self.table.picked.connect(self._show_selection)
        self.confirm.chosen.connect(self._decide)
        self._show_selection()

    def look(self) -> None:
        """Ask for the sessions there are now."""
        self.sessions_wanted.emit()

    def show_cache(self, snapshot: CacheSnapshot) -> None:
        """List the channels of `snapshot`."""
        today = _today()
        self.channels.show_rows([channel_row(each, today) for each in snapshot.channels])
        self._channel_pages.setCurrentIndex(1 if snapshot.channels else 0)

    def show_sessions(self, sessions: Sequence[SessionRow]) -> None:
        """List `sessions`."""
        today = _today()
        self.table.show_rows([session_row(each, today) for each in sessions])
        self._session_pages.setCurrentIndex(1 if sessions else 0)
        self._show_selection()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the lists under each other where they would be too narrow."""
        super().resizeEvent(event)
        is_narrow = self.width() < NARROW_PX
        way = QBoxLayout.Direction.TopToBottom if is_narrow else QBoxLayout.Direction.LeftToRight
        self._cards.setDirection(way)

    def _lay_out(self) -> None:
        sessions, channels = Card("Sessions"), Card("Channels")
        sessions.corner.addWidget(self.refresh_button)
        sessions.corner.addWidget(self.end_button)
        sessions.body.addWidget(self.confirm)
        sessions.body.addWidget(self._session_pages, 1)
        channels.body.addWidget(self._channel_pages, 1)
        # Captions beside each other stand at one height.
        channels.corner.addStrut(self.refresh_button.sizeHint().height())
        self._cards = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._cards.setSpacing(SPACING_PX)
        for card, stretch in ((sessions, 4), (channels, 3)):
            card.setMinimumHeight(LEAST_PX)
            self._cards.addWidget(card, stretch)
        self.column.addLayout(self._cards, 1)

    def _show_selection(self) -> None:
        self.end_button.setEnabled(bool(self.table.selected()))
        self.confirm.show_notice("")

    def _ask(self) -> None:
        if chosen := self.table.selected():
            self.confirm.show_notice(f"End {chosen[0]} and forget its chat history?")
            self.confirm.buttons["Cancel"].setFocus(Qt.FocusReason.OtherFocusReason)

    def _decide(self, choice: str) -> None:
        self.confirm.show_notice("")
        chosen = self.table.selected()
        if choice == "End" and chosen:
            self.remove_requested.emit(chosen[0])


def _pages(empty: EmptyState, table: Table) -> QStackedWidget:
    stack = QStackedWidget()
    stack.addWidget(empty)
    stack.addWidget(table)
    return stack


def _today() -> date:
    return datetime.now().astimezone().date()
