"""The address that clients use, with all that is needed to connect one."""

from __future__ import annotations

from PySide6.QtGui import QFont, QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.models_texts import GATEWAY_STATES, curl_text, path_text, rate_of
from app.ui.widgets.copy_button import CopyButton
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.state_chip import StateChip
from engine.gateway.snapshot import GatewaySnapshot, GatewayState

CODE_PX = 13


class CopyField(QWidget):
    """A caption above a value that can be copied."""

    def __init__(self, theme: Theme, caption: str, tooltip: str) -> None:
        super().__init__()
        name = QLabel(caption)
        name.setProperty("r", "mute")
        self.value = ElidedLabel()
        self.value.setFont(_code_font())
        self.button = CopyButton(theme, tooltip)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(name)
        words.addWidget(self.value)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.button)
        row.addLayout(words, 1)

    def show_value(self, shown: str, copied: str) -> None:
        """Show `shown`; the button copies `copied`."""
        self.value.show_text(shown)
        self.button.show_text(copied)


class GatewayStrip(QFrame):
    """State, address, key file and an example of the gateway, in one row."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("card", True)
        self.setAccessibleName("Address for clients")
        self.state = StateChip(theme)
        self.address = CopyField(theme, "Address for OpenAI clients", "Copy the address")
        self.key_file = CopyField(theme, "File with the key", "Copy the path of the key file")
        self.traffic = QLabel()
        self.traffic.setProperty("r", "mute")
        self.curl_button = QPushButton("Copy curl example")
        self.curl_button.setToolTip("Copy a command that asks the default tier to say hello")
        self.curl_button.clicked.connect(self._copy_example)
        self._example = ""
        self._gateway = GatewaySnapshot(taken_s=0.0)
        self._is_narrow = False
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 10, 16, 10)
        row.setSpacing(20)
        row.addWidget(self.state)
        row.addWidget(self.address, 1)
        row.addWidget(self.key_file, 1)
        row.addWidget(self.traffic)
        row.addWidget(self.curl_button)

    def show_gateway(self, gateway: GatewaySnapshot) -> None:
        """Draw `gateway`."""
        text, token = GATEWAY_STATES[gateway.state]
        self.state.show_state(text, token, gateway.reason)
        is_open = gateway.state is GatewayState.OPEN
        self.state.setVisible(not (self._is_narrow and is_open))
        missing = gateway.reason or "Not open: switch it on in Settings, under Address for clients"
        self.address.show_value(gateway.url or missing, gateway.url or "")
        self._gateway = gateway
        self._show_key_file()
        rate = rate_of(gateway.requests_per_s, gateway.taken_s) or 0.0
        self.traffic.setText(f"{rate:,.1f} requests/s")
        self._example = curl_text(gateway)
        self.curl_button.setEnabled(bool(self._example))

    def show_narrow(self, is_narrow: bool) -> None:
        """Leave out what has no room in a narrow page."""
        self._is_narrow = is_narrow
        self.traffic.setVisible(not is_narrow)
        self.state.setVisible(not is_narrow or self._gateway.state is not GatewayState.OPEN)
        self._show_key_file()
        self.curl_button.setText("curl" if is_narrow else "Copy curl example")

    def _show_key_file(self) -> None:
        path = self._gateway.key_file
        shown = "\N{EM DASH}" if path is None else path.name if self._is_narrow else path_text(path)
        self.key_file.show_value(shown, str(path or ""))

    def _copy_example(self) -> None:
        QGuiApplication.clipboard().setText(self._example)


def _code_font() -> QFont:
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPixelSize(CODE_PX)
    return font
