"""A text of several lines, typed."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QPlainTextEdit

HEIGHT_PX = 84
MARGIN_PX = 6


class TextArea(QPlainTextEdit):
    """Emits `edited(text)` when it loses the focus after a change; Ctrl+Enter does too."""

    edited = Signal(object)
    cancelled = Signal()
    """Escape: the user wants the text back that was there before."""

    def __init__(self) -> None:
        super().__init__()
        self.setTabChangesFocus(True)
        self.setFixedHeight(HEIGHT_PX)
        self.document().setDocumentMargin(MARGIN_PX)

    def show_value(self, value: object) -> None:
        """Show `value`, unless the user is typing."""
        if self.document().isModified() or str(value) == self.toPlainText():
            return
        self.setPlainText(str(value))

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Emit what was typed."""
        super().focusOutEvent(event)
        self._emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take the text with Ctrl+Enter, go back with Escape."""
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if is_enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.document().setModified(False)
            self.cancelled.emit()
        else:
            super().keyPressEvent(event)

    def _emit(self) -> None:
        if self.document().isModified():
            self.document().setModified(False)
            self.edited.emit(self.toPlainText().strip())
