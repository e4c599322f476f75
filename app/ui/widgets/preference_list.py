"""An ordered list of patterns, each with what it means now."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.icon_button import IconButton

NUMBER_PX = 16
NOTHING = "No model that is served now"
ANY = "No preference: every model that meets the limits below is thought of."
Preview = Callable[[str], str]
"""What a pattern means now, in words; "" for nothing."""


class PreferenceRow(QWidget):
    """A pattern, what it means now, and buttons that move or remove it."""

    moved = Signal(int)
    """By so many places."""
    removed = Signal()
    edited = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.number = QLabel()
        self.number.setProperty("r", "mute")
        self.number.setFixedWidth(NUMBER_PX)
        self.pattern = QLineEdit()
        self.pattern.setPlaceholderText("llama3*, where * stands for anything")
        self.pattern.setToolTip("A model's name; * stands for anything")
        self.meaning = ElidedLabel("mute")
        self.up_button = IconButton(theme, "move_up", "Prefer it more")
        self.down_button = IconButton(theme, "move_down", "Prefer it less")
        self.remove_button = IconButton(theme, "delete", "Remove it from the tier")
        top = QHBoxLayout()
        top.setSpacing(6)
        for widget in (self.number, self.pattern):
            top.addWidget(widget)
        for button in (self.up_button, self.down_button, self.remove_button):
            top.addWidget(button)
        below = QHBoxLayout()
        below.addSpacing(NUMBER_PX + 8)
        below.addWidget(self.meaning)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(top)
        column.addLayout(below)
        self.pattern.textEdited.connect(lambda _: self.edited.emit())
        self.up_button.clicked.connect(lambda: self.moved.emit(-1))
        self.down_button.clicked.connect(lambda: self.moved.emit(1))
        self.remove_button.clicked.connect(self.removed)


class PreferenceList(QWidget):
    """The patterns of a tier, the preferred first; `changed` when the user changes one."""

    changed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._preview: Preview = lambda _: ""
        self.rows: list[PreferenceRow] = []
        self.nothing = QLabel(ANY)
        self.nothing.setProperty("r", "mute")
        self.nothing.setWordWrap(True)
        self.add_button = QPushButton("Add a preference")
        self.add_button.setToolTip("Prefer a model, or all whose names fit a pattern")
        self.add_button.clicked.connect(self._add_empty)
        foot = QHBoxLayout()
        foot.addWidget(self.add_button)
        foot.addStretch(1)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        self._column.addWidget(self.nothing)
        self._column.addLayout(foot)

    @property
    def patterns(self) -> tuple[str, ...]:
        """What is typed, without empty rows."""
        texts = (row.pattern.text().strip() for row in self.rows)
        return tuple(text for text in texts if text)

    def show_patterns(self, patterns: Sequence[str]) -> None:
        """Show `patterns`, the preferred first."""
        while len(self.rows) > len(patterns):
            self._drop(self.rows[-1])
        while len(self.rows) < len(patterns):
            self._add_row()
        for row, pattern in zip(self.rows, patterns, strict=True):
            row.pattern.setText(pattern)
        self._number()

    def show_preview(self, preview: Preview) -> None:
        """Tell beside each pattern what it means now."""
        self._preview = preview
        self._tell()

    def _add_empty(self) -> None:
        row = self._add_row()
        self._number()
        row.pattern.setFocus()
        self.changed.emit()

    def _add_row(self) -> PreferenceRow:
        row = PreferenceRow(self._theme)
        row.moved.connect(lambda by: self._move(row, by))
        row.removed.connect(lambda: self._remove(row))
        row.edited.connect(self._edit)
        self._column.insertWidget(len(self.rows) + 1, row)
        self.rows.append(row)
        return row

    def _move(self, row: PreferenceRow, by: int) -> None:
        at = self.rows.index(row)
        other = self.rows[at + by]
        mine, theirs = row.pattern.text(), other.pattern.text()
        row.pattern.setText(theirs)
        other.pattern.setText(mine)
        buttons = other.up_button if by < 0 else other.down_button
        self._number()
        (buttons if buttons.isEnabled() else other.pattern).setFocus()
        self.changed.emit()

    def _remove(self, row: PreferenceRow) -> None:
        self._drop(row)
        self._number()
        self.changed.emit()

    def _drop(self, row: PreferenceRow) -> None:
        self.rows.remove(row)
        self._column.removeWidget(row)
        row.hide()
        row.deleteLater()

    def _edit(self) -> None:
        self._tell()
        self.changed.emit()

    def _number(self) -> None:
        for number, row in enumerate(self.rows, start=1):
            row.number.setText(str(number))
            row.pattern.setAccessibleName(f"Preference {number}")
            row.up_button.setEnabled(number > 1)
            row.down_button.setEnabled(number < len(self.rows))
        self.nothing.setVisible(not self.rows)
        self._tell()

    def _tell(self) -> None:
        for row in self.rows:
            pattern = row.pattern.text().strip()
            row.meaning.show_text((self._preview(pattern) or NOTHING) if pattern else "")
