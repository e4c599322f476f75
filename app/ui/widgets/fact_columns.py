"""Names with their values below them, side by side."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from app.ui.widgets.elided_label import ElidedLabel


class FactColumns(QWidget):
    """Shows (name, value) in rows of `columns`; values can be selected to be copied."""

    def __init__(self, name: str, columns: int) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._columns = columns
        self._facts: tuple[tuple[str, str], ...] = ()
        self._values: list[tuple[QLabel, ElidedLabel]] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(24)
        self._grid.setVerticalSpacing(2)
        for column in range(columns):
            self._grid.setColumnStretch(column, 1)

    @property
    def texts(self) -> dict[str, str]:
        """The values by their names."""
        return dict(self._facts)

    def show_facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Show `facts`, row by row."""
        if tuple(facts) == self._facts:
            return
        self._facts = tuple(facts)
        while len(self._values) < len(facts):
            self._add()
        for number, (name, value) in enumerate(self._values):
            is_used = number < len(facts)
            if is_used:
                name.setText(facts[number][0])
                value.show_text(facts[number][1])
                value.setAccessibleName(": ".join(facts[number]))
            name.setVisible(is_used)
            value.setVisible(is_used)

    def _add(self) -> None:
        row, column = divmod(len(self._values), self._columns)
        name, value = QLabel(), ElidedLabel()
        name.setProperty("r", "mute")
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        if row:
            # Between two rows of facts more room than between a name and its value.
            self._grid.setRowMinimumHeight(3 * row - 1, 10)
        self._grid.addWidget(name, 3 * row, column)
        self._grid.addWidget(value, 3 * row + 1, column)
        self._values.append((name, value))
