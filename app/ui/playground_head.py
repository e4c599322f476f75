"""The line above the Playground: who is asked, and what else can be opened."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from app.theme import Theme
from app.ui.playground_texts import ModelChoice
from app.ui.widgets.chat_models import ModelPicker
from app.ui.widgets.icon_button import IconButton

PICKER_PX = 240


class PlaygroundHead(QWidget):
    """One chooser, or two where models are compared; buttons for the parts beside the chat."""

    models_changed = Signal()
    list_toggled = Signal()
    new_wanted = Signal()
    parameters_toggled = Signal()
    why_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._choices: tuple[ModelChoice, ...] = ()
        self._default = ""
        self.list_button = IconButton(theme, "list", "Conversations (Ctrl+B)")
        self.new_button = IconButton(theme, "plus", "New chat (Ctrl+N)")
        self.first = ModelPicker(theme, "Model", "Ctrl+M")
        self.second = ModelPicker(theme, "Second model", "Ctrl+Shift+M")
        self.versus = QLabel("and")
        self.versus.setProperty("r", "unit")
        self.compare_button = IconButton(
            theme, "compare", "Compare two models side by side (Ctrl+Shift+D)"
        )
        self.why_button = IconButton(theme, "why", "Why this model? (Ctrl+I)")
        self.parameters_button = IconButton(theme, "sliders", "Parameters (Ctrl+Shift+P)")
        for button in (
            self.list_button,
            self.compare_button,
            self.why_button,
            self.parameters_button,
        ):
            button.setCheckable(True)
        self._lay_out()
        self._connect()
        self._show_compare()

    @property
    def models(self) -> tuple[str, ...]:
        """What is asked: one model or tier, or two different ones."""
        first = self.first.value or self._default
        second = self.second.value
        if self.compare_button.isChecked() and second and second != first:
            return (first, second)
        return (first,)

    @property
    def chosen(self) -> tuple[str, ...]:
        """What the user has chosen; none where it is left to the usual tier."""
        models = self.models
        return () if models == (self._default,) or not models[0] else models

    def show_choices(self, choices: Sequence[ModelChoice], default: str) -> None:
        """Offer `choices`; nothing was chosen yet: `default`."""
        self._choices = tuple(choices)
        self._default = default or (choices[0].name if choices else "")
        self.first.show_choices(choices, self.first.value or self._default)
        self.second.show_choices(choices, self.second.value or self._other())

    def show_models(self, models: Sequence[str]) -> None:
        """Ask one model, or compare two; none: the usual one."""
        first, second = (*models, "", "")[:2]
        self.first.show_choices(self._choices, first or self._default)
        if second:
            self.second.show_choices(self._choices, second)
        self.compare_button.setChecked(bool(second))

    def choose(self, model: str) -> None:
        """Choose `model`, as a conversation that is opened was asked."""
        if model:
            self.first.show_choices(self._choices, model)

    def toggle_compare(self) -> None:
        """Compare two models, or no longer."""
        self.compare_button.toggle()

    def _other(self) -> str:
        first = self.first.value
        group = next((one.group for one in self._choices if one.name == first), "")
        others = [one for one in self._choices if one.name != first and one.is_usable]
        alike = [one for one in others if one.group == group]
        return (alike or others)[0].name if others else ""

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.list_button)
        row.addWidget(self.new_button)
        for picker in (self.first, self.second):
            picker.setMaximumWidth(PICKER_PX)
        row.addWidget(self.first, 4)
        row.addWidget(self.versus)
        row.addWidget(self.second, 4)
        row.addStretch()
        for button in (self.compare_button, self.why_button, self.parameters_button):
            row.addWidget(button)

    def _connect(self) -> None:
        self.list_button.clicked.connect(self.list_toggled)
        self.new_button.clicked.connect(self.new_wanted)
        self.first.picked.connect(self.models_changed)
        self.second.picked.connect(self.models_changed)
        self.compare_button.toggled.connect(self._show_compare)
        self.why_button.clicked.connect(self.why_wanted)
        self.parameters_button.clicked.connect(self.parameters_toggled)

    def _show_compare(self) -> None:
        is_on = self.compare_button.isChecked()
        self.second.setVisible(is_on)
        self.versus.setVisible(is_on)
        self.models_changed.emit()
