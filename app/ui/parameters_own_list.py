"""A card that lists entries of the settings, and the form in which one is added or changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.parameters_limit_form import LimitForm
from app.ui.parameters_own_form import OwnParameterForm
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.icon_button import IconButton

Form = OwnParameterForm | LimitForm
Shown = tuple[str, str]
"""What an entry is called, and what it means."""


@dataclass(frozen=True, slots=True)
class OwnTexts:
    """What the card says."""

    title: str
    about: str
    add: str
    """On the button."""
    nothing: str
    """Where there is no entry."""


class OwnList(QFrame):
    """Rows with buttons to change and remove; `form` in place of them while one is edited.

    begun(place): the form is to be filled; -1 for a new entry. saved(place, entry), removed(place):
    what the user wants.
    """

    begun = Signal(int)
    saved = Signal(int, object)
    removed = Signal(int)

    def __init__(self, theme: Theme, texts: OwnTexts, form: Form) -> None:
        super().__init__()
        self._theme, self._texts, self.form = theme, texts, form
        self._shown: tuple[Shown, ...] | None = None
        self._place = -1
        self.setProperty("card", True)
        self.setAccessibleName(texts.title)
        self.rows: list[QWidget] = []
        self.edit_buttons: list[IconButton] = []
        self.remove_buttons: list[IconButton] = []
        self.add_button = _button(texts.add, f"{texts.add}: {texts.about}")
        self.save_button = _button("Save", "Use it from now on")
        self.save_button.setProperty("primary", True)
        self.back_button = _button("Cancel", "Back without saving (Esc)")
        self.heading = ElidedLabel("cap")
        self.wrong = QLabel()
        self.wrong.setTextFormat(Qt.TextFormat.PlainText)
        self.wrong.setProperty("r", "bad")
        self.wrong.setWordWrap(True)
        self._lay_out()
        self.add_button.clicked.connect(lambda: self.begin(-1))
        self.save_button.clicked.connect(self._save)
        self.back_button.clicked.connect(self.close_form)
        form.entered.connect(self._save)
        leave = QShortcut(QKeySequence("Esc"), self)
        leave.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        leave.activated.connect(self.close_form)
        self.close_form()
        self.show_entries(())

    @property
    def is_editing(self) -> bool:
        """Whether the form shows."""
        return not self._editor.isHidden()

    def show_entries(self, shown: Sequence[Shown]) -> None:
        """List entries; nothing happens where they are those that show."""
        if tuple(shown) == self._shown:
            return
        self._shown = tuple(shown)
        had_keyboard = any(each.hasFocus() for each in (*self.edit_buttons, *self.remove_buttons))
        while self._list.count():
            item = self._list.takeAt(0)
            if item is not None and (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        self.rows, self.edit_buttons, self.remove_buttons = [], [], []
        for place, (name, meaning) in enumerate(shown):
            if place:
                self._list.addWidget(_line())
            self._list.addWidget(self._row(place, name, meaning))
        self._nothing.setVisible(not shown)
        if had_keyboard:
            self.add_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def begin(self, place: int) -> None:
        """Show the form for the entry at `place`; -1 for a new one."""
        self._place = place
        shown = self._shown or ()
        self.heading.show_text(self._texts.add if place < 0 else f"Change {shown[place][0]}")
        self.show_wrong("")
        self._entries.hide()
        self.add_button.hide()
        self._editor.show()
        self.begun.emit(place)

    def close_form(self) -> None:
        """Show the list again."""
        had_form = self.is_editing
        self.show_wrong("")
        self._editor.hide()
        self._entries.show()
        self.add_button.show()
        if had_form:
            self.add_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_problems(self, problems: Mapping[str, str]) -> None:
        """Say what is wrong, at the field where there is one, else in the card."""
        at_fields = {name: text for name, text in problems.items() if self.form.knows(name)}
        rest = [text for name, text in problems.items() if name not in at_fields]
        if self.is_editing:
            self.form.show_problems(at_fields)
        else:
            rest = list(problems.values())
        self.show_wrong(". ".join(rest))

    def show_wrong(self, text: str) -> None:
        """Say what is wrong with no field in particular; "" for nothing."""
        self.wrong.setText(text)
        self.wrong.setVisible(bool(text))

    def _save(self) -> None:
        self.show_wrong("")
        entry = self.form.take()
        if entry is not None:
            self.saved.emit(self._place, entry)

    def _row(self, place: int, name: str, meaning: str) -> QWidget:
        title, about = ElidedLabel(), ElidedLabel("mute")
        title.show_text(name)
        about.show_text(meaning)
        edit = IconButton(self._theme, "edit", f"Change {name}")
        remove = IconButton(self._theme, "delete", f"Remove {name}")
        edit.clicked.connect(self._caller(self.begin, place))
        remove.clicked.connect(self._caller(self._remove, place))
        self.edit_buttons.append(edit)
        self.remove_buttons.append(remove)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(title)
        if meaning:
            words.addWidget(about)
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 8, 0, 8)
        row.setSpacing(8)
        row.addLayout(words, 1)
        row.addSpacing(16)
        row.addWidget(edit)
        row.addWidget(remove)
        self.rows.append(box)
        return box

    def _caller(self, call: Callable[[int], None], place: int) -> Callable[[], None]:
        return lambda: call(place)

    def _remove(self, place: int) -> None:
        self.show_wrong("")
        self.removed.emit(place)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 24, 8)
        column.setSpacing(8)
        column.addLayout(self._top())
        self._entries, self._editor = QWidget(), QWidget()
        for part in (self._entries, self.wrong, self._editor):
            column.addWidget(part)
        entries = QVBoxLayout(self._entries)
        entries.setContentsMargins(0, 0, 0, 0)
        self._nothing = QLabel(self._texts.nothing)
        self._nothing.setProperty("r", "mute")
        self._nothing.setWordWrap(True)
        self._nothing.setContentsMargins(0, 8, 0, 8)
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        entries.addWidget(self._nothing)
        entries.addLayout(self._list)
        self._fill_editor(QVBoxLayout(self._editor))

    def _top(self) -> QHBoxLayout:
        heading, about = QLabel(self._texts.title), ElidedLabel("mute")
        heading.setProperty("r", "h2")
        about.show_text(self._texts.about)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(heading)
        words.addWidget(about)
        top = QHBoxLayout()
        top.setSpacing(24)
        top.addLayout(words, 1)
        top.addWidget(self.add_button, 0, Qt.AlignmentFlag.AlignTop)
        return top

    def _fill_editor(self, editor: QVBoxLayout) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(self.back_button)
        buttons.addWidget(self.save_button)
        editor.setSpacing(16)
        editor.setContentsMargins(0, 8, 0, 8)
        editor.addWidget(self.heading)
        editor.addWidget(self.form)
        editor.addLayout(buttons)


def _button(text: str, tooltip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tooltip)
    return button


def _line() -> QFrame:
    line = QFrame()
    line.setProperty("separator", True)
    return line
