"""The form in which a server is added or changed; it asks the address while typing rests."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QPushButton

from app.theme import Theme
from app.ui.models_presets import Preset, is_own_machine, sends_key_openly
from app.ui.models_server_fields import PresetCard, ServerFields
from app.ui.models_server_values import endpoint_of, with_login
from app.ui.panel import SPACING_PX
from app.ui.widgets.card import Card
from app.ui.widgets.scroll_page import ScrollPage
from engine.coordinator.settings import Endpoint, EndpointKind
from engine.coordinator.snapshot import FoundServer

NARROW_PX = 800
TYPING_PAUSE_MS = 700
WEB = ("http://", "https://")
OPENLY = "This address is not encrypted: the key could be read on its way. Use https:// instead."


class ModelsServerForm(ScrollPage):
    """Emits `saved(Endpoint, key)` for values that can be; key: None keeps the one there is.

    probe_wanted(url, key): answered by `show_found`. closed: the user wants back.
    """

    saved = Signal(object, object)
    probe_wanted = Signal(str, str)
    closed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._before: Endpoint | None = None
        self._taken: frozenset[str] = frozenset()
        self._asked: tuple[str, str] | None = None
        self._found: FoundServer | None = None
        self._chosen: set[str] = set()
        """Fields that the user has filled in: what is found does not change them."""
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(TYPING_PAUSE_MS)
        self.heading = QLabel()
        self.heading.setProperty("r", "h2")
        self.fields = ServerFields(theme)
        self.presets = PresetCard()
        self.back_button = QPushButton("Cancel")
        self.back_button.setToolTip("Back without saving (Esc)")
        self.save_button = QPushButton("Save")
        self.save_button.setProperty("primary", True)
        self.save_button.setToolTip("Use this server from now on")
        self._lay_out()
        self._connect()
        self.show_new(())

    def show_new(self, taken: tuple[str, ...]) -> None:
        """Begin with an empty form; `taken` are the names of the servers there are."""
        self._begin(None, taken)
        self.fields.fill(Endpoint("", EndpointKind.OPENAI, ""))
        self.heading.setText("Add a server")
        self.fields.key.setPlaceholderText("Only where the server asks for one")
        self.fields.url.setFocus()

    def show_server(self, endpoint: Endpoint, has_key: bool, taken: tuple[str, ...]) -> None:
        """Begin with `endpoint`, which is known already."""
        self._begin(endpoint, tuple(name for name in taken if name != endpoint.name))
        self.fields.fill(endpoint)
        self._chosen = {"name", "kind", "local"}
        self.heading.setText(f"Change {endpoint.name}")
        kept = "Empty keeps the key in the keyring" if has_key else "It has no key"
        self.fields.key.setPlaceholderText(kept)
        self.fields.forget_button.setVisible(has_key)

    def show_found(self, url: str, found: FoundServer) -> None:
        """Tell what was found at `url`, unless another address stands there meanwhile."""
        fields = self.fields
        if url != fields.url.text().strip():
            return
        self._found = found
        fields.found.show_found(found)
        if not found.ok:
            return
        if found.kind and "kind" not in self._chosen:
            fields.kind.show_value(found.kind)
        if "name" not in self._chosen and not fields.name.text():
            fields.name.setText(self._free_name(_plain_product(found.product) or found.kind))

    def use_preset(self, preset: Preset) -> None:
        """Fill in what is known of `preset`, and ask who is there."""
        fields = self.fields
        self._chosen.clear()
        self._found = None
        fields.url.setText(preset.url)
        fields.kind.show_value(preset.kind.value)
        fields.name.setText(self._free_name(preset.title))
        fields.local.setChecked(preset.is_local)
        page = f"From {preset.key_page}" if preset.needs_key else "None is needed"
        fields.key.setPlaceholderText(page)
        (fields.key if preset.needs_key else fields.url).setFocus()
        self._look()

    def look_again(self) -> None:
        """Ask who is at the address that stands there, also where that was asked before."""
        self._asked = None
        self._look()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the cards under each other where they would be too narrow."""
        super().resizeEvent(event)
        is_narrow = self.width() < NARROW_PX
        # Beside the form it is as high as its own buttons; above it, as wide as the form.
        side = Qt.AlignmentFlag(0) if is_narrow else Qt.AlignmentFlag.AlignTop
        self._cards.setAlignment(self.presets, side)
        way = QBoxLayout.Direction.BottomToTop if is_narrow else QBoxLayout.Direction.LeftToRight
        self._cards.setDirection(way)
        self.presets.show_narrow(is_narrow)

    def _begin(self, before: Endpoint | None, taken: tuple[str, ...]) -> None:
        self._before, self._taken = before, frozenset(taken)
        self._asked = self._found = None
        self._chosen.clear()
        self._pause.stop()
        self.fields.found.show_found(None)
        self.fields.forget_button.hide()
        self.fields.name.setEnabled(before is None)
        self.fields.key.clear()
        self.presets.setVisible(before is None)
        self.verticalScrollBar().setValue(0)

    def _save(self) -> None:
        if not self.fields.check(self._taken):
            return
        typed, found, kept = self.fields.typed(), self._found, self._before
        if found is not None and found.ok and found.url:
            typed = replace(typed, url=with_login(found.url, typed.url))
        endpoint = endpoint_of(typed)
        if kept is not None:
            endpoint = replace(
                endpoint,
                is_enabled=kept.is_enabled,
                most_in_flight=kept.most_in_flight,
                may_hedge=kept.may_hedge,
            )
        key = self.fields.key.text().strip()
        self.fields.key.clear()
        self.saved.emit(endpoint, key or None)

    def _forget_key(self) -> None:
        if self._before is not None:
            self.fields.key.clear()
            self.saved.emit(self._before, "")

    def _type_address(self) -> None:
        self._found = None
        self.fields.found.show_found(None)
        self._pause.start()
        if "local" not in self._chosen:
            self.fields.local.setChecked(is_own_machine(self.fields.url.text().strip()))

    def _rest(self) -> None:
        # Half an address may be somebody else's: the key goes only to one that is complete.
        self._ask("" if self.fields.url.hasFocus() else self.fields.key.text().strip())

    def _look(self) -> None:
        self._ask(self.fields.key.text().strip())

    def _ask(self, key: str) -> None:
        self._pause.stop()
        fields, url = self.fields, self.fields.url.text().strip()
        if not any(url.startswith(each) and url != each for each in WEB):
            fields.found.show_found(None)
        elif key and sends_key_openly(url):
            fields.found.show_note(OPENLY)
        elif self._asked != (url, key):
            self._asked, self._found = (url, key), None
            fields.found.show_looking()
            self.probe_wanted.emit(url, key)

    def _free_name(self, name: str) -> str:
        wanted, number = name, 2
        while wanted in self._taken:
            wanted, number = f"{name} {number}", number + 1
        return wanted

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(self.back_button)
        buttons.addWidget(self.save_button)
        card = Card("Connection")
        card.body.setSpacing(16)
        card.body.addWidget(self.fields)
        card.body.addLayout(buttons)
        card.body.addStretch(1)
        self._cards = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._cards.setSpacing(SPACING_PX)
        self._cards.addWidget(card, 3)
        self._cards.addWidget(self.presets, 2)
        self.column.setSpacing(12)
        self.column.addWidget(self.heading)
        self.column.addLayout(self._cards)
        self.column.addStretch(1)

    def _connect(self) -> None:
        fields = self.fields
        self.presets.chosen.connect(self.use_preset)
        self.back_button.clicked.connect(self.closed)
        self.save_button.clicked.connect(self._save)
        fields.test_button.clicked.connect(self.look_again)
        fields.forget_button.clicked.connect(self._forget_key)
        self._pause.timeout.connect(self._rest)
        fields.url.textEdited.connect(self._type_address)
        fields.url.editingFinished.connect(self._look)
        fields.key.editingFinished.connect(self._look)
        fields.name.textEdited.connect(lambda: self._chosen.add("name"))
        fields.kind.edited.connect(lambda: self._chosen.add("kind"))
        fields.local.clicked.connect(lambda: self._chosen.add("local"))


def _plain_product(product: str) -> str:
    """Return the product without its version."""
    return " ".join(word for word in product.split() if not word[:1].isdigit())
