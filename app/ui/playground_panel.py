"""The Playground: talk with a model, compare two, and see why one was chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from app.chat_values import Ask, ChatChoices, PlaygroundSnapshot, Rating
from app.theme import Theme
from app.ui.panel import MARGIN_PX, SPACING_PX, Panel
from app.ui.playground_chat import PlaygroundChat
from app.ui.playground_choices import PlaygroundChoices
from app.ui.playground_head import PlaygroundHead
from app.ui.playground_list import WIDTH_PX as LIST_PX
from app.ui.playground_list import PlaygroundList
from app.ui.playground_side import PARAMETERS, WHY, PlaygroundSide
from app.ui.playground_side import WIDTH_PX as SIDE_PX
from app.ui.playground_texts import choices, hint_text
from app.ui.widgets.chat_transcript import GUTTER_PX
from engine.router.snapshot import ConversationView, Decision

LEAST_CHAT_PX = 350
"""Where there is less room for the chat, what was opened beside it takes its place."""
LIST_ROOM_PX = 860
"""With this much room the list of conversations shows by itself."""


class PlaygroundPanel(Panel):
    """A page drawn from a PlaygroundSnapshot; its signals say what the user wants."""

    title: ClassVar[str] = "Playground"
    icon_name: ClassVar[str] = "playground"
    rate_hz: ClassVar[int] = 30
    """New words twice as often would hardly be seen, and Markdown is not cheap to draw."""

    ask_requested = Signal(object)
    """An Ask."""
    again_requested = Signal(int, object)
    """Key of an answer, and an Ask with the models and parameters."""
    stop_requested = Signal()
    new_requested = Signal()
    open_requested = Signal(object)
    """A ConversationView."""
    search_changed = Signal(str)
    """Answered by `show_conversations`."""
    rename_requested = Signal(str, str)
    delete_requested = Signal(list)
    undo_delete_requested = Signal(list)
    message_delete_requested = Signal(int)
    message_undo_requested = Signal()
    copied = Signal(int)
    rated = Signal(int, object)
    """Key of an answer, and its Rating; NONE takes back what was said before."""
    decision_wanted = Signal(str)
    """Id of a decision: answered by `show_decision`."""
    similar_wanted = Signal(str)
    """Id of an earlier request that is to be shown."""
    explain_wanted = Signal(object)
    """An Ask that is not sent: answered by `show_decision`."""
    choices_wanted = Signal(str)
    """Id of a conversation that was opened: answered by `show_choices`, where any were kept."""
    choices_changed = Signal(str, object)
    """Id of the open conversation, "" for one that has not begun, and its ChatChoices."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._snapshot = PlaygroundSnapshot()
        self._stored: int | None = None
        self._list_wish: bool | None = None
        self.head = PlaygroundHead(theme)
        self.list = PlaygroundList(theme)
        self.chat = PlaygroundChat(theme)
        self.side = PlaygroundSide(theme)
        self.choices = PlaygroundChoices(self.head, self.side.parameters)
        self._lay_out()
        self._connect()
        self._add_shortcuts()
        self.setFocusProxy(self.chat.composer.text)
        self.show_snapshot(self._snapshot)

    def show_snapshot(self, snapshot: PlaygroundSnapshot) -> None:
        """Draw `snapshot`: same snapshot, same picture."""
        before, self._snapshot = self._snapshot, snapshot
        self.chat.show_chat(snapshot.chat)
        self.choices.follow(snapshot.chat)
        self.list.list.show_open(snapshot.chat.conversation)
        if before is snapshot or snapshot.offer != before.offer:
            self.head.show_choices(choices(snapshot), snapshot.default_tier)
            self.chat.welcome.show_hint(hint_text(snapshot))
        if snapshot.is_ready and snapshot.chat.stored != self._stored:
            self._stored = snapshot.chat.stored
            self.search_changed.emit(self.list.query)

    def show_conversations(self, views: Sequence[ConversationView]) -> None:
        """List what a search found."""
        self.list.show_conversations(views)

    def show_decision(self, decision: Decision | None) -> None:
        """Draw `decision` beside the chat; None: it is forgotten."""
        self.side.decision.show_decision(decision)
        self._open_side(WHY)

    def show_choices(self, choices: ChatChoices) -> None:
        """Fill in what was set for the open conversation."""
        self.choices.show_choices(choices)

    def take_text(self, text: str) -> None:
        """Put `text`, such as a sentence that was spoken, into the field."""
        if self.chat.isHidden():
            self._close_side()
        self.chat.take_text(text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show the parts that there is room for."""
        super().resizeEvent(event)
        self._arrange()

    def _lay_out(self) -> None:
        self.header.addWidget(self.head, 1)
        # The chat's gutter is the distance to what is at its right, or lies in the page's margin:
        # so the chat itself ends where the header does.
        page = self.layout()
        assert isinstance(page, QVBoxLayout)
        page.setContentsMargins(MARGIN_PX, SPACING_PX, MARGIN_PX - GUTTER_PX, MARGIN_PX)
        self.header.setContentsMargins(0, 0, GUTTER_PX, 0)
        strip = QHBoxLayout()
        strip.setContentsMargins(0, 0, GUTTER_PX, 0)
        strip.addWidget(self.strip)
        page.insertLayout(1, strip)
        self._right = QHBoxLayout()
        self._right.setSpacing(0)
        self._right.addWidget(self.chat, 1)
        self._right.addWidget(self.side)
        row = QHBoxLayout()
        row.setSpacing(SPACING_PX)
        row.addWidget(self.list)
        row.addLayout(self._right, 1)
        self.body.addLayout(row, 1)

    def _connect(self) -> None:
        head, chat, side, kept = self.head, self.chat, self.side, self.list
        head.list_toggled.connect(self._toggle_list)
        head.new_wanted.connect(self._begin)
        head.parameters_toggled.connect(self._toggle_parameters)
        head.why_wanted.connect(self._toggle_why)
        side.closed.connect(self._close_side)
        side.parameters.changed.connect(self._mark_parameters)
        self.choices.wanted.connect(self.choices_wanted)
        self.choices.changed.connect(self.choices_changed)
        chat.sent.connect(self._send)
        chat.again_wanted.connect(self._ask_again)
        chat.stop_wanted.connect(self.stop_requested)
        chat.delete_wanted.connect(self.message_delete_requested)
        chat.undo_wanted.connect(self.message_undo_requested)
        chat.why_wanted.connect(self._ask_why)
        chat.rated.connect(self.rated)
        chat.copied.connect(self.copied)
        chat.similar_wanted.connect(self.similar_wanted)
        kept.new_wanted.connect(self._begin)
        kept.opened.connect(self._open)
        kept.search_changed.connect(self.search_changed)
        kept.renamed.connect(self.rename_requested)
        kept.delete_requested.connect(self.delete_requested)
        kept.undo_delete_requested.connect(self.undo_delete_requested)

    def _add_shortcuts(self) -> None:
        actions: tuple[tuple[str, Callable[[], object]], ...] = (
            ("Esc", self._escape),
            ("Ctrl+N", self._begin),
            ("Ctrl+F", self._start_search),
            ("Ctrl+B", self._toggle_list),
            ("F2", self._rename),
            ("Ctrl+M", self.head.first.open_list),
            ("Ctrl+Shift+M", self._choose_second),
            ("Ctrl+Shift+D", self.head.toggle_compare),
            ("Ctrl+Shift+P", self._toggle_parameters),
            ("Ctrl+I", self._toggle_why),
            ("Ctrl+R", self._ask_last_again),
            ("Ctrl+Shift+C", self.chat.copy_last),
            ("Alt+Up", partial(self.chat.rate_last, Rating.UP)),
            ("Alt+Down", partial(self.chat.rate_last, Rating.DOWN)),
        )
        for keys, action in actions:
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(action)

    def _ask(self, text: str, replaces: int | None = None) -> Ask:
        return Ask(text, self.head.models, self.side.parameters.value, replaces)

    def _send(self, text: str, replaces: int | None) -> None:
        self.choices.note_asked()
        self.chat.expect_answer()
        self.ask_requested.emit(self._ask(text, replaces))

    def _ask_again(self, key: int) -> None:
        if not self._snapshot.chat.is_under_way:
            self.chat.expect_answer()
            self.again_requested.emit(key, self._ask(""))

    def _ask_last_again(self) -> None:
        last = self.chat.last_answer()
        if last is not None:
            self._ask_again(last.key)

    def _ask_why(self, key: int) -> None:
        for entry in self._snapshot.chat.entries:
            if entry.key == key and entry.decision_id:
                self.decision_wanted.emit(entry.decision_id)

    def _toggle_why(self) -> None:
        """Close the decision; or draw that of what is written, or else of the last answer."""
        if self.side.part == WHY:
            self._close_side()
            return
        text, last = self.chat.composer.text.toPlainText().strip(), self.chat.last_answer()
        if text:
            self.explain_wanted.emit(self._ask(text))
        elif last is not None and last.decision_id:
            self.decision_wanted.emit(last.decision_id)
        self._open_side(WHY)

    def _toggle_parameters(self) -> None:
        if self.side.part == PARAMETERS:
            self._close_side()
        else:
            self._open_side(PARAMETERS)

    def _open_side(self, part: int) -> None:
        self.side.open_part(part)
        self._arrange()

    def _close_side(self) -> None:
        self.side.hide()
        self._arrange()
        self.chat.composer.text.setFocus(Qt.FocusReason.OtherFocusReason)

    def _escape(self) -> None:
        if not self.chat.escape() and self.side.part is not None:
            self._close_side()

    def _open(self, view: object) -> None:
        self.choices.note_left()
        self.open_requested.emit(view)

    def _begin(self) -> None:
        self.choices.note_left()
        self.new_requested.emit()
        self.chat.composer.text.setFocus(Qt.FocusReason.OtherFocusReason)

    def _start_search(self) -> None:
        self._show_list(True)
        self.list.start_search()

    def _rename(self) -> None:
        self._show_list(True)
        self.list.list.rename(self._snapshot.chat.conversation)

    def _choose_second(self) -> None:
        self.head.compare_button.setChecked(True)
        self.head.second.open_list()

    def _toggle_list(self) -> None:
        self._show_list(self.list.isHidden())

    def _show_list(self, is_wanted: bool) -> None:
        self._list_wish = is_wanted
        self._arrange()
        if is_wanted and self.list.isHidden():
            self.side.hide()
            self._arrange()

    def _arrange(self) -> None:
        room = self.width() - 2 * MARGIN_PX
        is_side = not self.side.isHidden()
        beside = room - (SIDE_PX + SPACING_PX) if is_side else room
        fits = beside - LIST_PX - SPACING_PX >= LEAST_CHAT_PX
        wish = beside >= LIST_ROOM_PX if self._list_wish is None else self._list_wish
        has_chat = not is_side or beside >= LEAST_CHAT_PX
        self.list.setVisible(wish and fits)
        self.chat.setVisible(has_chat)
        self._right.setContentsMargins(0, 0, GUTTER_PX if is_side else 0, 0)
        self.side.setMaximumWidth(SIDE_PX if has_chat else room)
        self.side.setMinimumWidth(SIDE_PX if has_chat else min(SIDE_PX, room))
        self.head.new_button.setVisible(self.list.isHidden())
        self.head.list_button.setChecked(not self.list.isHidden())
        self.head.why_button.setChecked(self.side.part == WHY)
        self._mark_parameters()

    def _mark_parameters(self) -> None:
        is_open, count = self.side.part == PARAMETERS, self.side.parameters.set_count
        button = self.head.parameters_button
        button.setChecked(is_open or count > 0)
        button.setAccessibleDescription(f"{count} set" if count else "")
