"""A few figures beside each other: caption, value, and what it is measured against."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.widgets.elided_label import ElidedLabel


class _FigureCell(QWidget):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._token = "text"
        self.caption, self.value, self.note = (
            ElidedLabel("mute"),
            ElidedLabel(),
            ElidedLabel("mute"),
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        for label in (self.caption, self.value, self.note):
            column.addWidget(label)
        theme.changed.connect(self._restyle)
        self._restyle()

    def show_figure(self, caption: str, value: str, note: str, token: str) -> None:
        self.caption.show_text(caption)
        self.value.show_text(value)
        self.note.show_text(note)
        self.setAccessibleName(f"{caption}: {value} {note}".strip())
        if token != self._token:
            self._token = token
            self._restyle()

    def _restyle(self) -> None:
        colour = self._theme.tokens.colour(self._token).name()
        self.value.setStyleSheet(f"color: {colour}; font-size: 17px; font-weight: 600;")


class FigureRow(QWidget):
    """Shows (caption, value, note, token of the value's colour) of each figure."""

    def __init__(self, theme: Theme, count: int) -> None:
        super().__init__()
        self._cells = tuple(_FigureCell(theme) for _ in range(count))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        for cell in self._cells:
            row.addWidget(cell, 1)

    def show_figures(self, figures: Sequence[tuple[str, str, str, str]]) -> None:
        """Show `figures`, as many as at construction. Raises ValueError for another number."""
        for cell, figure in zip(self._cells, figures, strict=True):
            cell.show_figure(*figure)
