"""The form of one of the user's own parameters."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from app.theme import Theme
from app.ui.parameters_own_values import (
    ANY,
    CHOICE,
    WHOLE,
    TypedParameter,
    entry_from,
    problems_of,
    typed_from,
)
from app.ui.parameters_typed import values_text
from app.ui.widgets.choice_field import ChoiceField
from app.ui.widgets.form_grid import NUMBER_PX, FormGrid, line, show_line
from app.ui.widgets.toggle import Toggle
from engine.analytics.own_parameters import OwnParameter
from engine.analytics.parameters import ChoiceParameter

KINDS = ((ANY, "Any number"), (WHOLE, "Whole number"), (CHOICE, "One of a few"))
ALWAYS = ("", "Always")


class OwnParameterForm(FormGrid):
    """Fields of a parameter; `take()` returns its entry. entered: Enter was pressed in one."""

    entered = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._taken: Collection[str] = ()
        self._parents: Sequence[OwnParameter] = ()
        self.name = line("min_p")
        self.kind = ChoiceField(KINDS)
        self.low = line("0.01", width_px=NUMBER_PX)
        self.high = line("0.5", width_px=NUMBER_PX)
        self.is_log = Toggle(theme)
        self.choices = line("low, medium, high")
        self.parent_field = ChoiceField((ALWAYS,))
        self.parent_values = line("")
        self.models = line("All models")
        self._rows: dict[str, QWidget] = {
            "name": self.name,
            "low": self.low,
            "choices": self.choices,
            "parent_values": self.parent_values,
            "models": self.models,
        }
        self._lay_out()
        self.kind.edited.connect(lambda _: self._show_kind())
        self.parent_field.edited.connect(lambda _: self._show_parent())
        for each in self.findChildren(QLineEdit):
            each.returnPressed.connect(self.entered)
        self.begin(None, (), ())

    def begin(
        self, own: OwnParameter | None, taken: Collection[str], parents: Sequence[OwnParameter]
    ) -> None:
        """Begin with `own`, or empty; taken: names of others; parents: what it may depend on."""
        self._taken, self._parents = taken, parents
        typed = TypedParameter() if own is None else typed_from(own)
        for field, text in (
            (self.name, typed.name),
            (self.low, typed.low),
            (self.high, typed.high),
            (self.choices, typed.choices),
            (self.parent_values, typed.parent_values),
            (self.models, typed.models),
        ):
            show_line(field, text)
        self.kind.show_value(typed.kind)
        self.is_log.setChecked(typed.is_log)
        names = [each.parameter.name for each in parents]
        self.parent_field.show_choices([ALWAYS, *((name, f"With {name}") for name in names)])
        self.parent_field.show_value(typed.parent)
        self.show_problems({})
        self._show_kind()
        self._show_parent()
        self.name.setFocus(Qt.FocusReason.OtherFocusReason)

    def take(self) -> dict[str, object] | None:
        """Return the entry that was typed; None, and say so at the fields, where it cannot be."""
        typed = TypedParameter(
            name=self.name.text(),
            kind=str(self.kind.currentData()),
            low=self.low.text(),
            high=self.high.text(),
            is_log=self.is_log.isChecked(),
            choices=self.choices.text(),
            models=self.models.text(),
            parent=str(self.parent_field.currentData() or ""),
            parent_values=self.parent_values.text(),
        )
        problems = problems_of(typed, self._taken, self._parents)
        self.show_problems(problems)
        return None if problems else entry_from(typed)

    def show_problems(self, problems: Mapping[str, str]) -> None:
        """Say at each field what is wrong there, and nothing at the others."""
        first = None
        for name, field in self._rows.items():
            text = problems.get(name, "")
            self.show_wrong(field, text)
            first = first or (field if text else None)
        if first is not None:
            first.setFocus(Qt.FocusReason.OtherFocusReason)

    def problem(self, name: str) -> str:
        """Return what is said at the field `name`."""
        return self.wrong_text(self._rows[name])

    def knows(self, name: str) -> bool:
        """Tell whether there is a field of this name at which something can be said."""
        return name in self._rows

    def _show_kind(self) -> None:
        is_choice = self.kind.currentData() == CHOICE
        self.show_row(self.choices, is_choice)
        self.show_row(self.low, not is_choice)
        self.show_row(self.is_log, not is_choice)

    def _show_parent(self) -> None:
        name = self.parent_field.currentData()
        self.show_row(self.parent_values, bool(name))
        for each in self._parents:
            if each.parameter.name == name and isinstance(each.parameter, ChoiceParameter):
                self.parent_values.setPlaceholderText(values_text(each.parameter.choices))

    def _lay_out(self) -> None:
        self.low.setAccessibleName("Lowest value")
        self.high.setAccessibleName("Highest value")
        self.add("Name", "As it is called in requests", self.name)
        self.add("Kind", "What its values are", self.kind)
        self.add("Lowest and highest", "Both included", self.low, self.high)
        self.add("By its logarithm", "0.01 to 0.1 weighs as much as 0.1 to 1", self.is_log)
        self.add("Values", "Texts or numbers, commas between", self.choices)
        self.add("Counts", "Always, or only with values of another", self.parent_field)
        self.add("While it is", "One value or several, commas between", self.parent_values)
        self.add("Only for models", "Names or patterns such as gpt-5*", self.models)
