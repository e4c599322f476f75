"""The fields in which a server is described, and the presets they can be filled from."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QPushButton

from app.theme import Theme
from app.ui.models_presets import PRESETS
from app.ui.models_server_values import Typed, header_text, problem_of
from app.ui.widgets.card import Card
from app.ui.widgets.choice_field import ChoiceField
from app.ui.widgets.form_grid import NUMBER_PX, FormGrid, line, mark, show_line
from app.ui.widgets.found_server import FoundServerView
from app.ui.widgets.toggle import Toggle
from engine.coordinator.settings import Endpoint, EndpointKind

KIND_CHOICES = (
    (EndpointKind.OPENAI.value, "OpenAI-compatible"),
    (EndpointKind.OLLAMA.value, "Ollama"),
    (EndpointKind.ANTHROPIC.value, "Anthropic"),
)
COLUMNS, NARROW_COLUMNS = 3, 5


class ServerFields(FormGrid):
    """Address, key, what was found there, and everything that can be chosen about a server."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.url = line("http://host:port/v1")
        self.test_button = QPushButton("Test")
        self.test_button.setToolTip("Ask the address with the key now; nothing is saved")
        self.key = line("")
        self.key.setEchoMode(QLineEdit.EchoMode.Password)
        self.forget_button = QPushButton("Forget")
        self.forget_button.setToolTip("Remove the key from the keyring")
        self.found = FoundServerView(theme)
        self.name = line("What lists and logs call it")
        self.kind = ChoiceField(KIND_CHOICES)
        self.local = Toggle(theme)
        self.weight = line("1", width_px=NUMBER_PX)
        self.slots = line("4", width_px=NUMBER_PX)
        self.models = line("All that it lists")
        self.headers = line("X-Team: research; X-Project: 7")
        self.wrong = QLabel()
        self.wrong.setProperty("r", "bad")
        self.wrong.setWordWrap(True)
        self.wrong.hide()
        self._lay_out()

    def fill(self, endpoint: Endpoint) -> None:
        """Show `endpoint`."""
        show_line(self.url, endpoint.url)
        show_line(self.name, endpoint.name)
        self.kind.show_value(endpoint.kind.value)
        self.weight.setText(f"{endpoint.weight:g}")
        self.slots.setText(str(endpoint.slots))
        self.local.setChecked(endpoint.is_local)
        show_line(self.models, ", ".join(endpoint.models))
        show_line(self.headers, header_text(endpoint.headers))
        self._show_wrong("", "")

    def typed(self) -> Typed:
        """Return what stands in the fields."""
        return Typed(
            url=self.url.text().strip(),
            name=self.name.text(),
            kind=str(self.kind.currentData()),
            weight=self.weight.text(),
            slots=self.slots.text(),
            models=self.models.text(),
            headers=self.headers.text(),
            is_local=self.local.isChecked(),
        )

    def check(self, taken: Collection[str]) -> bool:
        """Mark what cannot be; tell whether all can. taken: names of other servers."""
        key, text = problem_of(self.typed(), taken)
        self._show_wrong(key, text)
        return not text

    def _show_wrong(self, key: str, text: str) -> None:
        for name in ("url", "name", "weight", "slots", "headers"):
            mark(getattr(self, name), name == key)
        self.wrong.setText(text)
        self.wrong.setVisible(bool(text))

    def _lay_out(self) -> None:
        self.add("Address", "Of the server's API", self.url, self.test_button)
        self.add("Key", "Kept in the keyring, never shown", self.key, self.forget_button)
        self.add_wide(self.found)
        self.add("Name", "Unlike that of any other", self.name)
        self.add("Speaks", "Which API", self.kind)
        self.add("On your own machines", "Costs nothing, stays private", self.local)
        self.add("Weight", "Twice gets twice the requests", self.weight)
        self.add("Slots", "Requests it works on at once", self.slots)
        self.add("Only these models", "Names, with commas between", self.models)
        self.add("Headers", "Sent along; values kept are ***", self.headers)
        self.add_wide(self.wrong)


class PresetCard(Card):
    """Buttons for providers and servers; `chosen(Preset)` when the user takes one."""

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__("Begin with")
        self._grid = QGridLayout()
        self._grid.setSpacing(8)
        self.buttons: dict[str, QPushButton] = {}
        for preset in PRESETS:
            button = QPushButton(preset.title)
            button.setStyleSheet("padding: 0 4px;")
            button.setToolTip(f"Begin with {preset.url}")
            button.clicked.connect(lambda _=False, preset=preset: self.chosen.emit(preset))
            self.buttons[preset.title] = button
        words = QLabel(
            "Whatever else speaks OpenAI's, Ollama's or Anthropic's API works by its address."
        )
        words.setProperty("r", "mute")
        words.setWordWrap(True)
        self.body.addLayout(self._grid)
        self.body.addWidget(words)
        self.body.addStretch(1)
        self.show_narrow(False)

    def show_narrow(self, is_narrow: bool) -> None:
        """Put the buttons into as few rows as the form above or beside which they stand allows."""
        columns = NARROW_COLUMNS if is_narrow else COLUMNS
        for number, button in enumerate(self.buttons.values()):
            self._grid.removeWidget(button)
            self._grid.addWidget(button, number // columns, number % columns)
