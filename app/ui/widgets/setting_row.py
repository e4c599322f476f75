"""One setting: its name, what it means, its field, and what is wrong with what was typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractButton, QGridLayout, QHBoxLayout, QLabel, QWidget

from app.ui.widgets.choice_field import ChoiceField
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.text_area import TextArea
from app.ui.widgets.text_field import TextField
from app.ui.widgets.toggle import Toggle
from engine.configuration import Bounds, checked
from engine.decimals import decimals
from engine.errors import SettingsError

FIELD_PX = 280
NUMBER_PX = 128


@dataclass(frozen=True, slots=True)
class SettingSpec:
    """What a row is built from."""

    key: str
    """Such as "voice.segment.end_silence_ms"."""
    label: str
    kind: Any
    """The field's type."""
    bounds: Bounds


class SettingRow(QWidget):
    """Emits `edited(key, value)` for what is within the limits; says beside it what is not."""

    edited = Signal(str, object)

    def __init__(
        self, spec: SettingSpec, field: ChoiceField | TextArea | TextField | Toggle
    ) -> None:
        super().__init__()
        self.spec = spec
        self.field = field
        self._value: object = None
        name, meaning = QLabel(spec.label), ElidedLabel("mute")
        meaning.show_text(help_text(spec.bounds))
        self._wrong = QLabel()
        self._wrong.setProperty("r", "bad")
        self._wrong.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._wrong.hide()
        field.setAccessibleName(spec.label)
        field.setAccessibleDescription(meaning.whole_text)
        field.setToolTip(meaning.whole_text)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 8, 0, 8)
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(0, 1)
        grid.addWidget(name, 0, 0)
        grid.addWidget(meaning, 1, 0)
        if isinstance(field, TextArea):
            grid.setRowMinimumHeight(2, 8)
            grid.addWidget(field, 3, 0, 1, 2)
        else:
            grid.addWidget(self._beside(field), 0, 1, 2, 1)
        grid.addWidget(self._wrong, 4, 0, 1, 2)
        if isinstance(field, Toggle):
            field.clicked.connect(self._take)
        else:
            field.edited.connect(self._take)
        if isinstance(field, TextArea | TextField):
            field.cancelled.connect(self._go_back)

    @property
    def problem(self) -> str:
        """What is wrong with what was typed; empty where nothing is."""
        return self._wrong.text()

    def show_value(self, value: object) -> None:
        """Show the setting's value, unless the user is at a wrong one."""
        self._value = value
        if self.problem:
            return
        if isinstance(self.field, QAbstractButton):
            self.field.setChecked(bool(value))
        else:
            self.field.show_value(value)

    def show_wrong(self, text: str) -> None:
        """Say what is wrong; nothing is when `text` is empty."""
        self._wrong.setText(text)
        self._wrong.setVisible(bool(text))
        self.field.setProperty("invalid", bool(text))
        self.field.style().unpolish(self.field)
        self.field.style().polish(self.field)

    def _go_back(self) -> None:
        self.show_wrong("")
        self.show_value(self._value)

    def _take(self, value: object) -> None:
        spec = self.spec
        try:
            right = checked(spec.key, value, spec.kind, spec.bounds)
        except SettingsError as error:
            # The row names the setting already: only what follows "key = value: " is news.
            what = str(error).partition(": ")[2].strip()
            self.show_wrong(what[:1].upper() + what[1:])
            return
        self.show_wrong("")
        self.edited.emit(spec.key, right)

    def _beside(self, field: QWidget) -> QWidget:
        """Return the field with its unit, right-aligned in a column that all rows share."""
        box = QWidget()
        box.setFixedWidth(FIELD_PX)
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        if isinstance(field, ChoiceField):
            row.addWidget(field)
            return box
        row.addStretch(1)
        row.addWidget(field)
        if isinstance(field, TextField):
            field.setFixedWidth(FIELD_PX if self.spec.kind is str else NUMBER_PX)
        return box


def help_text(bounds: Bounds) -> str:
    """Return what the setting means and, for a number, from where to where it goes."""
    if bounds.low is None or bounds.high is None:
        return bounds.help
    low, high = _number(bounds.low), _number(bounds.high)
    return f"{bounds.help} ({low} to {high} {bounds.unit}".rstrip() + ")"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else decimals(value)
