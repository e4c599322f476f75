"""The words as they are spoken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QKeyEvent,
    QPaintEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
)
from PySide6.QtWidgets import QFrame, QTextEdit, QWidget

from app.theme import Theme
from engine.voice.snapshot import LiveText, Utterance

TEXT_PX = 20
PARAGRAPH_PX = 8
NEAR_END_PX = 24
"""So close to its end the view follows new words."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One sentence: what will not change, and what still may."""

    firm: str
    tentative: str = ""


def paragraphs(finals: Sequence[Utterance], live: LiveText | None) -> tuple[Paragraph, ...]:
    """Return what to write: the sentences spoken into the microphone, then the current one."""
    said = [Paragraph(one.text) for one in finals if one.source == "microphone"]
    if live is not None and (live.stable or live.tentative):
        said.append(Paragraph(live.stable, live.tentative))
    return tuple(said)


class LiveTextView(QTextEdit):
    """Finished sentences in normal type; words that may change in italics with dots below.

    Only paragraphs that differ are written again, so a selection and the place that was
    scrolled to survive; it follows the newest words unless the user scrolled away from them.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._shown: tuple[Paragraph, ...] = ()
        self.setReadOnly(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUndoRedoEnabled(False)
        self.setTabChangesFocus(True)
        self.setAccessibleName("Live text")
        self.setStyleSheet("QTextEdit { border: 0; background: transparent; }")
        self.document().setDocumentMargin(0)
        self._follows = True
        bar = self.verticalScrollBar()
        bar.valueChanged.connect(self._notice_place)
        bar.rangeChanged.connect(self._follow)
        theme.changed.connect(self._rewrite)

    def minimumSizeHint(self) -> QSize:
        """Return the room of two lines."""
        return QSize(160, 72)

    @property
    def paragraphs(self) -> tuple[Paragraph, ...]:
        """What is written now."""
        return self._shown

    def show_paragraphs(self, wanted: tuple[Paragraph, ...]) -> None:
        """Write `wanted`, oldest first."""
        if wanted == self._shown:
            return
        same = 0
        for old, new in zip(self._shown, wanted, strict=False):
            if old != new:
                break
            same += 1
        chosen = self.textCursor()
        ends = (chosen.anchor(), chosen.position())
        self._write_from(same, wanted)
        self._shown = wanted
        if ends[0] != ends[1]:
            self._select(*ends)

    def _select(self, anchor: int, position: int) -> None:
        """Select as before: text written where a selection ended has joined it."""
        cursor = self.textCursor()
        if (cursor.anchor(), cursor.position()) == (anchor, position):
            return
        bar = self.verticalScrollBar()
        place = bar.value()
        last = self.document().characterCount() - 1
        cursor.setPosition(min(anchor, last))
        cursor.setPosition(min(position, last), QTextCursor.MoveMode.KeepAnchor)
        self.setTextCursor(cursor)
        bar.setValue(place)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw whole lines: while the end is followed, none is cut through at the top."""
        room = self.viewport().rect()
        if self._follows and self.verticalScrollBar().value() > 0:
            room.setTop(self.first_whole_line().top())
        super().paintEvent(QPaintEvent(event.rect().intersected(room)))

    def first_whole_line(self) -> QRect:
        """Return where the first line lies that is not cut off at the top, in the viewport."""
        cursor = self.cursorForPosition(QPoint(0, 0))
        line = self.cursorRect(cursor)
        if line.top() < 0 and cursor.movePosition(QTextCursor.MoveOperation.Down):
            line = self.cursorRect(cursor)
        return line

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave the space bar to the panel, for which it is the key to talk."""
        if event.key() == Qt.Key.Key_Space:
            event.ignore()
        else:
            super().keyPressEvent(event)

    def _notice_place(self, value: int) -> None:
        self._follows = value >= self.verticalScrollBar().maximum() - NEAR_END_PX

    def _follow(self, _lowest: int, highest: int) -> None:
        if self._follows:
            self.verticalScrollBar().setValue(highest)

    def _rewrite(self) -> None:
        shown, self._shown = self._shown, ()
        self.clear()
        self.show_paragraphs(shown)

    def _write_from(self, index: int, wanted: tuple[Paragraph, ...]) -> None:
        document = self.document()
        cursor = QTextCursor(document)
        cursor.beginEditBlock()
        # The block of a paragraph that changed is used again; an added one needs its own.
        is_block_there = index == 0 or index < len(self._shown)
        if is_block_there:
            cursor.setPosition(document.findBlockByNumber(index).position())
            cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
            cursor.removeSelectedText()
            if index == len(wanted) > 0:
                cursor.deletePreviousChar()
        else:
            cursor.movePosition(QTextCursor.MoveOperation.End)
        spacing = QTextBlockFormat()
        spacing.setBottomMargin(PARAGRAPH_PX)
        spacing.setLineHeight(130, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        for paragraph in wanted[index:]:
            if not is_block_there:
                cursor.insertBlock()
            is_block_there = False
            cursor.setBlockFormat(spacing)
            self._write(cursor, paragraph)
        cursor.endEditBlock()

    def _write(self, cursor: QTextCursor, paragraph: Paragraph) -> None:
        if paragraph.firm:
            cursor.insertText(paragraph.firm, self.firm_format())
        if paragraph.tentative:
            cursor.insertText(paragraph.tentative, self.tentative_format())

    def firm_format(self) -> QTextCharFormat:
        """Return the look of words that stay."""
        font = QFont(self.font())
        font.setPixelSize(TEXT_PX)
        look = QTextCharFormat()
        look.setFont(font)
        look.setForeground(QColor(self._theme.tokens.text))
        return look

    def tentative_format(self) -> QTextCharFormat:
        """Return the look of words that may change: told apart by shape, not by colour only."""
        look = self.firm_format()
        look.setFontItalic(True)
        look.setUnderlineStyle(QTextCharFormat.UnderlineStyle.DotLine)
        look.setUnderlineColor(QColor(self._theme.tokens.accent))
        look.setForeground(QColor(self._theme.tokens.dim))
        return look
