"""The conversation, the newest at the bottom."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QPushButton, QWidget

from app.chat_values import ChatEntry
from app.theme import Theme
from app.ui.widgets.chat_answer import ChatAnswer
from app.ui.widgets.chat_question import ChatQuestion
from app.ui.widgets.scroll_page import ScrollPage

MOST_ROWS = 16
"""Rows that are drawn at first, some 5 ms each; older ones come as one scrolls up to them."""
COLUMN_PX = 780
"""Lines longer than this are hard to read."""
PAIR_PX = 1500
SIDE_BY_SIDE_PX = 560
"""Answers stand under each other where there is less room."""
NEAR_END_PX = 32
GAP_PX = 22
LEAST_PX = 200
GUTTER_PX = 16
"""Room at the right that the scroll bar takes when there is one."""
BAR_STYLE = (
    f"QScrollBar:vertical {{ width: {GUTTER_PX}px; }}"
    " QScrollBar::handle:vertical { margin: 0 4px; border-radius: 4px; }"
)
LEFT_TO_RIGHT, TOP_TO_BOTTOM = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom


class ChatAnswers(QWidget):
    """The answers to one question, side by side where there is room."""

    again_wanted = Signal(int)
    why_wanted = Signal(int)
    delete_wanted = Signal(int)
    similar_wanted = Signal(str)
    rated = Signal(int, object)
    copied = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.answers: dict[int, ChatAnswer] = {}
        self._row = QBoxLayout(LEFT_TO_RIGHT, self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(GAP_PX)

    def show_entries(self, entries: Sequence[ChatEntry]) -> None:
        """Draw `entries`, the first at the left."""
        wanted = {entry.key for entry in entries}
        for key in set(self.answers) - wanted:
            _drop(self.answers.pop(key))
        for entry in entries:
            if entry.key not in self.answers:
                self.answers[entry.key] = self._add()
            self.answers[entry.key].show_entry(entry)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Stack the answers where they would be too narrow."""
        super().resizeEvent(event)
        is_wide = self.width() >= SIDE_BY_SIDE_PX
        self._row.setDirection(LEFT_TO_RIGHT if is_wide else TOP_TO_BOTTOM)

    def minimumSizeHint(self) -> QSize:
        """Return the room of one answer: they are stacked where there is no more."""
        return QSize(LEAST_PX, super().minimumSizeHint().height())

    def _add(self) -> ChatAnswer:
        answer = ChatAnswer(self._theme)
        answer.again_wanted.connect(self.again_wanted)
        answer.why_wanted.connect(self.why_wanted)
        answer.delete_wanted.connect(self.delete_wanted)
        answer.similar_wanted.connect(self.similar_wanted)
        answer.rated.connect(self.rated)
        answer.copied.connect(self.copied)
        self._row.addWidget(answer, 1)
        return answer


