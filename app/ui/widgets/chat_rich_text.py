"""Markdown without code fences, as tall as its text."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import QByteArray, QRectF, QSizeF, Qt, QUrl, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QDesktopServices,
    QFont,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextFrameFormat,
    QTextTable,
    QTextTableCell,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextBrowser

from app.theme import Theme
from app.ui.widgets.chat_code import code_font
from app.ui.widgets.chat_markdown import without_pictures

TEXT_PX = 14
HEADING_PX = {1: 19, 2: 17, 3: 15}
LINE_PERCENT = 142
GAP_PX, ITEM_GAP_PX, HEADING_GAP_PX = 8, 3, 12
QUOTE_PX = 16
INDENT_PX = 24
CELL_PERCENT = 110
CODE_ALPHA = 150
"""How strongly words of code are underlaid: seen in both themes, and quiet."""
SCHEMES = ("http", "https", "mailto")
"""What a link may lead to: an answer must not open a file of this machine."""
DIALECT = (
    QTextDocument.MarkdownFeature.MarkdownDialectGitHub
    | QTextDocument.MarkdownFeature.MarkdownNoHTML
)


class ChatRichText(QTextBrowser):
    """Shows Markdown in the theme's type. Fetches nothing; links open outside."""

    copied = Signal()
    """Chosen words were put on the clipboard by the keyboard."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._shown = ""
        self.setOpenLinks(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setTabChangesFocus(True)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setUndoRedoEnabled(False)
        self.setStyleSheet("QTextEdit { border: 0; background: transparent; }")
        self.document().setDocumentMargin(0)
        self.document().setIndentWidth(INDENT_PX)
        self.document().setDefaultFont(_font(TEXT_PX))
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        self.anchorClicked.connect(_open)
        theme.changed.connect(self._redraw)

    @property
    def markdown(self) -> str:
        """What is shown, as it was given."""
        return self._shown

    def show_markdown(self, text: str) -> None:
        """Show `text`; a selection survives where the text goes on."""
        if text == self._shown:
            return
        self._shown = text
        self._redraw()

    # PySide's stubs name the second argument `name`.
    def loadResource(self, kind: int, name: QUrl | str) -> Any:  # noqa: N802 - Qt's name
        """Load nothing, wherever an answer points to."""
        return QByteArray()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Tell that words are copied, besides copying them."""
        super().keyPressEvent(event)
        if event.matches(QKeySequence.StandardKey.Copy) and self.textCursor().hasSelection():
            self.copied.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the conversation."""
        event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the text, and a bar beside what is quoted."""
        super().paintEvent(event)
        painter = QPainter(self.viewport())
        layout = self.document().documentLayout()
        block = self.document().begin()
        while block.isValid():
            if _quote_level(block):
                box = layout.blockBoundingRect(block)
                bar = QRectF(2, box.top(), 3, box.height())
                painter.fillRect(bar, QColor(self._theme.tokens.line))
            block = block.next()

    def _redraw(self) -> None:
        chosen = self.textCursor()
        ends = chosen.anchor(), chosen.position()
        document = self.document()
        document.setMarkdown(without_pictures(self._shown), DIALECT)
        self._style()
        if ends[0] != ends[1]:
            last = document.characterCount() - 1
            chosen = self.textCursor()
            chosen.setPosition(min(ends[0], last))
            chosen.setPosition(min(ends[1], last), QTextCursor.MoveMode.KeepAnchor)
            self.setTextCursor(chosen)

    def _style(self) -> None:
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        block = self.document().begin()
        while block.isValid():
            self._style_block(cursor, block)
            block = block.next()
        for frame in self.document().rootFrame().childFrames():
            if isinstance(frame, QTextTable):
                self._style_table(frame)
        cursor.endEditBlock()

    def _style_block(self, cursor: QTextCursor, block: QTextBlock) -> None:
        level = block.blockFormat().headingLevel()
        size_px = HEADING_PX.get(level, TEXT_PX)
        is_quote = bool(_quote_level(block))
        for fragment in _fragments(block):
            old = fragment.charFormat()
            cursor.setPosition(fragment.position())
            cursor.setPosition(
                fragment.position() + fragment.length(), QTextCursor.MoveMode.KeepAnchor
            )
            cursor.setCharFormat(self._look(old, size_px, is_bold=level > 0, is_dim=is_quote))
        cursor.setPosition(block.position())
        cursor.setBlockFormat(_spaced(block))

    def _look(
        self, old: QTextCharFormat, size_px: int, *, is_bold: bool, is_dim: bool
    ) -> QTextCharFormat:
        tokens = self._theme.tokens
        look = QTextCharFormat()
        is_code = old.fontFixedPitch()
        font = code_font(size_px - 1) if is_code else _font(size_px)
        if is_bold or old.fontWeight() > QFont.Weight.Medium:
            font.setWeight(QFont.Weight.DemiBold)
        font.setItalic(old.fontItalic())
        font.setStrikeOut(old.fontStrikeOut())
        look.setFont(font)
        look.setForeground(QColor(tokens.dim if is_dim else tokens.text))
        if is_code:
            ground = tokens.colour("line")
            ground.setAlpha(CODE_ALPHA)
            look.setBackground(ground)
        if old.isAnchor():
            look.setAnchor(True)
            look.setAnchorHref(old.anchorHref())
            look.setForeground(QColor(tokens.accent))
            look.setToolTip(old.anchorHref())
        return look

    def _style_table(self, table: QTextTable) -> None:
        tokens = self._theme.tokens
        look = table.format()
        look.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
        look.setBorder(1)
        look.setBorderBrush(QBrush(QColor(tokens.line)))
        look.setBorderCollapse(True)
        look.setCellPadding(6)
        look.setCellSpacing(0)
        look.setTopMargin(4)
        look.setBottomMargin(8)
        table.setFormat(look)
        for column in range(table.columns()):
            self._style_head(table.cellAt(0, column))

    def _style_head(self, cell: QTextTableCell) -> None:
        look = cell.format()
        look.setBackground(QColor(self._theme.tokens.raised))
        cell.setFormat(look)

    def _fit(self, size: QSizeF) -> None:
        height = math.ceil(size.height())
        if height != self.height():
            self.setFixedHeight(height)


