"""Where Redis is and how it is reached, as a form that is saved as a whole."""

from __future__ import annotations

import dataclasses
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from app.theme import Theme
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.setting_row import NUMBER_PX
from app.ui.widgets.text_field import TextField
from app.ui.widgets.toggle import Toggle
from engine.cache.settings import CacheSettings
from engine.errors import SettingsError

KEYS = ("url", "username", "max_connections", "enable_compression")
"""What the form changes, in the order in which it is saved."""
ADDRESS = "redis://127.0.0.1:6379/0"


class ConnectionForm(QWidget):
    """Emits what the user wants only for values that can be.

    test_requested(url, username, password): try these, change nothing.
    setting_changed(key, value), password_changed(text): once for each that differs, on Save.
    edited: what is typed is not what was, or is saved or taken back.
    """

    test_requested = Signal(str, str, str)
    setting_changed = Signal(str, object)
    password_changed = Signal(str)
    edited = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._settings = CacheSettings()
        self._is_edited = self._is_testing = False
        self.url = _line("Address", f"Such as {ADDRESS}")
        self.username = _line("User", "Empty is the default user")
        self.password = _line("Password", "Empty keeps the one in the keyring")
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.forget_button = _button("Forget", "Remove the password from the keyring")
        self.connections = TextField(theme, int)
        self.connections.setFixedWidth(NUMBER_PX)
        self.connections.setTextMargins(0, 0, 0, 0)
        self.compression = Toggle(theme)
        self.test_button = _button("Test", "Try to connect with what is typed; nothing is saved")
        self.save_button = _button("Save", "Use this connection from now on")
        self.save_button.setProperty("primary", True)
        self.revert_button = _button("Revert", "Go back to the connection in use")
        self._wrong = QLabel()
        self._wrong.setProperty("r", "bad")
        self._wrong.setWordWrap(True)
        self._wrong.hide()
        self._lay_out()
        self._connect()
        self._fill()

    @property
    def problem(self) -> str:
        """What is wrong with what was typed; empty where nothing is."""
        return "" if self._wrong.isHidden() else self._wrong.text()

    def show_settings(self, settings: CacheSettings) -> None:
        """Show the connection in use, unless the user is changing it."""
        self._settings = settings
        if not self._is_edited:
            self._fill()

    def use_address(self, url: str) -> None:
        """Put `url` into the field for the address, ready to be changed."""
        self.url.setText(url)
        self.url.setFocus()
        self._edit()

    def show_testing(self, is_testing: bool) -> None:
        """Say that a test is under way, or that it is over."""
        # It stays enabled: else the keyboard would go on to the button that takes all back.
        self._is_testing = is_testing
        self.test_button.setText("Testing…" if is_testing else "Test")

    def _typed(self) -> CacheSettings | None:
        """Return the settings as typed; None, and say why, where they cannot be."""
        try:
            typed = dataclasses.replace(self._settings, **self._values())
        except SettingsError as error:
            self._show_wrong(str(error))
            return None
        self._show_wrong("")
        return typed

    def _show_wrong(self, message: str) -> None:
        """Mark the field that `message` names and say what is wrong; nothing is where it is ""."""
        name = ""
        for key, field in zip(KEYS, (self.url, self.username, self.connections), strict=False):
            is_wrong = key in message.partition(": ")[0]
            name = f"{field.accessibleName()}: " if is_wrong else name
            field.setProperty("invalid", is_wrong)
            field.style().unpolish(field)
            field.style().polish(field)
        self._wrong.setText(name + _what_is_wrong(message))
        self._wrong.setVisible(bool(message))

    def _values(self) -> dict[str, Any]:
        return {
            "url": self.url.text().strip(),
            "username": self.username.text().strip(),
            "max_connections": self.connections.value,
            "enable_compression": self.compression.isChecked(),
        }

    def _fill(self) -> None:
        self._is_edited = False
        settings = self._settings
        self.url.setText(settings.url)
        self.username.setText(settings.username)
        self.password.clear()
        self.connections.setModified(False)
        self.connections.show_value(settings.max_connections)
        self.compression.setChecked(settings.enable_compression)
        self._show_wrong("")
        self._show_buttons()

    def _edit(self) -> None:
        settings = self._settings
        now = {key: getattr(settings, key) for key in KEYS}
        self._is_edited = self._values() != now or bool(self.password.text())
        self._show_wrong("")
        self._show_buttons()
        self.edited.emit()

    def _show_buttons(self) -> None:
        if not self._is_edited and (self.save_button.hasFocus() or self.revert_button.hasFocus()):
            # Else the keyboard would go on to a button that begins with another address.
            self.url.setFocus()
        self.save_button.setEnabled(self._is_edited)
        self.revert_button.setEnabled(self._is_edited)
        self.test_button.setEnabled(bool(self.url.text().strip()))

    def _test(self) -> None:
        typed = None if self._is_testing else self._typed()
        if typed is not None and typed.url:
            self.show_testing(True)
            self.test_requested.emit(typed.url, typed.username, self.password.text())

    def _save(self) -> None:
        typed = self._typed()
        if typed is None:
            return
        before, password = self._settings, self.password.text()
        self._settings = typed
        self._fill()
        self.edited.emit()
        # The password first: the address is connected to as soon as it changes.
        if password:
            self.password_changed.emit(password)
        for key in reversed(KEYS):
            if getattr(typed, key) != getattr(before, key):
                self.setting_changed.emit(f"cache.{key}", getattr(typed, key))

    def _forget(self) -> None:
        self.password.clear()
        self.password_changed.emit("")
        self._edit()

    def _connect(self) -> None:
        for field in (self.url, self.username, self.password, self.connections):
            field.textEdited.connect(self._edit)
            field.returnPressed.connect(self._save_if_edited)
        self.connections.edited.connect(self._edit)
        self.connections.cancelled.connect(self._fill)
        self.compression.clicked.connect(self._edit)
        self.test_button.clicked.connect(self._test)
        self.save_button.clicked.connect(self._save)
        self.revert_button.clicked.connect(self._fill)
        self.revert_button.clicked.connect(self.edited)
        self.forget_button.clicked.connect(self._forget)

    def _save_if_edited(self) -> None:
        if self._is_edited:
            self._save()

    def _lay_out(self) -> None:
        self.connections.setAccessibleName("Connections")
        self.compression.setAccessibleName("Compression")
        self.compression.setToolTip("Compress what goes to Redis")
        rows: tuple[tuple[str, str, tuple[QWidget, ...]], ...] = (
            ("Address", "Empty: in this application only", (self.url,)),
            ("User", "Where Redis has users (ACL)", (self.username,)),
            ("Password", "Kept in the keyring", (self.password, self.forget_button)),
            ("Connections", "To one server, at most (2 to 1,000)", (self.connections,)),
            ("Compression", "Smaller values, less memory in Redis", (self.compression,)),
        )
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 8, 0, 0)
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(16)
        grid.setColumnStretch(0, 2)
        grid.setColumnStretch(1, 3)
        for number, (name, help_text, fields) in enumerate(rows):
            grid.addWidget(_words(name, help_text), number, 0)
            grid.addLayout(_beside(fields), number, 1)
        grid.addWidget(self._wrong, len(rows), 0, 1, 2)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.test_button)
        buttons.addStretch(1)
        buttons.addWidget(self.revert_button)
        buttons.addWidget(self.save_button)
        grid.addLayout(buttons, len(rows) + 1, 0, 1, 2)


def _line(name: str, hint: str) -> QLineEdit:
    field = QLineEdit()
    field.setPlaceholderText(hint)
    field.setAccessibleName(name)
    return field


def _button(text: str, tooltip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tooltip)
    return button


def _words(name: str, help_text: str) -> QWidget:
    box = QWidget()
    grid = QGridLayout(box)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setVerticalSpacing(2)
    meaning = ElidedLabel("mute")
    meaning.show_text(help_text)
    grid.addWidget(QLabel(name), 0, 0)
    grid.addWidget(meaning, 1, 0)
    return box


def _beside(fields: tuple[QWidget, ...]) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(8)
    if len(fields) == 1 and not isinstance(fields[0], QLineEdit):
        row.addStretch(1)
    if isinstance(fields[0], TextField):
        row.addStretch(1)
    for field in fields:
        row.addWidget(field)
    return row


def _what_is_wrong(message: str) -> str:
    """Return `message` without the name and the value of a setting, which stand in the form."""
    head, _, rest = message.partition(": ")
    return rest if " is " in head or " = " in head else message
