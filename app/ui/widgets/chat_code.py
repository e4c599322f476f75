"""A block of code: its language, a button that copies it, and the code in colours."""

from __future__ import annotations

import math

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QGuiApplication,
    QResizeEvent,
    QSyntaxHighlighter,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout

from app.theme import Theme
from app.ui.widgets.chat_code_colours import spans

CODE_PX = 13
PAD_PX = 10
BAR_PX = 10
COPIED_MS = 1500
COLOURS = {
    "keyword": "violet",
    "string": "ok",
    "comment": "mute",
    "number": "warn",
    "name": "accent",
    "key": "accent",
}


def code_font(size_px: int = CODE_PX) -> QFont:
    """Return the system's font with letters of one width."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPixelSize(size_px)
    return font


class CodeColours(QSyntaxHighlighter):
    """Colours a document by the rules of a language."""

    def __init__(self, theme: Theme, document: QTextDocument) -> None:
        super().__init__(document)
        self._theme = theme
        self._language = ""

    def use(self, language: str) -> None:
        """Colour as `language` is coloured."""
        if language != self._language:
            self._language = language
            self.rehighlight()

    def highlightBlock(self, text: str) -> None:  # noqa: N802 - Qt's name
        """Colour one line."""
        found, inside = spans(text, self._language, max(0, self.previousBlockState()))
        for span in found:
            look = QTextCharFormat()
            look.setForeground(QColor(getattr(self._theme.tokens, COLOURS[span.kind])))
            self.setFormat(span.begin, span.length, look)
        self.setCurrentBlockState(inside)


class CodeText(QPlainTextEdit):
    """The code, as tall as it is; long lines scroll sideways."""

    def __init__(self) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setFont(code_font())
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabChangesFocus(True)
        self.setUndoRedoEnabled(False)
        self.setAccessibleName("Code")
        self.document().setDocumentMargin(PAD_PX)
        # The style sheet's font for text fields would not be one of equal widths.
        self.setStyleSheet(
            f"QPlainTextEdit {{ border: 0; background: transparent;"
            f' font-family: "{self.font().family()}"; font-size: {CODE_PX}px; }}'
        )

    def show_code(self, text: str) -> None:
        """Show `text`; where it goes on from what is shown, only the rest is added."""
        shown = self.toPlainText()
        if text == shown:
            return
        if shown and text.startswith(shown):
            cursor = QTextCursor(self.document())
            cursor.movePosition(QTextCursor.MoveOperation.End)
            cursor.insertText(text[len(shown) :])
        else:
            self.setPlainText(text)
        self.fit()

    def fit(self) -> None:
        """Take the height of the lines, and of the bar where one is too long."""
        line = self.blockBoundingRect(self.document().firstBlock()).height()
        is_long = self.document().idealWidth() > self.viewport().width()
        bar = BAR_PX if is_long else 0
        self.setFixedHeight(math.ceil(self.blockCount() * line) + 2 * PAD_PX + bar)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Make room for the bar, or take it back."""
        super().resizeEvent(event)
        self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave up and down to the conversation."""
        if abs(event.angleDelta().x()) > abs(event.angleDelta().y()):
            super().wheelEvent(event)
        else:
            event.ignore()


class ChatCode(QFrame):
    """A fence of an answer."""

    copied = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("chatCode")
        self._theme = theme
        self.language = QLabel()
        self.language.setProperty("r", "mute")
        self.copy_button = QPushButton("Copy")
        self.copy_button.setProperty("flat", True)
        self.copy_button.setIconSize(QSize(14, 14))
        self.copy_button.setToolTip("Copy this code")
        self.copy_button.setAccessibleName("Copy this code")
        self.copy_button.setStyleSheet("min-height: 22px; padding: 0 8px; font-size: 12px;")
        self.text = CodeText()
        self._colours = CodeColours(theme, self.text.document())
        head = QFrame()
        head.setObjectName("chatCodeHead")
        row = QHBoxLayout(head)
        row.setContentsMargins(PAD_PX + 2, 3, 4, 3)
        row.addWidget(self.language, 1)
        row.addWidget(self.copy_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        column.addWidget(head)
        column.addWidget(self.text)
        self.copy_button.clicked.connect(self._copy)
        theme.changed.connect(self._restyle)
        self._restyle()

    def show_code(self, text: str, language: str) -> None:
        """Show `text` in the colours of `language`."""
        self.language.setText(language or "code")
        self._colours.use(language)
        self.text.show_code(text)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())
        self.copied.emit()
        self.copy_button.setText("Copied")
        QTimer.singleShot(COPIED_MS, self, lambda: self.copy_button.setText("Copy"))

    def _restyle(self) -> None:
        tokens = self._theme.tokens
        self.copy_button.setIcon(self._theme.icon("copy", tokens.dim))
        self._colours.rehighlight()
        self.setStyleSheet(
            f"QFrame#chatCode {{ background: {tokens.card}; border: 1px solid {tokens.line};"
            " border-radius: 8px; }"
            f"QFrame#chatCodeHead {{ background: {tokens.raised}; border: 0;"
            f" border-bottom: 1px solid {tokens.line}; border-top-left-radius: 7px;"
            " border-top-right-radius: 7px; }"
        )
