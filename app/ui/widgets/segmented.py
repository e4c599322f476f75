"""A few choices side by side, one of them taken."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QWidget


class Segmented(QWidget):
    """Buttons for (value, text); `chosen(value)` when the user takes one."""

    chosen = Signal(str)

    def __init__(self, name: str, choices: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._group = QButtonGroup(self)
        self._values = tuple(value for value, _ in choices)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for index, (_, text) in enumerate(choices):
            button = QPushButton(text)
            button.setCheckable(True)
            button.setAccessibleName(f"{name}: {text}")
            button.setToolTip(f"{name}: {text}")
            self._group.addButton(button, index)
            row.addWidget(button, 1)
        self._group.idClicked.connect(lambda index: self.chosen.emit(self._values[index]))

    @property
    def value(self) -> str | None:
        """What is taken; None where nothing is."""
        index = self._group.checkedId()
        return self._values[index] if index >= 0 else None

    def show_value(self, value: str) -> None:
        """Show `value` as taken. Raises ValueError where it is not one of the choices."""
        self._group.button(self._values.index(value)).setChecked(True)
