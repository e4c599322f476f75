"""The part of the Playground where one talks: the conversation and the field below it."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app.chat_values import ChatEntry, ChatView, Rating
from app.theme import Theme
from app.ui.widgets.chat_answer import ChatAnswer
from app.ui.widgets.chat_composer import ChatComposer
from app.ui.widgets.chat_transcript import COLUMN_PX, GUTTER_PX, ChatTranscript
from app.ui.widgets.chat_welcome import ChatWelcome
from app.ui.widgets.notice_strip import NoticeStrip
from app.ui.widgets.state_strip import StateStrip

UNDO_SHOWN_MS = 15_000


class PlaygroundChat(QWidget):
    """Draws a ChatView, with a gutter of GUTTER_PX at its right.

    Keys in its signals are those of entries.
    """

    sent = Signal(str, object)
    """Text, and the key of the question it takes the place of, or None."""
    stop_wanted = Signal()
    again_wanted = Signal(int)
    why_wanted = Signal(int)
    delete_wanted = Signal(int)
    rated = Signal(int, object)
    """With a Rating."""
    copied = Signal(int)
    similar_wanted = Signal(str)
    """Id of an earlier request."""
    undo_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._view = ChatView()
        self._edited: int | None = None
        self._first_key: int | None = None
        self._asked_after: int | None = None
        """Newest key as an answer was asked for that no view has shown yet."""
        self.welcome = ChatWelcome(theme)
        self.welcome.setContentsMargins(0, 0, GUTTER_PX, 0)
        self.transcript = ChatTranscript(theme)
        self.not_kept = StateStrip(theme)
        self.undo = NoticeStrip(theme, "delete", ("Undo",))
        self.composer = ChatComposer(theme)
        self._forget = QTimer(self)
        self._forget.setSingleShot(True)
        self._forget.setInterval(UNDO_SHOWN_MS)
        self._lay_out()
        self._connect()

    def show_chat(self, view: ChatView) -> None:
        """Draw `view`: same view, same picture."""
        first = view.entries[0].key if view.entries else None
        if first != self._first_key:
            self._first_key = first
            self.transcript.start_anew()
            self._hide_undo()
        self._view = view
        self._look_for_answer()
        self._pages.setCurrentWidget(self.transcript if view.entries else self.welcome)
        self.transcript.show_entries(view.entries)
        self.composer.show_under_way(view.is_under_way)
        self.not_kept.show_text(view.problem, "warn")

    def last_answer(self) -> ChatEntry | None:
        """Return the newest answer, if there is one."""
        return next((one for one in reversed(self._view.entries) if one.role != "user"), None)

    def copy_last(self) -> None:
        """Put the newest answer on the clipboard."""
        widget = self._last_widget()
        if widget is not None:
            widget.copy()

    def rate_last(self, rating: Rating) -> None:
        """Rate the newest answer, or take back that rating."""
        widget = self._last_widget()
        if widget is not None:
            widget.rating.press(rating)

    def expect_answer(self) -> None:
        """Take note that an answer is asked for: it can be stopped before it shows."""
        self._asked_after = max((entry.key for entry in self._view.entries), default=0)

    def take_text(self, text: str) -> None:
        """Add `text` to what is being written; it may be a question that could not be asked."""
        self._asked_after = None
        written = self.composer.text.toPlainText().rstrip()
        self.composer.write(f"{written}\n{text}" if written else text)

    def escape(self) -> bool:
        """Stop the answer, or give up an edit; return whether there was either."""
        is_asked, self._asked_after = self._asked_after is not None, None
        if is_asked or self._view.is_under_way:
            self.stop_wanted.emit()
        elif self.composer.is_editing:
            self.composer.cancel()
        else:
            return False
        return True

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the field as wide as the column above it."""
        super().resizeEvent(event)
        side = max(0, self.width() - GUTTER_PX - COLUMN_PX) // 2
        self._foot.setContentsMargins(side, 0, side + GUTTER_PX, 0)

    def _last_widget(self) -> ChatAnswer | None:
        last = self.last_answer()
        return self.transcript.answer(last.key) if last else None

    def _look_for_answer(self) -> None:
        after = self._asked_after
        if after is not None and any(
            one.key > after and one.role != "user" for one in self._view.entries
        ):
            self._asked_after = None

    def _lay_out(self) -> None:
        self._pages = QStackedWidget()
        self._pages.addWidget(self.welcome)
        self._pages.addWidget(self.transcript)
        foot = QVBoxLayout()
        foot.setSpacing(8)
        for widget in (self.not_kept, self.undo, self.composer):
            foot.addWidget(widget)
        self._foot = QHBoxLayout()
        self._foot.addLayout(foot)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(self._pages, 1)
        column.addLayout(self._foot)

    def _connect(self) -> None:
        transcript, composer = self.transcript, self.composer
        transcript.again_wanted.connect(self.again_wanted)
        transcript.rated.connect(self.rated)
        transcript.copied.connect(self.copied)
        transcript.why_wanted.connect(self.why_wanted)
        transcript.similar_wanted.connect(self.similar_wanted)
        transcript.delete_wanted.connect(self._delete)
        transcript.edit_wanted.connect(self._edit)
        composer.sent.connect(self._send)
        composer.stop_wanted.connect(self.stop_wanted)
        composer.last_wanted.connect(self._edit_last)
        composer.text.paged.connect(transcript.page)
        self.welcome.idea_taken.connect(composer.write)
        self.undo.chosen.connect(self._undo)
        self._forget.timeout.connect(self._hide_undo)

    def _send(self, text: str) -> None:
        replaces = self._edited if self.composer.is_editing else None
        self.composer.clear()
        self.transcript.follow()
        self._hide_undo()
        self.sent.emit(text, replaces)

    def _edit(self, key: int) -> None:
        for entry in self._view.entries:
            if entry.key == key and not self._view.is_under_way:
                self._edited = key
                self.composer.write(entry.text, is_edit=True)

    def _edit_last(self) -> None:
        for entry in reversed(self._view.entries):
            if entry.role == "user":
                self._edit(entry.key)
                return

    def _delete(self, key: int) -> None:
        self.undo.show_notice("Message deleted")
        self._forget.start()
        self.delete_wanted.emit(key)

    def _undo(self) -> None:
        self._hide_undo()
        self.undo_wanted.emit()

    def _hide_undo(self) -> None:
        self._forget.stop()
        self.undo.show_notice("")
