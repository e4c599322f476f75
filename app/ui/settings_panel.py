"""The page where settings are changed: each row is built from what the setting says of itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.about_head import AboutHead
from app.ui.about_licences import AboutLicences
from app.ui.about_news import AboutNews
from app.ui.about_values import AboutView
from app.ui.panel import SPACING_PX, Panel
from app.ui.setting_sections import (
    ABOUT,
    ADDRESS,
    APPEARANCE,
    CONTEXT,
    SECTIONS,
    SPEECH_MODELS,
    STORAGE,
    TABS,
    UPDATES,
    Section,
)
from app.ui.setting_specs import field_for, specs_of, value_of
from app.ui.settings_address import ClientAddress, SettingsAddress
from app.ui.settings_notes import SettingsNotes
from app.ui.widgets.choice_field import ChoiceField
from app.ui.widgets.folder_row import FolderRow
from app.ui.widgets.model_row import ModelRow
from app.ui.widgets.scroll_page import ScrollPage
from app.ui.widgets.segmented import Segmented
from app.ui.widgets.setting_row import FIELD_PX, SettingRow, SettingSpec
from app.ui.widgets.tab_strip import TabStrip
from engine.activity import ActivitySettings
from engine.cache.settings import CacheSettings
from engine.coordinator.settings import CoordinatorSettings
from engine.gateway.settings import GatewaySettings
from engine.gpu.settings import ResourceSettings
from engine.router.settings import RouterSettings
from engine.updates.settings import UpdateSettings
from engine.voice.settings import VoiceSettings
from engine.voice.snapshot import Device, ModelView

GROUPS = {
    "voice": VoiceSettings,
    "cache": CacheSettings,
    "gateway": GatewaySettings,
    "coordinator": CoordinatorSettings,
    "router": RouterSettings,
    "activity": ActivitySettings,
    "resources": ResourceSettings,
    "updates": UpdateSettings,
}
THEMES = (("system", "System"), ("light", "Light"), ("dark", "Dark"))


@dataclass(frozen=True, slots=True)
class SettingsSnapshot:
    """Everything the page shows."""

    voice: VoiceSettings
    devices: tuple[Device, ...] = ()
    models: tuple[ModelView, ...] = ()
    theme: str = "system"
    folders: tuple[tuple[str, Path], ...] = ()
    """What lies there, and where."""
    cache: CacheSettings = CacheSettings()
    gateway: GatewaySettings = GatewaySettings()
    coordinator: CoordinatorSettings = CoordinatorSettings()
    router: RouterSettings = RouterSettings()
    activity: ActivitySettings = ActivitySettings()
    resources: ResourceSettings = ResourceSettings()
    updates: UpdateSettings = UpdateSettings()
    tiers: tuple[tuple[str, str], ...] = ()
    """Names of the tiers there are, and what people call them."""
    address: ClientAddress = ClientAddress()
    about: AboutView = AboutView()
    is_ready: bool = False
    """There are notes to ask for."""


def device_choices(devices: Sequence[Device], chosen: str) -> list[tuple[str, str]]:
    """Return (name, text) of every device, the default first and `chosen` even if it is gone."""
    default = next((device.label for device in devices if device.is_default), "none found")
    choices = [("", f"System default ({default})")]
    choices += [(device.name, device.label) for device in devices]
    if chosen not in [name for name, _ in choices]:
        choices.append((chosen, f"{chosen} (not connected)"))
    return choices


def tier_choices(tiers: Sequence[tuple[str, str]], chosen: str) -> list[tuple[str, str]]:
    """Return (name, text) of every tier, and `chosen` even if there is no such tier."""
    missing = [] if chosen in dict(tiers) else [(chosen, chosen)]
    return [*tiers, *missing]


class SettingsPanel(Panel):
    """Every setting, in cards below a few tabs.

    setting_changed(key, value), fetch_model(name), cancel_fetch(name), remove_model(name),
    theme_chosen(choice), folder_wanted(Path), key_wanted: what the user wants. What the user
    wants of notes says `notes`, of new versions `news`, of licences `licences`.
    """

    title = "Settings"
    icon_name = "settings"
    rate_hz = 4

    setting_changed = Signal(str, object)
    fetch_model = Signal(str)
    cancel_fetch = Signal(str)
    remove_model = Signal(str)
    theme_chosen = Signal(str)
    folder_wanted = Signal(object)
    key_wanted = Signal()
    """The key of the address is to be copied."""
    notices_wanted = Signal()
    """The list of licences is seen for the first time: answered by `licences.show_notices`."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.rows: dict[str, SettingRow] = {}
        self.models: dict[str, ModelRow] = {}
        self._folders: tuple[tuple[str, Path], ...] = ()
        self._has_notes = self._has_notices = False
        self._is_ready = False
        self.tabs = TabStrip(theme, "Parts of the settings", TABS)
        self.address = SettingsAddress(theme)
        self.address.key_wanted.connect(self.key_wanted)
        self.notes = SettingsNotes(theme)
        self.about, self.news = AboutHead(theme), AboutNews(theme)
        self.licences = AboutLicences(theme)
        self.licences.folder_wanted.connect(self.folder_wanted)
        self._pages = QStackedWidget()
        self._columns: list[QVBoxLayout] = []
        self._cards: dict[str, QVBoxLayout] = {}
        self.body.addWidget(self.tabs)
        self.body.addWidget(self._pages, 1)
        self._build()
        self.tabs.currentChanged.connect(self._open_tab)

    def show_snapshot(self, snapshot: SettingsSnapshot) -> None:
        """Draw `snapshot`; fields the user is typing in are left alone."""
        device, tier = (self.rows[key].field for key in ("voice.device", "router.default_tier"))
        if isinstance(device, ChoiceField):
            device.show_choices(device_choices(snapshot.devices, snapshot.voice.device))
        if isinstance(tier, ChoiceField):
            tier.show_choices(tier_choices(snapshot.tiers, snapshot.router.default_tier))
        for key, row in self.rows.items():
            row.show_value(value_of(getattr(snapshot, key.partition(".")[0]), key))
        self._show_models(snapshot.models)
        self.look.show_value(snapshot.theme)
        self._show_folders(snapshot.folders)
        self.address.show_address(snapshot.address)
        self.about.show_about(snapshot.about, snapshot.folders)
        self.news.show_news(snapshot.about.news)
        self.licences.show_qt_folder(snapshot.about.qt_folder)
        self._is_ready = snapshot.is_ready
        self._ask_notes()

    def show_setting_problem(self, key: str, text: str) -> None:
        """Say beside the setting `key` why it could not be changed."""
        if key in self.rows:
            self.rows[key].show_wrong(text)
        else:
            self.show_problem(text)

    def _build(self) -> None:
        for _ in TABS:
            page = ScrollPage()
            page.column.setSpacing(SPACING_PX)
            self._columns.append(page.column)
            self._pages.addWidget(page)
        self._columns[ABOUT].addWidget(self.about)
        specs = [spec for group, kind in GROUPS.items() for spec in specs_of(kind, group)]
        for section in SECTIONS:
            card = self._cards[section.title] = self._card(section)
            if section.title == ADDRESS:
                self._add(card, self.address)
            elif section.title == APPEARANCE:
                self._add(card, self._look_row())
            elif section.title == UPDATES:
                self._add(card, self.news)
            for key in section.keys:
                for spec in specs:
                    if spec.key == key or spec.key.startswith(f"{key}."):
                        self._add(card, self._row(spec))
        self._columns[CONTEXT].addWidget(self.notes)
        self._columns[ABOUT].addWidget(self.licences)
        for column in self._columns:
            column.addStretch(1)

    def _card(self, section: Section) -> QVBoxLayout:
        card = QFrame()
        card.setProperty("card", True)
        card.setAccessibleName(section.title)
        heading, about = QLabel(section.title), QLabel(section.about)
        heading.setProperty("r", "h2")
        about.setProperty("r", "mute")
        about.setWordWrap(True)
        about.setVisible(bool(section.about))
        column = QVBoxLayout(card)
        column.setContentsMargins(24, 16, 24, 8)
        column.setSpacing(0)
        column.addWidget(heading)
        column.addWidget(about)
        column.addSpacing(8)
        self._columns[section.tab].addWidget(card)
        return column

    def _add(self, card: QVBoxLayout, row: QWidget) -> None:
        """Add `row`, with a line above it where it is not the first below the heading."""
        if card.count() > 3:
            line = QFrame()
            line.setProperty("separator", True)
            card.addWidget(line)
        card.addWidget(row)

    def _row(self, spec: SettingSpec) -> SettingRow:
        row = SettingRow(spec, field_for(spec, self.theme))
        row.edited.connect(self.setting_changed)
        self.rows[spec.key] = row
        return row

    def _look_row(self) -> QWidget:
        self.look = Segmented("Theme", THEMES)
        self.look.setFixedWidth(FIELD_PX)
        self.look.chosen.connect(self.theme_chosen)
        words = QVBoxLayout()
        words.setSpacing(2)
        about = QLabel("Light, dark, or as the desktop is set")
        about.setProperty("r", "mute")
        words.addWidget(QLabel("Theme"))
        words.addWidget(about)
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 8, 0, 8)
        row.addLayout(words, 1)
        row.addWidget(self.look)
        return box

    def _open_tab(self, index: int) -> None:
        self._pages.setCurrentIndex(index)
        self._ask_notes()
        if index == ABOUT and not self._has_notices:
            self._has_notices = True
            self.notices_wanted.emit()

    def _ask_notes(self) -> None:
        """Ask for the notes the first time that they can be seen."""
        if self._is_ready and not self._has_notes and self.tabs.currentIndex() == CONTEXT:
            self._has_notes = True
            self.notes.look()

    def _show_models(self, models: tuple[ModelView, ...]) -> None:
        for model in models:
            if model.name not in self.models:
                row = ModelRow(self.theme, model.name)
                row.use_wanted.connect(lambda name: self.setting_changed.emit("voice.model", name))
                row.fetch_wanted.connect(self.fetch_model)
                row.cancel_wanted.connect(self.cancel_fetch)
                row.remove_wanted.connect(self.remove_model)
                self._add(self._cards[SPEECH_MODELS], row)
                self.models[model.name] = row
            self.models[model.name].show_model(model)

    def _show_folders(self, folders: tuple[tuple[str, Path], ...]) -> None:
        if folders == self._folders:
            return
        self._folders = folders
        for label, path in folders:
            row = FolderRow(label, path)
            row.open_wanted.connect(self.folder_wanted)
            self._add(self._cards[STORAGE], row)