def _font(size_px: int) -> QFont:
    font = QFont()
    font.setPixelSize(size_px)
    return font


def _fragments(block: QTextBlock) -> list[Any]:
    """Return the stretches of one look, collected before any look is changed."""
    found = []
    each = block.begin()
    while not each.atEnd():
        found.append(each.fragment())
        each += 1
    return found


def _quote_level(block: QTextBlock) -> int:
    return int(block.blockFormat().intProperty(QTextFormat.Property.BlockQuoteLevel))


def _spaced(block: QTextBlock) -> QTextBlockFormat:
    """Return the format of `block` with our distances; none at the ends of the text."""
    look = QTextBlockFormat(block.blockFormat())
    is_table = QTextCursor(block).currentTable() is not None
    is_item, level = block.textList() is not None, look.headingLevel()
    above = HEADING_GAP_PX if level else 0
    below = 0 if is_table else ITEM_GAP_PX if is_item else GAP_PX
    follows = block.next()
    if is_item and follows.isValid() and follows.textList() is None:
        below = GAP_PX
    look.setTopMargin(above if block.previous().isValid() else 0)
    look.setBottomMargin(below if follows.isValid() else 0)
    look.setLeftMargin(QUOTE_PX * _quote_level(block))
    percent = CELL_PERCENT if is_table else LINE_PERCENT
    look.setLineHeight(percent, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
    return look


def _open(url: QUrl) -> None:
    if url.scheme() in SCHEMES:
        QDesktopServices.openUrl(url)
