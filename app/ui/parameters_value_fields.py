"""A field for each of several parameters, any of which may be left open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from app.ui.parameters_typed import number_in, range_text, text_of
from app.ui.widgets.choice_field import ChoiceField
from app.ui.widgets.form_grid import FormGrid, line
from engine.analytics.snapshot import ParameterRange, Value, Values

FIELD_PX = 136
FIXED = QSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
STRETCHES = (3, 2)
"""Names and meanings need the room more than the fields do."""
OPEN = ""


class ValueFields(QWidget):
    """Rows of a name, what it may be, and a field; empty fields are left open.

    hint: stands in a field that is empty. changed: the user typed or chose. entered: Enter.
    """

    changed = Signal()
    entered = Signal()

    def __init__(self, hint: str) -> None:
        super().__init__()
        self._hint = hint
        self._parameters: tuple[ParameterRange, ...] = ()
        self._grid = FormGrid(STRETCHES)
        self.fields: dict[str, QLineEdit | ChoiceField] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._grid)

    def show_parameters(self, parameters: Sequence[ParameterRange]) -> None:
        """Offer a field for each; what was typed stays where the parameter does."""
        if tuple(parameters) == self._parameters:
            return
        before = self.texts()
        self._parameters = tuple(parameters)
        old, self._grid = self._grid, FormGrid(STRETCHES)
        self.fields = {each.name: self._field(each) for each in parameters}
        self._make_rows()
        self.layout().replaceWidget(old, self._grid)  # type: ignore[union-attr] # it was just made
        old.deleteLater()
        self._write(before)

    def show_values(self, values: Values) -> None:
        """Write `values` into the fields; the others are left open."""
        self._write({name: text_of(value) for name, value in values.items()})
        self.show_wrong({})

    def texts(self) -> dict[str, str]:
        """Return what stands in the fields that are not left open, by parameter."""
        found = {}
        for name, field in self.fields.items():
            text = field.currentData() if isinstance(field, ChoiceField) else field.text().strip()
            if text:
                found[name] = str(text)
        return found

    def values(self) -> dict[str, Value] | None:
        """Return the values; None, and say at its field what is wrong, where one is none."""
        found: dict[str, Value] = {}
        wrong = {}
        typed = self.texts()
        for each in self._parameters:
            if each.name not in typed:
                continue
            value = _value(each, typed[each.name])
            if value is None:
                whole = "a whole number" if each.kind == "int" else "a number"
                wrong[each.name] = f"Write {whole}, or leave it empty"
            else:
                found[each.name] = value
        self.show_wrong(wrong)
        return None if wrong else found

    def show_wrong(self, told: Mapping[str, str]) -> None:
        """Say at their fields what is wrong, by parameter; nothing is at all others."""
        for name, field in self.fields.items():
            self._grid.show_wrong(field, told.get(name, ""))

    def wrong_text(self, name: str) -> str:
        """Return what is said to be wrong with a parameter."""
        return self._grid.wrong_text(self.fields[name])

    def _write(self, texts: Mapping[str, str]) -> None:
        for name, field in self.fields.items():
            text = texts.get(name, OPEN)
            if isinstance(field, ChoiceField):
                field.show_value(text if field.findData(text) >= 0 else OPEN)
            else:
                field.setText(text)
                field.setCursorPosition(0)

    def _field(self, found: ParameterRange) -> QLineEdit | ChoiceField:
        if found.kind != "choice":
            field = line(self._hint, width_px=FIELD_PX)
            field.setSizePolicy(FIXED)
            field.textEdited.connect(lambda _: self.changed.emit())
            field.returnPressed.connect(self.entered)
            return field
        texts = [text_of(each) for each in found.choices]
        chooser = ChoiceField([(OPEN, self._hint), *zip(texts, texts, strict=True)])
        chooser.setFixedWidth(FIELD_PX)
        chooser.setSizePolicy(FIXED)
        chooser.edited.connect(lambda _: self.changed.emit())
        return chooser

    def _make_rows(self) -> None:
        for each in self._parameters:
            field = self.fields[each.name]
            field.setAccessibleName(each.name)
            self._grid.add(each.name, range_text(each), field)


def _value(found: ParameterRange, text: str) -> Value | None:
    """Return the value of `text`; None where it is none of the parameter's kind."""
    if found.kind == "choice":
        return next((each for each in found.choices if text_of(each) == text), None)
    number = number_in(text)
    if number is None or found.kind == "float":
        return number
    return int(number) if number == int(number) else None
