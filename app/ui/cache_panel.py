"""The Cache panel: how the cache does, what is in it, and where its Redis is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import ClassVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QPushButton, QStackedWidget

from app.theme import Theme
from app.ui.cache_connection import CacheConnection
from app.ui.cache_keys import CacheKeys
from app.ui.cache_live import CacheLive
from app.ui.cache_sessions import CacheSessions
from app.ui.cache_texts import problem_of, state_look, where_text
from app.ui.panel import Panel
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.state_chip import StateChip
from app.ui.widgets.state_strip import StateStrip
from app.ui.widgets.tab_strip import TabStrip
from engine.cache.settings import CacheSettings
from engine.cache.snapshot import (
    CacheSnapshot,
    ConnectionTest,
    KeyPage,
    SessionRow,
    ValuePreview,
)

LIVE, KEYS, SESSIONS, CONNECTION = range(4)
TABS = ("Live", "Keys", "Sessions and channels", "Connection")


class CachePanel(Panel):
    """A page drawn from a CacheSnapshot; its signals say what the user wants."""

    title: ClassVar[str] = "Cache"
    icon_name: ClassVar[str] = "cache"
    rate_hz: ClassVar[int] = 4

    reconnect_requested = Signal()
    test_requested = Signal(str, str, str)
    """URL, user, password: answered by `show_test`."""
    setting_changed = Signal(str, object)
    """Key and value."""
    password_changed = Signal(str)
    """Empty: it is to be forgotten."""
    keys_wanted = Signal(str, str)
    """Namespace, empty for all, and what a name must contain: answered by `show_keys`."""
    preview_wanted = Signal(str)
    """A key: answered by `show_preview`."""
    remove_keys_requested = Signal(list)
    """Keys: answered by `show_undo`."""
    purge_requested = Signal(str)
    """A namespace: answered by `show_undo`."""
    undo_requested = Signal(str)
    """A token of `show_undo`."""
    sessions_wanted = Signal()
    """Answered by `show_sessions`."""
    remove_session_requested = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._snapshot = CacheSnapshot(taken_s=0.0)
        self._state = StateChip(theme)
        self._where = ElidedLabel("mute")
        self.reconnect_button = QPushButton("Reconnect")
        self.reconnect_button.setToolTip("Try to reach Redis now")
        self.reason = StateStrip(theme)
        self.tabs = TabStrip(theme, "Parts of the cache", TABS)
        self.live = CacheLive(theme)
        self.keys = CacheKeys(theme)
        self.sessions = CacheSessions(theme)
        self.connection = CacheConnection(theme)
        self._lay_out()
        self._connect()
        self._add_shortcuts()
        self.show_snapshot(self._snapshot)

    def show_snapshot(self, snapshot: CacheSnapshot) -> None:
        """Draw `snapshot`: the head, and the part that shows."""
        before, self._snapshot = self._snapshot, snapshot
        look = state_look(snapshot)
        self._state.show_state(*look, snapshot.reason)
        self._where.show_text(where_text(snapshot, datetime.now().astimezone().date()))
        self.reconnect_button.setVisible(bool(snapshot.address))
        self.reason.show_text(problem_of(snapshot), look[1])
        part = self._pages.currentWidget()
        if isinstance(part, CacheLive | CacheKeys | CacheSessions):
            part.show_cache(snapshot)
        if snapshot.state is not before.state:
            # Redis came or went, and with it what there is to list.
            self.refresh()

    def show_settings(self, settings: CacheSettings) -> None:
        """Show the connection in use."""
        self.connection.show_settings(settings)

    def show_keys(self, page: KeyPage) -> None:
        """List what was found for the last `keys_wanted`."""
        self.keys.show_keys(page)

    def show_preview(self, preview: ValuePreview) -> None:
        """Show a value."""
        self.keys.show_preview(preview)

    def show_undo(self, text: str, token: str) -> None:
        """Tell what was removed, and look what is left; `token` undoes it unless it is empty."""
        self.keys.show_undo(text, token)

    def show_sessions(self, sessions: Sequence[SessionRow]) -> None:
        """List `sessions`."""
        self.sessions.show_sessions(sessions)

    def show_test(self, result: ConnectionTest) -> None:
        """Show what the last `test_requested` found."""
        self.connection.show_test(result)

    def refresh(self) -> None:
        """Ask again for what the part that shows cannot read off a snapshot."""
        part = self._pages.currentWidget()
        if isinstance(part, CacheKeys | CacheSessions):
            part.look()

    def _lay_out(self) -> None:
        # The head keeps its height without the button.
        self.header.addStrut(self.reconnect_button.sizeHint().height())
        self.header.addSpacing(8)
        self.header.addWidget(self._state)
        self.header.addWidget(self._where, 1)
        self.header.addWidget(self.reconnect_button)
        self._pages = QStackedWidget()
        for part in (self.live, self.keys, self.sessions, self.connection):
            self._pages.addWidget(part)
        self.body.addWidget(self.reason)
        self.body.addWidget(self.tabs)
        self.body.addWidget(self._pages, 1)

    def _connect(self) -> None:
        keys, connection = self.keys, self.connection
        self.tabs.currentChanged.connect(self._open_part)
        self.reconnect_button.clicked.connect(self.reconnect_requested)
        self.live.connection_wanted.connect(self._set_up_connection)
        keys.keys_wanted.connect(self.keys_wanted)
        keys.preview_wanted.connect(self.preview_wanted)
        keys.remove_requested.connect(self.remove_keys_requested)
        keys.purge_requested.connect(self.purge_requested)
        keys.undo_requested.connect(self.undo_requested)
        self.sessions.sessions_wanted.connect(self.sessions_wanted)
        self.sessions.remove_requested.connect(self.remove_session_requested)
        connection.test_requested.connect(self.test_requested)
        connection.setting_changed.connect(self.setting_changed)
        connection.password_changed.connect(self.password_changed)
        for part in (self.live, keys, self.sessions):
            part.save_failed.connect(self.show_problem)

    def _add_shortcuts(self) -> None:
        actions: tuple[tuple[str, Callable[[], None]], ...] = (
            ("F5", self.refresh),
            ("Ctrl+F", self._start_filter),
        )
        for keys, action in actions:
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(action)

    def _open_part(self, index: int) -> None:
        self._pages.setCurrentIndex(index)
        self.show_snapshot(self._snapshot)
        self.refresh()

    def _set_up_connection(self) -> None:
        self.tabs.setCurrentIndex(CONNECTION)
        self.connection.form.url.setFocus(Qt.FocusReason.OtherFocusReason)

    def _start_filter(self) -> None:
        self.tabs.setCurrentIndex(KEYS)
        self.keys.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.keys.filter.selectAll()
