"""A long text to read, to select from and to copy."""

from __future__ import annotations

from PySide6.QtGui import QFont, QFontDatabase, QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.widgets.chat_buttons import SIZE_PX, QuietButton

CODE_PX = 12
MARGIN_PX = 10
BUTTON_PX = 6
"""Between the button and the corner of the text."""


class ReadText(QWidget):
    """The text in letters of one width, with a button in its corner that copies all of it."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setUndoRedoEnabled(False)
        self.text.setAccessibleName(name)
        self.text.setFont(_code_font())
        self.text.document().setDocumentMargin(MARGIN_PX)
        # Room for the button, so that no words run below it.
        self.text.setViewportMargins(0, 0, SIZE_PX + BUTTON_PX // 2, 0)
        self.copy_button = QuietButton(theme, "copy", f"Copy the {name.lower()}")
        self.copy_button.setParent(self)
        self.copy_button.clicked.connect(
            lambda: QGuiApplication.clipboard().setText(self.text.toPlainText())
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.text)

    def show_text(self, text: str) -> None:
        """Show `text` from its beginning, unless it is the one that shows."""
        if text != self.text.toPlainText():
            self.text.setPlainText(text)
        self.copy_button.setEnabled(bool(text))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the button in the corner, beside the bar where there is one."""
        super().resizeEvent(event)
        bar = self.text.verticalScrollBar()
        taken = bar.width() if bar.isVisible() else 0
        self.copy_button.move(self.width() - SIZE_PX - BUTTON_PX - taken, BUTTON_PX)
        self.copy_button.raise_()


def _code_font() -> QFont:
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPixelSize(CODE_PX)
    return font
