"""The part of the Playground that sets what goes along with a question."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.chat_values import ChatParameters
from app.theme import Theme
from app.ui.widgets.optional_number import OptionalNumber
from app.ui.widgets.toggle import Toggle

FIELDS: tuple[tuple[str, str, type, float, float, str], ...] = (
    ("temperature", "Temperature", float, 0, 2, "0 is always the likeliest word"),
    ("top_p", "Top p", float, 0, 1, "share of likely words to draw from"),
    ("max_tokens", "Most tokens", int, 1, 1_000_000, "length of the answer"),
    ("seed", "Seed", int, 0, 2**31 - 1, "the same seed, the same answer"),
)
"""Name, label, kind, range and meaning."""
FIELD_PX = 92
PROMPT_PX = 112


class PlaygroundParameters(QWidget):
    """Fields that are empty are left to the model. `changed()` at every change."""

    changed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.system = QPlainTextEdit()
        self.system.setAccessibleName("System prompt")
        self.system.setPlaceholderText(
            "How the model behaves in this conversation, such as: Answer briefly."
        )
        self.system.setTabChangesFocus(True)
        self.system.setFixedHeight(PROMPT_PX)
        self.system.document().setDocumentMargin(8)
        self.fields = {
            name: OptionalNumber(label, kind, low, high)
            for name, label, kind, low, high, _ in FIELDS
        }
        self.json = Toggle(theme)
        self.json.setAccessibleName("Answer in JSON")
        self.json.setToolTip("Ask for an answer that is one JSON object")
        self.reset_button = QPushButton("Back to the defaults")
        self.reset_button.setToolTip("Empty every field")
        self._lay_out()
        self.system.textChanged.connect(self.changed)
        self.json.toggled.connect(self.changed)
        for field in self.fields.values():
            field.changed.connect(self.changed)
        self.reset_button.clicked.connect(self.reset)

    @property
    def value(self) -> ChatParameters:
        """What is set."""
        numbers = {name: field.value for name, field in self.fields.items()}
        most, seed = numbers["max_tokens"], numbers["seed"]
        return ChatParameters(
            system=self.system.toPlainText().strip(),
            temperature=numbers["temperature"],
            top_p=numbers["top_p"],
            max_tokens=None if most is None else int(most),
            seed=None if seed is None else int(seed),
            is_json=self.json.isChecked(),
        )

    @property
    def set_count(self) -> int:
        """How many parameters are set."""
        value = self.value
        return len(value.fields()) + bool(value.system)

    def show_parameters(self, value: ChatParameters) -> None:
        """Fill the fields with `value`."""
        if value == self.value:
            return
        self.system.setPlainText(value.system)
        self.json.setChecked(value.is_json)
        for name, field in self.fields.items():
            number = getattr(value, name)
            field.setText("" if number is None else f"{number:.10g}")

    def reset(self) -> None:
        """Leave everything to the model."""
        self.system.clear()
        self.json.setChecked(False)
        for field in self.fields.values():
            field.clear()

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(12)
        grid.setColumnStretch(0, 1)
        for row, (name, label, _, _, _, meaning) in enumerate(FIELDS):
            grid.addLayout(_named(label, meaning), row, 0)
            self.fields[name].setFixedWidth(FIELD_PX)
            grid.addWidget(self.fields[name], row, 1)
        grid.addLayout(_named("JSON", "the answer is one JSON object"), len(FIELDS), 0)
        switch = QHBoxLayout()
        switch.addStretch(1)
        switch.addWidget(self.json)
        grid.addLayout(switch, len(FIELDS), 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(QLabel("System prompt"))
        column.addWidget(self.system)
        column.addSpacing(8)
        column.addLayout(grid)
        column.addSpacing(8)
        column.addWidget(self.reset_button)
        column.addStretch(1)


def _named(label: str, meaning: str) -> QVBoxLayout:
    note = QLabel(meaning)
    note.setProperty("r", "mute")
    column = QVBoxLayout()
    column.setSpacing(0)
    column.addWidget(QLabel(label))
    column.addWidget(note)
    return column
