"""One answer: who gave it, what it says, what it took and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.chat_values import ChatEntry, EntryState
from app.theme import Theme
from app.ui.models_texts import sentence
from app.ui.playground_texts import (
    figures_text,
    figures_tip,
    similar_tip,
    state_text,
    who_text,
)
from app.ui.widgets.chat_body import ChatBody
from app.ui.widgets.chat_buttons import QuietButton
from app.ui.widgets.chat_rating import ChatRating
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.state_chip import StateChip

SIGN_PX = 16
WIDE_PX = 440


class ChatAnswer(QWidget):
    """Draws an entry; its signals carry the entry's key."""

    again_wanted = Signal(int)
    why_wanted = Signal(int)
    delete_wanted = Signal(int)
    similar_wanted = Signal(str)
    """Id of the earlier request whose question was like this one."""
    rated = Signal(int, object)
    """With a Rating; NONE takes back what was said before."""
    copied = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._entry: ChatEntry | None = None
        self._sign = QLabel()
        self.who = ElidedLabel("cap")
        self.state = StateChip(theme)
        self.state.hide()
        self._add_links()
        self.thoughts = QLabel()
        self.thoughts.setProperty("r", "mute")
        self.thoughts.setTextFormat(Qt.TextFormat.PlainText)
        self.thoughts.setWordWrap(True)
        self.body = ChatBody(theme)
        self.problem = QLabel()
        self.problem.setTextFormat(Qt.TextFormat.PlainText)
        self.problem.setWordWrap(True)
        self.problem.setProperty("r", "bad")
        self.figures = ElidedLabel("mute")
        self.rating = ChatRating(theme)
        self.copy_button = QuietButton(theme, "copy", "Copy this answer (Ctrl+Shift+C: the last)")
        self.again_button = QuietButton(theme, "refresh", "Answer again (Ctrl+R: the last)")
        self.why_button = QuietButton(theme, "why", "Why this model? (Ctrl+I: of the last)")
        self.delete_button = QuietButton(theme, "delete", "Delete this answer")
        self._lay_out()
        self._connect()
        self._draw_sign()

    def _add_links(self) -> None:
        self.thinking = QPushButton("Show what it thought")
        self.thinking.setCheckable(True)
        self.thinking.setProperty("flat", True)
        self.thinking.setToolTip("Show or hide what the model thought before it answered")
        self.similar = QPushButton("A similar question was answered before \N{RIGHTWARDS ARROW}")
        self.similar.setProperty("flat", True)
        for each in (self.thinking, self.similar):
            each.setStyleSheet(
                "min-height: 24px; padding: 0 6px 0 0; font-size: 12px; text-align: left;"
            )

    @property
    def entry(self) -> ChatEntry | None:
        """What is shown."""
        return self._entry

    def show_entry(self, entry: ChatEntry) -> None:
        """Draw `entry`."""
        if entry is self._entry:
            return
        self._entry = entry
        self.setAccessibleName(f"Answer of {who_text(entry)}")
        asked = f"  \N{MIDDLE DOT}  {entry.asked}" if entry.asked not in ("", entry.model) else ""
        where = f"  on {entry.endpoint}" if entry.endpoint else ""
        self.who.show_text(f"{who_text(entry)}{where}{asked if entry.model else ''}")
        self.state.show_state(*state_text(entry), entry.problem)
        self.similar.setVisible(entry.similar is not None)
        self.similar.setToolTip(similar_tip(entry))
        self.thinking.setVisible(bool(entry.reasoning))
        self.thoughts.setVisible(bool(entry.reasoning) and self.thinking.isChecked())
        self.thoughts.setText(entry.reasoning)
        self.body.show_markdown(entry.text, is_open=entry.is_under_way)
        self.problem.setText(sentence(entry.problem))
        self.problem.setVisible(bool(entry.problem))
        self.figures.show_text(figures_text(entry.figures))
        self._tools.setToolTip(figures_tip(entry.figures))
        self._tools.setVisible(not entry.is_under_way)
        self.why_button.setEnabled(bool(entry.decision_id))
        self.copy_button.setEnabled(bool(entry.text))
        can_rate = bool(entry.suggestion_id) and entry.state is not EntryState.FAILED
        self.rating.show_rating(entry.rating, is_possible=can_rate)

    def copy(self) -> None:
        """Put the answer on the clipboard as the Markdown it is."""
        if self._entry is not None:
            QGuiApplication.clipboard().setText(self._entry.text)
            self.copied.emit(self._entry.key)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the buttons below the figures where there is little room."""
        super().resizeEvent(event)
        directions = QBoxLayout.Direction
        is_wide = self.width() >= WIDE_PX
        self._foot.setDirection(directions.LeftToRight if is_wide else directions.TopToBottom)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._sign)
        head.addWidget(self.who, 1)
        head.addWidget(self.state)
        self._lay_out_tools()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self.similar)
        column.addWidget(self.thinking)
        column.addWidget(self.thoughts)
        column.addWidget(self.body)
        column.addWidget(self.problem)
        column.addWidget(self._tools)
        column.addStretch(1)

    def _lay_out_tools(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(2)
        buttons.addWidget(self.rating)
        for button in (self.why_button, self.copy_button, self.again_button, self.delete_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        self._tools = QFrame()
        self._foot = QBoxLayout(QBoxLayout.Direction.LeftToRight, self._tools)
        self._foot.setContentsMargins(0, 0, 0, 0)
        self._foot.setSpacing(2)
        self._foot.addWidget(self.figures, 1)
        self._foot.addLayout(buttons)

    def _connect(self) -> None:
        self.thinking.toggled.connect(self.thoughts.setVisible)
        self.similar.clicked.connect(self._tell_similar)
        self.rating.rated.connect(self._tell_rating)
        self.body.copied.connect(lambda: self._tell(self.copied))
        self.copy_button.clicked.connect(self.copy)
        self.again_button.clicked.connect(lambda: self._tell(self.again_wanted))
        self.why_button.clicked.connect(lambda: self._tell(self.why_wanted))
        self.delete_button.clicked.connect(lambda: self._tell(self.delete_wanted))
        self._theme.changed.connect(self._draw_sign)

    def _tell(self, signal: object) -> None:
        if self._entry is not None:
            signal.emit(self._entry.key)  # type: ignore[attr-defined]  # a bound Qt signal

    def _tell_rating(self, rating: object) -> None:
        if self._entry is not None:
            self.rated.emit(self._entry.key, rating)

    def _tell_similar(self) -> None:
        if self._entry is not None and self._entry.similar is not None:
            self.similar_wanted.emit(self._entry.similar.id)

    def _draw_sign(self) -> None:
        icon = self._theme.icon("models", self._theme.tokens.accent)
        self._sign.setPixmap(icon.pixmap(QSize(SIGN_PX, SIGN_PX), self.devicePixelRatioF()))
