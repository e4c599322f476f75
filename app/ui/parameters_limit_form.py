"""The form of a limit: a sum of numbers that is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.ui.parameters_typed import number_in
from app.ui.parameters_value_fields import FIELD_PX, FIXED, ValueFields
from app.ui.widgets.form_grid import FormGrid, line, show_number
from engine.analytics.parameters import LinearConstraint
from engine.analytics.snapshot import ParameterRange, Value

EXPLAINED = "How often each number counts in the sum; empty: not at all"


class LimitForm(QWidget):
    """A factor for each number, and what the sum may be; `take()` returns the entry.

    entered: Enter was pressed in a field.
    """

    entered = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.weights = ValueFields("not in it")
        self.at_most = line("1.5", width_px=FIELD_PX)
        self.at_most.setSizePolicy(FIXED)
        self._tail = FormGrid()
        self._tail.add("At most", "What the sum of all may be", self.at_most)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        about = QLabel(f"{EXPLAINED}.")
        about.setProperty("r", "mute")
        about.setWordWrap(True)
        column.addWidget(about)
        column.addWidget(self.weights)
        column.addWidget(self._tail)
        self.weights.entered.connect(self.entered)
        self.at_most.returnPressed.connect(self.entered)

    def begin(self, constraint: LinearConstraint | None, numbers: Sequence[ParameterRange]) -> None:
        """Begin with `constraint`, or empty, between `numbers`."""
        self.weights.show_parameters(numbers)
        self.weights.show_values({} if constraint is None else dict(constraint.weights))
        show_number(self.at_most, None if constraint is None else constraint.at_most)
        self._tail.show_wrong(self.at_most, "")
        first = next(iter(self.weights.fields.values()), self.at_most)
        first.setFocus(Qt.FocusReason.OtherFocusReason)

    def take(self) -> dict[str, object] | None:
        """Return the entry that was typed; None, and say so at the fields, where it cannot be."""
        weights = self.weights.values()
        at_most = number_in(self.at_most.text())
        self._tail.show_wrong(self.at_most, "A number is needed" if at_most is None else "")
        if weights is None or at_most is None:
            return None
        kept = {name: _short(value) for name, value in weights.items() if value}
        if not kept:
            first = list(self.weights.fields)[:1]
            self.weights.show_wrong(dict.fromkeys(first, "At least one number must count"))
            return None
        return {"weights": kept, "at_most": _short(at_most)}

    def show_problems(self, problems: Mapping[str, str]) -> None:
        """Say what is wrong with the limit as a whole at its bound."""
        self._tail.show_wrong(self.at_most, problems.get("at_most", ""))

    def knows(self, name: str) -> bool:
        """Tell whether there is a field of this name at which something can be said."""
        return name == "at_most"

    def problem(self, name: str) -> str:
        """Return what is said at the field `name`: a number's, or "at_most"."""
        return self._tail.wrong_text(self.at_most) if name == "at_most" else (
            self.weights.wrong_text(name))  # fmt: skip


def _short(value: Value) -> Value:
    is_whole = isinstance(value, float) and value == int(value)
    return int(value) if is_whole else value