class ChatTranscript(ScrollPage):
    """Follows what is written, unless the user scrolled away from it."""

    again_wanted = Signal(int)
    why_wanted = Signal(int)
    delete_wanted = Signal(int)
    similar_wanted = Signal(str)
    rated = Signal(int, object)
    """With a Rating."""
    copied = Signal(int)
    edit_wanted = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._rows: dict[int, ChatQuestion | ChatAnswers] = {}
        self._entries: tuple[ChatEntry, ...] = ()
        self._most = MOST_ROWS
        self._follows = True
        self._from_end: int | None = None
        """While older rows come in above: how far from the end what is being read stays."""
        self.setAccessibleName("Conversation")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.earlier = QPushButton("Show earlier messages")
        self.earlier.setToolTip("Show earlier messages of this conversation")
        self.earlier.setProperty("flat", True)
        self.earlier.hide()
        self.column.setSpacing(GAP_PX)
        self.column.addWidget(self.earlier, 0, Qt.AlignmentFlag.AlignHCenter)
        self.column.addStretch(1)
        self.earlier.clicked.connect(self._show_earlier)
        bar = self.verticalScrollBar()
        bar.setStyleSheet(BAR_STYLE)
        bar.valueChanged.connect(self._notice_place)
        bar.rangeChanged.connect(self._follow)

    @property
    def rows(self) -> tuple[ChatQuestion | ChatAnswers, ...]:
        """What is drawn, the oldest first."""
        return tuple(self._rows.values())

    def answer(self, key: int) -> ChatAnswer | None:
        """Return the widget of answer `key`, if it is drawn."""
        for row in self._rows.values():
            if isinstance(row, ChatAnswers) and key in row.answers:
                return row.answers[key]
        return None

    def start_anew(self) -> None:
        """Another conversation comes: show its end."""
        self._most = MOST_ROWS
        self._follows = True
        self._from_end = None

    def show_entries(self, entries: tuple[ChatEntry, ...]) -> None:
        """Draw `entries`, the oldest first; only what has changed is drawn again."""
        if entries is self._entries:
            return
        self._entries = entries
        groups = _groups(entries)
        self.earlier.setVisible(len(groups) > self._most)
        shown = groups[-self._most :]
        for key in set(self._rows) - {key for key, _ in shown}:
            _drop(self._rows.pop(key))
        ordered: dict[int, ChatQuestion | ChatAnswers] = {}
        for place, (key, group) in enumerate(shown):
            row = self._rows.get(key)
            if row is None:
                row = self._question() if group[0].role == "user" else self._answers()
                self.column.insertWidget(place + 1, row)
            ordered[key] = row
            if isinstance(row, ChatQuestion):
                row.show_entry(group[0])
            else:
                row.show_entries(group)
        self._rows = ordered
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the column in the middle."""
        super().resizeEvent(event)
        self._fit()

    def page(self, pages: int) -> None:
        """Scroll by that many pages, up where it is negative."""
        bar = self.verticalScrollBar()
        bar.setValue(bar.value() + pages * bar.pageStep())

    def follow(self) -> None:
        """Go to the end and stay there."""
        self._follows = True
        self._from_end = None
        self._follow()

    def _fit(self) -> None:
        is_pair = any(isinstance(row, ChatAnswers) and len(row.answers) > 1 for row in self.rows)
        room = self.width() - GUTTER_PX
        side = max(0, room - (PAIR_PX if is_pair else COLUMN_PX)) // 2
        has_bar = self.viewport().width() <= room
        self.column.setContentsMargins(side, 4, side + (0 if has_bar else GUTTER_PX), 12)

    def _question(self) -> ChatQuestion:
        row = ChatQuestion(self._theme)
        row.edit_wanted.connect(self.edit_wanted)
        row.delete_wanted.connect(self.delete_wanted)
        return row

    def _answers(self) -> ChatAnswers:
        row = ChatAnswers(self._theme)
        row.again_wanted.connect(self.again_wanted)
        row.why_wanted.connect(self.why_wanted)
        row.similar_wanted.connect(self.similar_wanted)
        row.rated.connect(self.rated)
        row.copied.connect(self.copied)
        row.delete_wanted.connect(self.delete_wanted)
        return row

    def _show_earlier(self) -> None:
        bar = self.verticalScrollBar()
        self._follows = False
        self._from_end = bar.maximum() - bar.value()
        self._most += MOST_ROWS
        entries, self._entries = self._entries, ()
        self.show_entries(entries)

    def _notice_place(self, value: int) -> None:
        bar = self.verticalScrollBar()
        self._follows = value >= bar.maximum() - NEAR_END_PX
        if self._from_end is not None and value != bar.maximum() - self._from_end:
            self._from_end = None
        if value == 0 and bar.maximum() > 0 and not self.earlier.isHidden():
            self._show_earlier()

    def _follow(self) -> None:
        bar = self.verticalScrollBar()
        if self._from_end is not None:
            bar.setValue(bar.maximum() - self._from_end)
        elif self._follows:
            bar.setValue(bar.maximum())


def _groups(entries: Sequence[ChatEntry]) -> list[tuple[int, list[ChatEntry]]]:
    """Return (key, entries) of each row: a question, or all the answers to one."""
    found: list[tuple[int, list[ChatEntry]]] = []
    for role, group in groupby(entries, key=lambda entry: entry.role):
        each = list(group)
        if role == "user":
            found.extend((one.key, [one]) for one in each)
        else:
            found.append((each[0].key, each))
    return found


def _drop(widget: QFrame | QWidget) -> None:
    widget.hide()
    widget.setParent(None)
    widget.deleteLater()
