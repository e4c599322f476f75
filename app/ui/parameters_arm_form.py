"""The form in which a named choice of parameters is added to a study."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton

from app.ui.parameters_typed import asked_parameters, pairs_in, pairs_text
from app.ui.parameters_value_fields import ValueFields
from app.ui.parameters_values import is_removed
from app.ui.widgets.card import Card
from app.ui.widgets.form_grid import FormGrid, line
from engine.analytics.snapshot import StudyView, Value, Values

LEFT_OPEN = "left open"
LONGEST_NAME = 60


class ArmForm(Card):
    """Emits `saved(name, values)` for what can be, `closed` when the user wants back."""

    saved = Signal(str, object)
    closed = Signal()

    def __init__(self) -> None:
        super().__init__("Add a choice")
        self._study: StudyView | None = None
        self.name = line("Such as careful")
        self.name.setMaxLength(LONGEST_NAME)
        self.values = ValueFields(LEFT_OPEN)
        self.others = line("top_k = 40, min_p = 0.05")
        self._head, self._tail = FormGrid(), FormGrid()
        self.wrong = QLabel()
        self.wrong.setTextFormat(Qt.TextFormat.PlainText)
        self.wrong.setProperty("r", "bad")
        self.wrong.setWordWrap(True)
        self.back_button = QPushButton("Cancel")
        self.back_button.setToolTip("Close without adding (Esc)")
        self.save_button = QPushButton("Add choice")
        self.save_button.setProperty("primary", True)
        self.save_button.setToolTip("Try it with the next requests")
        self._lay_out()
        self.back_button.clicked.connect(self.closed)
        self.save_button.clicked.connect(self._save)
        self.values.entered.connect(self._save)
        for field in (self.name, self.others):
            field.returnPressed.connect(self._save)
        leave = QShortcut(QKeySequence("Esc"), self)
        leave.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        leave.activated.connect(self.closed)

    def begin(self, study: StudyView, values: Values | None = None) -> None:
        """Begin with an empty form for `study`, or with `values`."""
        self._study = study
        self.name.clear()
        self.values.show_parameters(asked_parameters(study))
        given = values or {}
        self.values.show_values(given)
        rest = [(name, each) for name, each in given.items() if name not in self.values.fields]
        self.others.setText(pairs_text(rest))
        self._show_wrong("", "", "")
        self.name.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_failure(self, text: str) -> None:
        """Say why what was typed could not be added."""
        self._show_wrong("", "", text)

    def _save(self) -> None:
        study, values = self._study, self.values.values()
        if study is None:
            return
        others: dict[str, Value] = {}
        wrong_others = ""
        try:
            others = pairs_in(self.others.text())
        except ValueError as error:
            wrong_others = str(error)
        name = self.name.text().strip()
        wrong_name = _name_problem(study, name)
        given = None if values is None else values | others
        wrong = "" if given is None or wrong_others else _values_problem(study, given)
        self._show_wrong(wrong_name, wrong_others, wrong)
        if given is not None and not (wrong_name or wrong_others or wrong):
            self.saved.emit(name, given)

    def _show_wrong(self, name: str, others: str, whole: str) -> None:
        self._head.show_wrong(self.name, name)
        self._tail.show_wrong(self.others, others)
        self.wrong.setText(whole)
        self.wrong.setVisible(bool(whole))

    def name_problem(self) -> str:
        """Return what is said to be wrong with the name."""
        return self._head.wrong_text(self.name)

    def others_problem(self) -> str:
        """Return what is said to be wrong with further parameters."""
        return self._tail.wrong_text(self.others)

    def _lay_out(self) -> None:
        self._head.add("Name", "What tables and plots call it", self.name)
        self._tail.add("Further parameters", "Whatever the server knows besides", self.others)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.wrong, 1)
        buttons.addStretch(1)
        buttons.addWidget(self.back_button)
        buttons.addWidget(self.save_button)
        self.body.setSpacing(12)
        for part in (self._head, self.values, self._tail):
            self.body.addWidget(part)
        self.body.addLayout(buttons)


def _name_problem(study: StudyView, name: str) -> str:
    if not name:
        return "Give it a name"
    if any(arm.name == name and not is_removed(arm) for arm in study.arms):
        return f"There is a choice called {name} already"
    return ""


def _values_problem(study: StudyView, values: Values) -> str:
    if not values:
        return "Fill in at least one value: a request without any stays as it came"
    same = next((a for a in study.arms if dict(a.values) == values and not is_removed(a)), None)
    return "" if same is None else f"{same.name} has just these values"
