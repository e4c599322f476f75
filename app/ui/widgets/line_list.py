"""Short lines under each other: a dot, a text and a note at the right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QStackedWidget, QWidget

from app.theme import Theme
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.empty_state import EmptyState

ROW_PX = 28
LEAST_ROWS = 3


@dataclass(frozen=True, slots=True)
class Line:
    """One row."""

    text: str
    note: str = ""
    token: str = "accent"
    """The dot's colour."""


class LineList(QStackedWidget):
    """The first `capacity` of the lines it is given, or `empty` where there are none."""

    def __init__(self, theme: Theme, empty: EmptyState, *, capacity: int) -> None:
        super().__init__()
        self._theme = theme
        self._lines: tuple[Line, ...] = ()
        self._rows: list[tuple[QLabel, ElidedLabel, QLabel]] = []
        page = QWidget()
        grid = QGridLayout(page)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(0)
        grid.setColumnStretch(1, 1)
        for index in range(capacity):
            row = (QLabel("\N{BLACK CIRCLE}"), ElidedLabel(), QLabel())
            row[2].setProperty("r", "mute")
            row[2].setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            for column, label in enumerate(row):
                label.setFixedHeight(ROW_PX)
                grid.addWidget(label, index, column)
            self._rows.append(row)
        grid.setRowStretch(capacity, 1)
        self.addWidget(empty)
        self.addWidget(page)
        theme.changed.connect(self._colour_dots)

    def sizeHint(self) -> QSize:
        """Return the same however many lines there are, so that cards keep their height."""
        return QSize(240, LEAST_ROWS * ROW_PX)

    def minimumSizeHint(self) -> QSize:
        """Return the room of a few rows; others are left out where there is none for them."""
        return self.sizeHint()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show the rows that fit."""
        super().resizeEvent(event)
        self._show_rows()

    @property
    def texts(self) -> tuple[str, ...]:
        """What the rows say, the first row first."""
        return tuple(line.text for line in self._lines)

    def show_lines(self, lines: Sequence[Line]) -> None:
        """Show `lines`, the first at the top; what does not fit is left out."""
        shown = tuple(lines[: len(self._rows)])
        if shown == self._lines:
            return
        self._lines = shown
        self.setCurrentIndex(1 if shown else 0)
        for line, (_, text, note) in zip(shown, self._rows, strict=False):
            text.show_text(line.text)
            note.setText(line.note)
        self._show_rows()
        self._colour_dots()

    def _show_rows(self) -> None:
        count = min(len(self._lines), self.height() // ROW_PX)
        for index, row in enumerate(self._rows):
            for label in row:
                label.setVisible(index < count)

    def _colour_dots(self) -> None:
        for line, (dot, _, _) in zip(self._lines, self._rows, strict=False):
            colour = self._theme.tokens.colour(line.token).name()
            dot.setStyleSheet(f"color: {colour}; font-size: 8px;")
