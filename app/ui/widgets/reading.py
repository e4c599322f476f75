"""A card with one number that can be read across the room."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.ui.widgets.elided_label import ElidedLabel

UNKNOWN = "\N{EM DASH}"


class Value(QWidget):
    """A big number with its unit on the same base line."""

    def __init__(self) -> None:
        super().__init__()
        self._number = QLabel(UNKNOWN)
        self._number.setProperty("r", "big")
        self._unit = QLabel()
        self._unit.setProperty("r", "unit")
        # The number's letters end this much above the bottom of its label.
        self._unit.setContentsMargins(0, 0, 0, 5)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self._number)
        row.addWidget(self._unit, 1, Qt.AlignmentFlag.AlignBottom)

    @property
    def text(self) -> str:
        """Number and unit as shown."""
        return f"{self._number.text()} {self._unit.text()}".strip()

    def show_value(self, number: str | None, unit: str) -> None:
        """Show `number` and `unit`; None shows a dash without a unit."""
        self._number.setText(UNKNOWN if number is None else number)
        self._unit.setText("" if number is None else unit)


class Reading(QFrame):
    """A card: caption, big number, a figure (sparkline or gauge) and a note below it."""

    def __init__(self, caption: str, figure: QWidget) -> None:
        super().__init__()
        self.setProperty("card", True)
        self._caption = caption
        self.figure = figure
        self.value = Value()
        self.note = ElidedLabel("mute")
        title = QLabel(caption)
        title.setProperty("r", "cap")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(4)
        column.addWidget(title)
        column.addWidget(self.value)
        column.addWidget(figure)
        column.addWidget(self.note)

    def show_reading(self, number: str | None, unit: str, note: str) -> None:
        """Show `number` in `unit` with `note`; a number of None is unknown."""
        self.value.show_value(number, unit)
        self.note.show_text(note)
        self.setAccessibleName(f"{self._caption}: {self.value.text}. {note}")
