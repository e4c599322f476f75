"""The form of one entry of the catalogue."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton

from app.ui.widgets.card import Card
from app.ui.widgets.form_grid import (
    NUMBER_PX,
    FormGrid,
    line,
    mark,
    number_in,
    show_line,
    show_number,
)
from app.ui.widgets.picks import Picks
from app.ui.widgets.scroll_page import ScrollPage
from engine.router.snapshot import CAPABILITIES, ModelEntry

PERCENT = 100.0


class ModelsEntryForm(ScrollPage):
    """Emits `saved(ModelEntry)` for values that can be; `closed` when the user wants back."""

    saved = Signal(object)
    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.heading = QLabel()
        self.heading.setProperty("r", "h2")
        self.name = line("qwen3:8b*, where * stands for anything")
        self.label = line("Qwen3 8B")
        self.can = Picks("Can do", CAPABILITIES, columns=3)
        self.licence = line("Apache 2.0")
        self.source = line("MMLU, the maker's model card")
        self.numbers: dict[str, QLineEdit] = {
            name: line(hint, width_px=NUMBER_PX)
            for name, hint in (
                ("context_tokens", "32768"),
                ("parameters_b", "8"),
                ("size_gib", "5"),
                ("input_usd", "0.15"),
                ("output_usd", "0.60"),
                ("quality", "72"),
            )
        }
        self.wrong = QLabel()
        self.wrong.setProperty("r", "bad")
        self.back_button = QPushButton("Cancel")
        self.back_button.setToolTip("Back without saving (Esc)")
        self.save_button = QPushButton("Save")
        self.save_button.setProperty("primary", True)
        self.save_button.setToolTip("Let the router know this from now on")
        self._lay_out()
        self.back_button.clicked.connect(self.closed)
        self.save_button.clicked.connect(self._save)
        self.show_entry(None)

    def show_entry(self, entry: ModelEntry | None) -> None:
        """Begin with `entry`; None begins with an empty form."""
        self.heading.setText("Add an entry" if entry is None else f"Change {entry.name}")
        entry = entry or ModelEntry("", capabilities=("chat",))
        show_line(self.name, entry.name)
        show_line(self.label, entry.label)
        self.can.show_taken(entry.capabilities)
        show_line(self.licence, entry.licence)
        show_line(self.source, entry.quality_source)
        for name, field in self.numbers.items():
            value = getattr(entry, name)
            is_quality = name == "quality" and value is not None
            show_number(field, value * PERCENT if is_quality else value)
            mark(field, False)
        mark(self.name, False)
        self.wrong.hide()
        self.verticalScrollBar().setValue(0)

    def _save(self) -> None:
        found: dict[str, float | None] = {}
        wrong = "" if self.name.text().strip() else "The name is missing"
        mark(self.name, bool(wrong))
        for name, field in self.numbers.items():
            try:
                value = number_in(field)
                is_good = value is None or 0 <= value <= (PERCENT if name == "quality" else 1e12)
            except ValueError:
                value, is_good = None, False
            mark(field, not is_good)
            if not is_good:
                limits = "0 to 100" if name == "quality" else "0 or more"
                wrong = f"{field.accessibleName()}: a number, {limits}, or nothing"
            found[name] = value
        self.wrong.setText(wrong)
        self.wrong.setVisible(bool(wrong))
        if not wrong:
            self.saved.emit(self._entry(found))

    def _entry(self, numbers: dict[str, float | None]) -> ModelEntry:
        context, quality = numbers["context_tokens"], numbers["quality"]
        return ModelEntry(
            name=self.name.text().strip(),
            label=self.label.text().strip(),
            capabilities=self.can.taken,
            context_tokens=None if context is None else int(context),
            parameters_b=numbers["parameters_b"],
            size_gib=numbers["size_gib"],
            licence=self.licence.text().strip(),
            input_usd=numbers["input_usd"],
            output_usd=numbers["output_usd"],
            quality=None if quality is None else quality / PERCENT,
            quality_source=self.source.text().strip(),
        )

    def _lay_out(self) -> None:
        form, numbers = FormGrid(), self.numbers
        form.add("Name", "As servers call it; * for anything", self.name)
        form.add("Label", "What people call it", self.label)
        form.add("Can do", "What the router may ask of it", self.can)
        form.add("Context", "Tokens it can look at", numbers["context_tokens"])
        form.add("Weights", "In billions", numbers["parameters_b"])
        form.add("File", "GiB, of the usual 4-bit one", numbers["size_gib"])
        form.add("Price of a prompt", "USD for a million tokens", numbers["input_usd"])
        form.add("Price of an answer", "USD for a million tokens", numbers["output_usd"])
        form.add("Quality", "0 to 100; empty: not measured", numbers["quality"])
        form.add("Source of the quality", "Who measured it, and how", self.source)
        form.add("Licence", "Of the weights", self.licence)
        form.add_wide(self.wrong)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(self.back_button)
        buttons.addWidget(self.save_button)
        card = Card("What is known of the model")
        card.body.setSpacing(16)
        card.body.addWidget(form)
        card.body.addLayout(buttons)
        self.column.setSpacing(12)
        self.column.addWidget(self.heading)
        self.column.addWidget(card)
        self.column.addStretch(1)
