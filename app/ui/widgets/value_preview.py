"""A stored value, decoded so that people can read it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QFont, QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QPlainTextEdit, QStackedWidget, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.quantity_texts import duration_text, size_text
from app.ui.widgets.card import Card
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.icon_button import IconButton
from engine.cache.snapshot import ValuePreview

CODE_PX = 12
DOCUMENT_MARGIN_PX = 8
DOT = " \N{MIDDLE DOT} "
KINDS = {
    "json": "JSON",
    "text": "Text",
    "binary": "Bytes",
    "negative": "Known to be absent",
    "foreign": "Of another program",
    "missing": "Ended meanwhile",
}
NEGATIVE = "Whoever made this value found that there is nothing. The answer is kept for a while."


def about_text(preview: ValuePreview) -> str:
    """Return what the value is and how it is compressed."""
    how = "not compressed" if preview.codec == "none" else preview.codec
    return DOT.join(part for part in (KINDS[preview.kind], how) if part)


def sizes_text(preview: ValuePreview) -> str:
    """Return how large the value is, and how large it is stored."""
    raw, framed = size_text(preview.raw_bytes), size_text(preview.framed_bytes)
    return f"{raw} stored as {framed}" if preview.codec else framed


def times_text(preview: ValuePreview) -> str:
    """Return when the value was written and when it ends."""
    parts = []
    if preview.written_at is not None:
        parts.append(f"Written {preview.written_at.astimezone():%H:%M:%S}")
    if preview.kind != "missing":
        ends = "never ends" if preview.ttl_s is None else f"ends in {duration_text(preview.ttl_s)}"
        parts.append(ends if parts else ends.capitalize())
    return DOT.join(parts)


class ValueView(Card):
    """The value of one key, or a word on how to choose one."""

    copied = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__("Value")
        self._theme = theme
        self.name = ElidedLabel()
        self.about = ElidedLabel("mute")
        self.sizes = ElidedLabel("mute")
        self.times = ElidedLabel("mute")
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.document().setDocumentMargin(DOCUMENT_MARGIN_PX)
        self.text.setAccessibleName("Decoded value")
        self.text.setFont(_code_font())
        self.copy_button = IconButton(theme, "copy", "Copy the value")
        self.copy_button.clicked.connect(self._copy)
        self.corner.addWidget(self.copy_button)
        self._empty = EmptyState(theme, "key")
        self._pages = QStackedWidget()
        self._pages.addWidget(self._empty)
        self._pages.addWidget(self._build_value())
        self.body.addWidget(self._pages, 1)
        self.show_nothing()

    def show_nothing(self) -> None:
        """Ask for a key to be chosen."""
        self._empty.show_text("No key chosen", "Choose one to read its value, decoded.")
        self._pages.setCurrentIndex(0)
        self.copy_button.setEnabled(False)

    def show_preview(self, name: str, preview: ValuePreview) -> None:
        """Show `preview` of the key that people call `name`."""
        self.name.show_text(name)
        self.name.setToolTip(preview.key)
        self.about.show_text(about_text(preview))
        self.sizes.show_text(sizes_text(preview))
        self.times.show_text(times_text(preview))
        if preview.kind == "missing":
            self._empty.show_text("This value has ended", "Refresh the list to see what is there.")
            self._pages.setCurrentIndex(0)
            self.copy_button.setEnabled(False)
            return
        text = preview.text or (NEGATIVE if preview.kind == "negative" else "")
        if preview.is_cut:
            text = f"{text}\n\N{HORIZONTAL ELLIPSIS} the rest is not shown"
        if text != self.text.toPlainText():
            self.text.setPlainText(text)
        self.copy_button.setEnabled(bool(preview.text))
        self._pages.setCurrentIndex(1)

    def _build_value(self) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.name)
        column.addWidget(self.about)
        column.addWidget(self.sizes)
        column.addWidget(self.times)
        column.addSpacing(4)
        column.addWidget(self.text, 1)
        return box

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())
        self.copied.emit()


def _code_font() -> QFont:
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPixelSize(CODE_PX)
    return font
