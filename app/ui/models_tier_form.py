"""The form of one tier: whom it prefers, what it asks for, and where it goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.widgets.choice_field import ChoiceField
from app.ui.widgets.form_grid import (
    NUMBER_PX,
    FormGrid,
    line,
    mark,
    number_in,
    show_line,
    show_number,
)
from app.ui.widgets.icon_button import IconButton
from app.ui.widgets.picks import Picks
from app.ui.widgets.preference_list import PreferenceList, Preview
from app.ui.widgets.scroll_page import ScrollPage
from app.ui.widgets.toggle import Toggle
from engine.router.snapshot import CAPABILITIES, Tier

USUAL = "usual"
NUMBERS = (
    ("least_context_tokens", "Context, at least", "Tokens a model can look at", "any"),
    ("most_input_usd", "Price, at most", "USD for a million tokens", "any"),
    ("least_parameters_b", "Weights, at least", "In billions", "any"),
    ("most_parameters_b", "Weights, at most", "In billions", "any"),
    ("quality_weight", "Quality counts", "0 to 10; empty: as in Settings", USUAL),
    ("speed_weight", "Speed counts", "0 to 10; empty: as in Settings", USUAL),
    ("price_weight", "Price counts", "0 to 10; empty: as in Settings", USUAL),
)


class ModelsTierForm(QWidget):
    """Emits `saved(Tier)` for values that can be, `removed(name)`, and `edited`."""

    saved = Signal(object)
    removed = Signal(str)
    edited = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._tier: Tier | None = None
        self.is_edited = False
        self.name = line("my-tier: what a client writes as its model")
        self.label = line("My tier")
        self.description = line("What it is for")
        self.preferences = PreferenceList(theme)
        self.requires = Picks("Must be able to", CAPABILITIES, columns=3)
        self.local = Toggle(theme)
        self.next = ChoiceField()
        self.numbers: dict[str, QLineEdit] = {
            key: line(hint, width_px=NUMBER_PX) for key, _, _, hint in NUMBERS
        }
        self.wrong = QLabel()
        self.wrong.setProperty("r", "bad")
        self.wrong.setWordWrap(True)
        self.remove_button = IconButton(theme, "delete", "Remove your tier, or your changes to it")
        self.revert_button = QPushButton("Revert")
        self.revert_button.setToolTip("Go back to the tier as it is")
        self.save_button = QPushButton("Save")
        self.save_button.setProperty("primary", True)
        self.save_button.setToolTip("Choose by this tier from now on")
        self._lay_out()
        self._connect()

    def show_tier(self, tier: Tier, others: Sequence[tuple[str, str]]) -> None:
        """Show `tier`; others: (name, label) of tiers it can go on to."""
        self._tier = tier
        is_new = not tier.name
        show_line(self.name, tier.name)
        self._form.show_row(self.name, is_new)
        show_line(self.label, tier.label)
        show_line(self.description, tier.description)
        self.preferences.show_patterns(tier.models)
        self.requires.show_taken(tier.requires)
        self.local.setChecked(tier.local_only)
        self.next.show_choices([("", "Nowhere"), *others])
        self.next.show_value(tier.next_tier)
        for key, field in self.numbers.items():
            show_number(field, getattr(tier, key) or None)
            mark(field, False)
        mark(self.name, False)
        self.remove_button.setVisible(tier.is_users)
        self.wrong.hide()
        self._show_edited(is_new)

    def show_preview(self, preview: Preview) -> None:
        """Tell beside each pattern which models it means now."""
        self.preferences.show_preview(preview)

    def show_others(self, others: Sequence[tuple[str, str]]) -> None:
        """Offer `others` to go on to."""
        self.next.show_choices([("", "Nowhere"), *others])

    def _save(self) -> None:
        numbers, wrong = self._numbers()
        name = self.name.text().strip()
        mark(self.name, not name)
        wrong = wrong if name else "Name: what a client writes as its model"
        self.wrong.setText(wrong)
        self.wrong.setVisible(bool(wrong))
        if wrong or self._tier is None:
            return
        context = numbers.pop("least_context_tokens")
        tier = replace(
            self._tier,
            name=name,
            label=self.label.text().strip(),
            description=self.description.text().strip(),
            models=self.preferences.patterns,
            requires=self.requires.taken,
            local_only=self.local.isChecked(),
            next_tier=str(self.next.currentData() or ""),
            least_context_tokens=int(context or 0),
            **numbers,
        )
        self._show_edited(False)
        self.saved.emit(tier)

    def _numbers(self) -> tuple[dict[str, Any], str]:
        """Return what is typed, and what is wrong with it; "" for nothing."""
        found: dict[str, Any] = {}
        wrong = ""
        for key, field in self.numbers.items():
            most = 10.0 if key.endswith("_weight") else 1e12
            try:
                value = number_in(field)
                is_good = value is None or 0 <= value <= most
            except ValueError:
                value, is_good = None, False
            mark(field, not is_good)
            if not is_good:
                limits = "0 to 10" if most == 10.0 else "0 or more"
                wrong = f"{field.accessibleName()}: a number, {limits}, or nothing"
            found[key] = value
        return found, wrong

    def _edit(self) -> None:
        self._show_edited(True)
        self.edited.emit()

    def _show_edited(self, is_edited: bool) -> None:
        self.is_edited = is_edited
        self.save_button.setEnabled(is_edited)
        self.revert_button.setEnabled(is_edited and bool(self._tier and self._tier.name))

    def _revert(self) -> None:
        if self._tier is not None:
            others = [
                (str(self.next.itemData(at)), self.next.itemText(at))
                for at in range(1, self.next.count())
            ]
            self.show_tier(self._tier, others)
            self.edited.emit()

    def _remove(self) -> None:
        if self._tier is not None:
            self.removed.emit(self._tier.name)

    def _connect(self) -> None:
        for field in (self.name, self.label, self.description, *self.numbers.values()):
            field.textEdited.connect(lambda _: self._edit())
        self.preferences.changed.connect(self._edit)
        self.requires.changed.connect(self._edit)
        self.local.clicked.connect(lambda _: self._edit())
        self.next.edited.connect(lambda _: self._edit())
        self.save_button.clicked.connect(self._save)
        self.revert_button.clicked.connect(self._revert)
        self.remove_button.clicked.connect(self._remove)

    def _lay_out(self) -> None:
        self._form = form = FormGrid()
        form.add("Name", "Unlike any other", self.name)
        form.add("Label", "What people call it", self.label)
        form.add("Description", "What it is for", self.description)
        heading = QLabel("Preferred models, the first most")
        heading.setProperty("r", "cap")
        form.add_wide(heading)
        form.add_wide(self.preferences)
        limits = QLabel("Limits")
        limits.setProperty("r", "cap")
        form.add_wide(limits)
        form.add("Must be able to", "Others are left out", self.requires)
        form.add("Own machines only", "No prompt leaves them", self.local)
        for key, name, meaning, _ in NUMBERS:
            form.add(name, meaning, self.numbers[key])
        form.add("Goes on with", "Where no model of it can answer", self.next)
        page = ScrollPage()
        page.column.addWidget(form)
        page.column.addStretch(1)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.wrong, 1)
        buttons.addStretch(1)
        for button in (self.remove_button, self.revert_button, self.save_button):
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(page, 1)
        column.addLayout(buttons)
