"""The address that clients use and the file with its key, above the settings of both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.state_chip import StateChip


@dataclass(frozen=True, slots=True)
class ClientAddress:
    """Where clients reach the application."""

    url: str = ""
    """"" where it is not open."""
    key_file: Path | None = None
    reason: str = ""
    """Why it is not open, or not where it should be."""


class AddressRow(QWidget):
    """A value with buttons beside it that copy it."""

    def __init__(self, label: str) -> None:
        super().__init__()
        self.value = ElidedLabel("mute")
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(QLabel(label))
        words.addWidget(self.value)
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(8)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 8, 0, 8)
        row.setSpacing(16)
        row.addLayout(words, 1)
        row.addLayout(self.buttons)


class SettingsAddress(QWidget):
    """Drawn from a ClientAddress; `key_wanted` when the key itself is to be copied."""

    key_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._address: ClientAddress | None = None
        self.state = StateChip(theme)
        self.url = AddressRow("Address")
        self.key = AddressRow("Key")
        self.copy_url = _button("Copy", "Copy the address")
        self.copy_path = _button("Copy path", "Copy where the file with the key lies")
        self.copy_key = _button("Copy key", "Copy the key itself, to paste it into a client")
        self.url.buttons.addWidget(self.state)
        self.url.buttons.addWidget(self.copy_url)
        self.key.buttons.addWidget(self.copy_path)
        self.key.buttons.addWidget(self.copy_key)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.url)
        line = QFrame()
        line.setProperty("separator", True)
        column.addWidget(line)
        column.addWidget(self.key)
        self.copy_url.clicked.connect(lambda: _copy(self._shown.url))
        self.copy_path.clicked.connect(lambda: _copy(str(self._shown.key_file or "")))
        self.copy_key.clicked.connect(self.key_wanted)
        self.show_address(ClientAddress())

    def show_address(self, address: ClientAddress) -> None:
        """Draw `address`."""
        if address == self._address:
            return
        self._address = address
        look = ("Open", "ok") if address.url else ("Not open", "mute")
        token = "warn" if address.reason else look[1]
        self.state.show_state(look[0], token, address.reason)
        self.url.value.show_text(address.url or address.reason or "Switch it on below")
        if address.url and address.reason:
            self.url.value.show_text(f"{address.url}  ({address.reason})")
        self.key.value.show_text(str(address.key_file or "Made when the address first opens"))
        self.copy_url.setEnabled(bool(address.url))
        for button in (self.copy_path, self.copy_key):
            button.setEnabled(address.key_file is not None)

    @property
    def _shown(self) -> ClientAddress:
        return self._address or ClientAddress()


def _button(text: str, tooltip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tooltip)
    return button


def _copy(text: str) -> None:
    QGuiApplication.clipboard().setText(text)
