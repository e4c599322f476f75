"""Short lines under each other: a dot, a text and a note at the right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QStackedWidget, QWidget

from app.theme import Theme
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.empty_state import EmptyState

ROW_PX = 28


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
        for index, (dot, text, note) in enumerate(self._rows):
            is_used = index < len(shown)
            for label in (dot, text, note):
                label.setVisible(is_used)
            if is_used:
                text.show_text(shown[index].text)
                note.setText(shown[index].note)
        self._colour_dots()

    def _colour_dots(self) -> None:
        for line, (dot, _, _) in zip(self._lines, self._rows, strict=False):
            colour = self._theme.tokens.colour(line.token).name()
            dot.setStyleSheet(f"color: {colour}; font-size: 8px;")
