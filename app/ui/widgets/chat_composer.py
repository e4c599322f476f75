"""Where a question is written."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QInputMethodEvent, QKeyEvent, QTextCursor
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
)

from app.theme import Theme
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.notice_strip import NoticeStrip

LEAST_LINES, MOST_LINES = 1, 8
PAD_PX = 4
TEXT_PX = 14
HINT = "Enter sends, Shift+Enter begins a new line"
STOP_HINT = "Esc stops the answer"
EDITING = "This question is asked again; what followed it goes away"


class ComposerText(QPlainTextEdit):
    """Grows with its lines. Enter sends; Up in an empty field takes the last question back."""

    sent = Signal()
    last_wanted = Signal()
    paged = Signal(int)
    """1 or -1: a page down or up in the conversation."""
    focused = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setAcceptDrops(False)
        self.setAccessibleName("Question")
        self.setPlaceholderText("Ask anything")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setStyleSheet(
            f"QPlainTextEdit {{ border: 0; background: transparent; font-size: {TEXT_PX}px; }}"
        )
        self.document().setDocumentMargin(PAD_PX)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        self._fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Send, take the last question back, or write."""
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if is_enter and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.sent.emit()
        elif event.key() == Qt.Key.Key_Up and not self.toPlainText():
            self.last_wanted.emit()
        elif event.key() in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            self.paged.emit(1 if event.key() == Qt.Key.Key_PageDown else -1)
        else:
            super().keyPressEvent(event)

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        """Show what is composed in place of the hint."""
        super().inputMethodEvent(event)
        self._fit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Tell that the field is written in."""
        super().focusInEvent(event)
        self.focused.emit(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Tell that it no longer is."""
        super().focusOutEvent(event)
        self.focused.emit(False)

    def _fit(self) -> None:
        # A plain-text document is as many lines tall as it has, wrapped ones included.
        lines = max(LEAST_LINES, min(MOST_LINES, round(self.document().size().height())))
        self.setFixedHeight(lines * self.fontMetrics().lineSpacing() + 2 * PAD_PX + 2)
        is_full = self.document().size().height() > MOST_LINES
        policy = Qt.ScrollBarPolicy
        self.setVerticalScrollBarPolicy(
            policy.ScrollBarAsNeeded if is_full else policy.ScrollBarAlwaysOff
        )


class ChatComposer(QFrame):
    """The field, what its keys do, and the button that sends or stops."""

    sent = Signal(str)
    stop_wanted = Signal()
    last_wanted = Signal()
    """The last question is to be edited."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._is_under_way = False
        self._is_focused = False
        self.setObjectName("composer")
        self.editing = NoticeStrip(theme, "edit", ("Cancel",))
        self.text = ComposerText()
        self.hint = ElidedLabel("mute")
        self.button = QPushButton("Send")
        self.button.setProperty("primary", True)
        self.button.setIconSize(QSize(16, 16))
        self._lay_out()
        self._connect()
        self._show_state()
        self._restyle()

    @property
    def is_editing(self) -> bool:
        """Whether an earlier question is being edited."""
        return bool(self.editing.text)

    def show_under_way(self, is_under_way: bool) -> None:
        """Offer to stop while an answer is being written."""
        if is_under_way != self._is_under_way:
            self._is_under_way = is_under_way
            self._show_state()

    def write(self, text: str, *, is_edit: bool = False) -> None:
        """Put `text` into the field; `is_edit`: it is an earlier question."""
        self.text.setPlainText(text)
        self.text.moveCursor(QTextCursor.MoveOperation.End)
        self.editing.show_notice(EDITING if is_edit else "")
        self.text.setFocus(Qt.FocusReason.OtherFocusReason)

    def clear(self) -> None:
        """Empty the field: what was written is on its way."""
        self.text.clear()
        self.editing.show_notice("")

    def _lay_out(self) -> None:
        foot = QHBoxLayout()
        foot.setContentsMargins(PAD_PX, 0, 0, 0)
        foot.addWidget(self.hint, 1)
        foot.addWidget(self.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 10, 10)
        column.setSpacing(8)
        column.addWidget(self.editing)
        column.addWidget(self.text)
        column.addLayout(foot)

    def _connect(self) -> None:
        self.text.sent.connect(self._send)
        self.text.last_wanted.connect(self.last_wanted)
        self.text.textChanged.connect(self._show_state)
        self.text.focused.connect(self._mark)
        self.editing.chosen.connect(lambda _: self.cancel())
        self.button.clicked.connect(self._press)
        self._theme.changed.connect(self._restyle)

    def _press(self) -> None:
        if self._is_under_way:
            self.stop_wanted.emit()
        else:
            self._send()

    def _send(self) -> None:
        text = self.text.toPlainText().strip()
        if text and not self._is_under_way:
            self.sent.emit(text)

    def cancel(self) -> None:
        """Give up an edit, if one was begun."""
        if self.is_editing:
            self.clear()

    def _mark(self, is_focused: bool) -> None:
        self._is_focused = is_focused
        self._restyle()

    def _show_state(self) -> None:
        is_under_way = self._is_under_way
        self.button.setText("Stop" if is_under_way else "Send")
        self.button.setToolTip("Stop the answer (Esc)" if is_under_way else "Send (Enter)")
        self.button.setAccessibleName("Stop the answer" if is_under_way else "Send the question")
        self.button.setEnabled(is_under_way or bool(self.text.toPlainText().strip()))
        self.hint.show_text(STOP_HINT if is_under_way else HINT)
        self._draw_icon()

    def _draw_icon(self) -> None:
        tokens = self._theme.tokens
        colour = tokens.on_accent if self.button.isEnabled() else tokens.mute
        self.button.setIcon(self._theme.icon("stop" if self._is_under_way else "send", colour))

    def _restyle(self) -> None:
        tokens = self._theme.tokens
        edge = tokens.accent if self._is_focused else tokens.line
        self.setStyleSheet(
            f"QFrame#composer {{ background: {tokens.card}; border: 1px solid {edge};"
            " border-radius: 12px; }"
        )
        self._draw_icon()
