"""The user's own parameters and the limits between numbers, as they stand in the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.panel import SPACING_PX
from app.ui.parameters_limit_form import LimitForm
from app.ui.parameters_own_form import OwnParameterForm
from app.ui.parameters_own_list import OwnList, OwnTexts
from app.ui.parameters_own_values import (
    CONSTRAINT,
    PARAMETER,
    READ,
    Entries,
    constraint_words,
    engine_problems,
    needed_by,
    numbers_for,
    parameter_words,
    parents_for,
    told_at,
)
from engine.analytics.own_parameters import constraint_entry, entry_of
from engine.analytics.settings import RangeSettings

PARAMETERS = OwnTexts(
    "Your own parameters",
    "The search chooses these as well; requests carry them by their names",
    "Add parameter",
    "None yet. Whatever your servers know can be described: min_p, reasoning_effort, top_k.",
)
LIMITS = OwnTexts(
    "Limits between numbers",
    "Sums that the search keeps",
    "Add limit",
    "None yet. One may say, for instance, that temperature + 2 min_p is at most 1.5.",
)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What was asked for, until the settings say so."""

    key: str
    entries: Entries
    before: Entries
    gone: str
    """What is no longer there; "" where something was added or changed."""


class ParametersOwn(QWidget):
    """Two lists with their forms.

    setting_changed(key, entries): what the user wants; the next settings answer, or `show_failure`.
    removed(text, key, entries): something is gone; with these entries under `key` it comes back.
    """

    setting_changed = Signal(str, object)
    removed = Signal(str, str, object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._ranges = RangeSettings()
        self._wish: _Wish | None = None
        self.parameters = OwnList(theme, PARAMETERS, OwnParameterForm(theme))
        self.limits = OwnList(theme, LIMITS, LimitForm())
        self.lists: Mapping[str, OwnList] = MappingProxyType(
            {PARAMETER: self.parameters, CONSTRAINT: self.limits}
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING_PX)
        for key, each in self.lists.items():
            column.addWidget(each)
            each.saved.connect(lambda place, entry, key=key: self._save(key, place, entry))
            each.removed.connect(lambda place, key=key: self._remove(key, place))
        self.parameters.begun.connect(self._begin_parameter)
        self.limits.begun.connect(self._begin_limit)
        self.show_ranges(RangeSettings())

    def show_ranges(self, ranges: RangeSettings) -> None:
        """List what `ranges` holds; the form closes where it says what was asked for."""
        if ranges != self._ranges:
            for each in self.lists.values():
                each.show_wrong("")
        self._ranges = ranges
        self.parameters.show_entries(
            [(each.parameter.name, parameter_words(each)) for each in ranges.parameter]
        )
        self.limits.show_entries([(constraint_words(each), "") for each in ranges.constraint])
        wish = self._wish
        if wish is None or READ[wish.key](wish.key, wish.entries) != _held(ranges, wish.key):
            return
        self._wish = None
        if wish.gone:
            self.removed.emit(f"{wish.gone} was removed", wish.key, wish.before)
        else:
            self.lists[wish.key].close_form()

    def show_failure(self, key: str, text: str) -> bool:
        """Say why `key` could not be changed; tell whether it is here."""
        if key not in self.lists:
            return False
        self._wish = None
        self.lists[key].show_problems(told_at(text))
        return True

    def _begin_parameter(self, place: int) -> None:
        own = self._ranges.parameter
        at = len(own) if place < 0 else place
        taken = {each.parameter.name for number, each in enumerate(own) if number != place}
        form = self.parameters.form
        assert isinstance(form, OwnParameterForm)
        form.begin(own[place] if place >= 0 else None, taken, parents_for(self._ranges, at))

    def _begin_limit(self, place: int) -> None:
        form = self.limits.form
        assert isinstance(form, LimitForm)
        known = self._ranges.constraint
        form.begin(known[place] if place >= 0 else None, numbers_for(self._ranges))

    def _save(self, key: str, place: int, entry: dict[str, Any]) -> None:
        entries = _entries(self._ranges, key)
        if place < 0:
            entries.append(entry)
        else:
            before, entries[place] = entries[place], entry
            if before.get("name") != entry.get("name"):
                needed = needed_by(self._ranges, str(before["name"]))
                if needed:
                    self.lists[key].show_problems({"name": needed})
                    return
        self._ask(key, entries, "")

    def _remove(self, key: str, place: int) -> None:
        entries = _entries(self._ranges, key)
        gone = entries.pop(place)
        if key == CONSTRAINT:
            self._ask(key, entries, constraint_words(self._ranges.constraint[place]))
        elif needed := needed_by(self._ranges, gone["name"]):
            self.lists[key].show_problems({"": needed})
        else:
            self._ask(key, entries, gone["name"])

    def _ask(self, key: str, entries: Entries, gone: str) -> None:
        """Ask for `entries`, unless the engine would refuse them."""
        problems = engine_problems(self._ranges, key, entries)
        if problems:
            self.lists[key].show_problems(problems)
            return
        self._wish = _Wish(key, entries, _entries(self._ranges, key), gone)
        self.setting_changed.emit(key, entries)


def _entries(ranges: RangeSettings, key: str) -> Entries:
    if key == PARAMETER:
        return [entry_of(each) for each in ranges.parameter]
    return [constraint_entry(each) for each in ranges.constraint]


def _held(ranges: RangeSettings, key: str) -> object:
    return ranges.parameter if key == PARAMETER else ranges.constraint
