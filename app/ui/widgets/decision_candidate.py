"""One model that could have answered: its score as a bar of terms."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import Theme
from app.ui.plain_texts import plain_tip
from app.ui.playground_why import term_text, term_token, worth
from app.ui.widgets.painted_text import TextLook, paint_text
from engine.router.snapshot import Candidate, Term

HEAD_PX, BAR_PX, TERM_PX, NOTE_PX, FOOT_PX = 22, 8, 20, 15, 10
DOT_PX = 7
SCORE_PX, ONLY_PX = 48, 84
INDENT_PX = 14


class DecisionCandidate(QWidget):
    """The name, the score and its bar; a click, Enter or Space shows the terms one by one."""

    def __init__(
        self, theme: Theme, candidate: Candidate, *, place: int, most: float, is_chosen: bool
    ) -> None:
        super().__init__()
        self._theme = theme
        self.candidate = candidate
        self._place = place
        self._most = max(most, 1e-9)
        self._is_chosen = is_chosen
        self.is_open = is_chosen
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        terms = ", ".join(f"{term.name} {worth(term):.2f}" for term in candidate.terms)
        self.setAccessibleName(f"{place}. {candidate.model}: {candidate.score:.2f} ({terms})")
        notes = [f"{term.name}: {term.note}" for term in candidate.terms if term.note]
        self.setToolTip(plain_tip("\n".join((candidate.model, *notes))))
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Return the room of the bar, and of the terms while they show."""
        if not self.candidate.terms:
            return QSize(200, HEAD_PX)
        room = HEAD_PX + BAR_PX + FOOT_PX
        if self.is_open:
            room += 6 + sum(_height_px(term) for term in self.candidate.terms)
        return QSize(200, room)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Show the terms, or hide them."""
        self._toggle()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Show the terms, or hide them, by Enter and Space."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._toggle()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw name, score, bar and terms."""
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        room = QRectF(self.rect()).adjusted(1, 0, -1, 0)
        if self.hasFocus():
            painter.setPen(QPen(QColor(tokens.accent), 1))
            painter.drawRoundedRect(room.adjusted(-0.5, 0.5, 0.5, -2.5), 6, 6)
        head = QRectF(room.left() + 2, 0, room.width() - 4, HEAD_PX)
        paint_text(painter, head, f"{self._place}", self._look("mute"))
        name = head.adjusted(18, 0, -SCORE_PX if self.candidate.terms else -ONLY_PX, 0)
        paint_text(painter, name, self.candidate.model, self._look("text"))
        score = self._look("text" if self._is_chosen else "dim", is_right=True)
        # The only one there is has no score: there was nothing to choose.
        text = f"{self.candidate.score:.2f}" if self.candidate.terms else "the only one"
        paint_text(painter, head, text, score)
        if self.candidate.terms:
            self._draw_bar(painter, QRectF(head.left() + 18, HEAD_PX, head.width() - 18, BAR_PX))
        if self.is_open:
            self._draw_terms(painter, head.left() + 18, head.width() - 18)

    def _draw_bar(self, painter: QPainter, room: QRectF) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.tokens.raised))
        painter.drawRoundedRect(room, 4, 4)
        left = room.left()
        for term in self.candidate.terms:
            width = worth(term) / self._most * room.width()
            if width >= 1:
                painter.fillRect(
                    QRectF(left, room.top(), max(1.0, width - 1.5), BAR_PX),
                    self._theme.tokens.colour(term_token(term.name)),
                )
            left += width

    def _draw_terms(self, painter: QPainter, left: float, width: float) -> None:
        top = HEAD_PX + BAR_PX + 6.0
        for term in self.candidate.terms:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.tokens.colour(term_token(term.name)))
            middle = top + TERM_PX / 2
            painter.drawEllipse(QRectF(left, middle - DOT_PX / 2, DOT_PX, DOT_PX))
            line = QRectF(left + INDENT_PX, top, width - INDENT_PX, TERM_PX)
            paint_text(painter, line, term.name, self._look("dim"))
            paint_text(painter, line, term_text(term), self._look("dim", is_right=True))
            if term.note:
                note = QRectF(line.left(), top + TERM_PX - 3, line.width(), NOTE_PX)
                paint_text(painter, note, term.note, self._look("mute"))
            top += _height_px(term)

    def _look(self, token: str, *, is_right: bool = False) -> TextLook:
        weight = QFont.Weight.Normal
        if token == "text" and self._is_chosen:
            weight = QFont.Weight.DemiBold
        return TextLook(str(getattr(self._theme.tokens, token)), 12, weight, is_right)

    def _toggle(self) -> None:
        self.is_open = not self.is_open
        self.updateGeometry()
        self.update()


def _height_px(term: Term) -> int:
    """Return the room of a term, and of what is noted of it below."""
    return TERM_PX + (NOTE_PX if term.note else 0)
