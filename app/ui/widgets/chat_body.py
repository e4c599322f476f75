"""What an answer says: text and code under each other."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.widgets.chat_code import ChatCode
from app.ui.widgets.chat_markdown import Block, blocks
from app.ui.widgets.chat_rich_text import ChatRichText

GAP_PX = 10
CARET = "\N{LEFT HALF BLOCK}"
"""Stands behind the last word while more comes."""


class ChatBody(QWidget):
    """Draws Markdown; of a text that goes on only its last part is drawn again."""

    copied = Signal()
    """Code or chosen words were put on the clipboard."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._shown: tuple[Block, ...] = ()
        self._parts: list[ChatCode | ChatRichText] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(GAP_PX)

    @property
    def parts(self) -> tuple[ChatCode | ChatRichText, ...]:
        """The widgets of the parts that show, the first at the top."""
        return tuple(self._parts)

    def show_markdown(self, text: str, *, is_open: bool = False) -> None:
        """Show `text`; `is_open`: more may follow."""
        wanted = blocks(text, is_open=is_open)
        if is_open:
            wanted = _with_caret(wanted)
        if wanted == self._shown:
            return
        for index, block in enumerate(wanted):
            if index >= len(self._shown) or block != self._shown[index]:
                self._show_part(index, block)
        while len(self._parts) > len(wanted):
            self._remove(len(self._parts) - 1)
        self._shown = wanted

    def _show_part(self, index: int, block: Block) -> None:
        kind = ChatCode if block.is_code else ChatRichText
        if index < len(self._parts) and not isinstance(self._parts[index], kind):
            self._remove(index)
            self._insert(index, kind(self._theme))
        elif index >= len(self._parts):
            self._insert(index, kind(self._theme))
        part = self._parts[index]
        if isinstance(part, ChatCode):
            part.show_code(block.text, block.language)
        else:
            part.show_markdown(block.text)

    def _insert(self, index: int, part: ChatCode | ChatRichText) -> None:
        self._parts.insert(index, part)
        self._column.insertWidget(index, part)
        part.copied.connect(self.copied)

    def _remove(self, index: int) -> None:
        part = self._parts.pop(index)
        self._column.removeWidget(part)
        part.hide()
        part.deleteLater()


def _with_caret(wanted: tuple[Block, ...]) -> tuple[Block, ...]:
    """Return `wanted` with a caret at its end, unless that is code or a table."""
    if not wanted:
        return (Block(CARET),)
    last = wanted[-1]
    if last.is_code or last.text.rpartition("\n")[2].lstrip().startswith(("|", "#")):
        return wanted
    return (*wanted[:-1], Block(f"{last.text} {CARET}"))
