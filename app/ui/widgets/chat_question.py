"""One question of the user."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.chat_values import ChatEntry
from app.theme import Theme
from app.ui.widgets.chat_buttons import QuietButton

SHARE = 0.8
"""Of the width; the rest stays free, so that it is plain who speaks."""
PAD_PX = 14
ROUND_PX = 14
SLACK_PX = 8
"""A label wraps a little before its text is as wide as it is."""


class Words(QLabel):
    """Wrapped plain text, as wide as it needs to be and no wider than it may."""

    def __init__(self) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setStyleSheet("font-size: 14px;")

    def fit(self, most_px: int) -> None:
        """Take the width of the longest line, up to `most_px`, and the height that goes with it."""
        room = self.fontMetrics().boundingRect(
            0,
            0,
            most_px,
            1_000_000,
            int(Qt.TextFlag.TextWordWrap | Qt.TextFlag.TextExpandTabs),
            self.text(),
        )
        width = min(most_px, room.width() + SLACK_PX)
        # A label never answers with less than its least height, which an earlier text has set.
        self.setMinimumSize(0, 0)
        self.setFixedSize(QSize(width, max(room.height(), self.heightForWidth(width))))


class ChatQuestion(QWidget):
    """A bubble at the right; its signals carry the entry's key."""

    edit_wanted = Signal(int)
    delete_wanted = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._entry: ChatEntry | None = None
        self.words = Words()
        self.bubble = QFrame()
        self.bubble.setObjectName("bubble")
        inside = QVBoxLayout(self.bubble)
        inside.setContentsMargins(PAD_PX, 9, PAD_PX, 9)
        inside.addWidget(self.words)
        self.copy_button = QuietButton(theme, "copy", "Copy this question")
        self.edit_button = QuietButton(theme, "edit", "Edit and send again (Up: the last)")
        self.delete_button = QuietButton(theme, "delete", "Delete this question")
        tools = QHBoxLayout()
        tools.setSpacing(2)
        tools.addStretch(1)
        for button in (self.copy_button, self.edit_button, self.delete_button):
            tools.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.bubble, 0, Qt.AlignmentFlag.AlignRight)
        column.addLayout(tools)
        self.copy_button.clicked.connect(
            lambda: QGuiApplication.clipboard().setText(self.words.text())
        )
        self.edit_button.clicked.connect(lambda: self.edit_wanted.emit(self._key))
        self.delete_button.clicked.connect(lambda: self.delete_wanted.emit(self._key))
        theme.changed.connect(self._restyle)
        self._restyle()

    @property
    def entry(self) -> ChatEntry | None:
        """What is shown."""
        return self._entry

    @property
    def _key(self) -> int:
        return self._entry.key if self._entry else 0

    def show_entry(self, entry: ChatEntry) -> None:
        """Draw `entry`."""
        if entry is self._entry:
            return
        self._entry = entry
        self.setAccessibleName(f"You: {entry.text}")
        self.words.setText(entry.text)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Wrap the words anew."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        self.words.fit(max(80, int(self.width() * SHARE) - 2 * PAD_PX))

    def _restyle(self) -> None:
        tokens = self._theme.tokens
        self.bubble.setStyleSheet(
            f"QFrame#bubble {{ background: {tokens.selection}; border: 0;"
            f" border-radius: {ROUND_PX}px; border-bottom-right-radius: 4px; }}"
        )
