"""Names and values beside each other, in as many columns as there is room for."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from app.ui.plain_texts import plain_tip, shortened
from app.ui.widgets.elided_label import ElidedLabel

ROW_PX = 23


class FactGrid(QWidget):
    """Shows (name, value, meaning); the meaning is the tooltip of both."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._facts: tuple[tuple[str, str, str], ...] = ()
        self._rows: list[tuple[ElidedLabel, QLabel]] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(8, 0, 8, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(0)
        self._grid.setColumnStretch(0, 1)

    @property
    def texts(self) -> dict[str, str]:
        """The values by their names."""
        return {name: value for name, value, _ in self._facts}

    def show_facts(self, facts: Sequence[tuple[str, str, str]]) -> None:
        """Show `facts` under each other."""
        if tuple(facts) == self._facts:
            return
        self._facts = tuple(facts)
        while len(self._rows) < len(facts):
            self._add_row()
        for number, (name, value) in enumerate(self._rows):
            is_used = number < len(facts)
            if is_used:
                self._fill(name, value, facts[number])
            name.setVisible(is_used)
            value.setVisible(is_used)
        self.updateGeometry()

    def minimumSizeHint(self) -> QSize:
        """Return the room of every row."""
        return QSize(160, ROW_PX * len(self._facts))

    def _add_row(self) -> None:
        name, value = ElidedLabel("mute"), QLabel()
        value.setTextFormat(Qt.TextFormat.PlainText)
        value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for column, label in enumerate((name, value)):
            label.setFixedHeight(ROW_PX)
            self._grid.addWidget(label, len(self._rows), column)
        self._rows.append((name, value))

    def _fill(self, name: ElidedLabel, value: QLabel, fact: tuple[str, str, str]) -> None:
        name.show_text(fact[0])
        value.setText(shortened(fact[1]))
        value.setAccessibleName(f"{fact[0]}: {fact[1]}")
        for label in (name, value):
            label.setToolTip(fact[2])
        if value.text() != fact[1]:
            value.setToolTip(plain_tip(fact[1]))
