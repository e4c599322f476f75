"""Several words, each of which can be taken or left."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QPushButton, QWidget


class Picks(QWidget):
    """Checkable buttons in rows of `columns`; `changed` when the user takes or leaves one."""

    changed = Signal()

    def __init__(self, name: str, values: Sequence[str], *, columns: int) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.buttons: dict[str, QPushButton] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(6)
        for column in range(columns):
            grid.setColumnStretch(column, 1)
        for number, value in enumerate(values):
            button = QPushButton(value)
            button.setCheckable(True)
            button.setStyleSheet("padding: 0 2px; font-size: 12px; min-height: 26px;")
            button.setAccessibleName(f"{name}: {value}")
            button.setToolTip(f"{name}: {value}")
            button.clicked.connect(self.changed)
            grid.addWidget(button, number // columns, number % columns)
            self.buttons[value] = button

    @property
    def taken(self) -> tuple[str, ...]:
        """What is taken, in the order of the buttons."""
        return tuple(value for value, button in self.buttons.items() if button.isChecked())

    def show_taken(self, values: Sequence[str]) -> None:
        """Show `values` as taken, and no others."""
        for value, button in self.buttons.items():
            button.setChecked(value in values)
