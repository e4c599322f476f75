"""One of several values, by name."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QSizePolicy, QStyledItemDelegate

from app.ui.widgets.elided_combo import ElidedComboBox

MINIMUM_LETTERS = 8


class ChoiceField(ElidedComboBox):
    """A list of (value, text); `edited(value)` when the user picks one."""

    edited = Signal(object)

    def __init__(self, choices: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__()
        self._choices: tuple[tuple[str, str], ...] = ()
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(MINIMUM_LETTERS)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setItemDelegate(QStyledItemDelegate(self))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.show_choices(choices)
        self.activated.connect(lambda index: self.edited.emit(self.itemData(index)))

    def show_choices(self, choices: Sequence[tuple[str, str]]) -> None:
        """Offer `choices`; what is chosen stays chosen where it is still offered."""
        if tuple(choices) == self._choices:
            return
        chosen = self.currentData()
        self._choices = tuple(choices)
        self.clear()
        # A list that would fill the screen scrolls instead.
        self.setProperty("long", len(self._choices) > self.maxVisibleItems())
        for value, text in self._choices:
            self.addItem(text, value)
        self.setCurrentIndex(self.findData(chosen))

    def show_value(self, value: object) -> None:
        """Show `value` as chosen; nothing where it is not offered."""
        self.setCurrentIndex(self.findData(value))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the page, which scrolls: nobody changes a setting in passing."""
        event.ignore()
