"""The page where settings are changed: each row is built from what the setting says of itself."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.panel import SPACING_PX, Panel
from app.ui.setting_texts import CHOICE_TEXTS, HELP, LABELS
from app.ui.widgets.choice_field import ChoiceField
from app.ui.widgets.folder_row import FolderRow
from app.ui.widgets.languages import language_choices
from app.ui.widgets.model_row import ModelRow
from app.ui.widgets.scroll_page import ScrollPage
from app.ui.widgets.segmented import Segmented
from app.ui.widgets.setting_row import FIELD_PX, SettingRow, SettingSpec
from app.ui.widgets.text_field import TextField
from app.ui.widgets.toggle import Toggle
from engine.cache.settings import CacheSettings
from engine.configuration import bounds_of
from engine.voice.settings import VoiceSettings
from engine.voice.snapshot import Device, ModelView

SECTIONS = (
    ("Audio", ("device", "mode", "stages", "segment")),
    ("Transcription", ("language", "compute", "threads", "partial_every_ms")),
    ("Storage", ("keep_days", "keep_recordings")),
)
CACHE_SECTION = (
    "first_tier_mib",
    "first_tier_stay_s",
    "largest_value_mib",
    "default_ttl_s",
    "session_ttl_s",
    "journal_mib",
    "loopback_deadline_ms",
    "network_deadline_ms",
    "tls",
)
"""In this order. Where Redis is stands on the Cache page."""
HOUR_S = 3600
"""The arrow keys change a time that may be this long by seconds, a longer one by minutes."""
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


def label_of(name: str) -> str:
    """Return what a person reads for the setting `name`; its key in plain letters if unnamed."""
    return LABELS.get(name, name.replace("_", " ").capitalize())


def specs_of(kind: type, path: str) -> list[SettingSpec]:
    """Return what a row needs of each setting in the dataclass `kind`, groups opened up."""
    hints = typing.get_type_hints(kind)
    specs: list[SettingSpec] = []
    for field in dataclasses.fields(kind):
        key = f"{path}.{field.name}"
        if dataclasses.is_dataclass(hints[field.name]):
            specs += specs_of(hints[field.name], key)
        else:
            label = label_of(field.name)
            bounds = bounds_of(field)
            bounds = dataclasses.replace(bounds, help=HELP.get(field.name, bounds.help))
            specs.append(SettingSpec(key, label, hints[field.name], bounds))
    return specs


def value_of(settings: object, key: str) -> object:
    """Return the value at `key` ("voice.stages.high_pass") of the group called "voice"."""
    for name in key.split(".")[1:]:
        settings = getattr(settings, name)
    return settings


def device_choices(devices: Sequence[Device], chosen: str) -> list[tuple[str, str]]:
    """Return (name, text) of every device, the default first and `chosen` even if it is gone."""
    default = next((device.label for device in devices if device.is_default), "none found")
    choices = [("", f"System default ({default})")]
    choices += [(device.name, device.label) for device in devices]
    if chosen not in [name for name, _ in choices]:
        choices.append((chosen, f"{chosen} (not connected)"))
    return choices


class SettingsPanel(Panel):
    """Audio, transcription, models, appearance and storage.

    setting_changed(key, value), fetch_model(name), cancel_fetch(name), remove_model(name),
    theme_chosen(choice), folder_wanted(Path): what the user wants.
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

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.rows: dict[str, SettingRow] = {}
        self.models: dict[str, ModelRow] = {}
        self._folders: tuple[tuple[str, Path], ...] = ()
        page = ScrollPage()
        self._page = page.column
        self._page.setSpacing(SPACING_PX)
        self.body.addWidget(page, 1)
        self._build()

    def show_snapshot(self, snapshot: SettingsSnapshot) -> None:
        """Draw `snapshot`; fields the user is typing in are left alone."""
        device = self.rows["voice.device"].field
        if isinstance(device, ChoiceField):
            device.show_choices(device_choices(snapshot.devices, snapshot.voice.device))
        for key, row in self.rows.items():
            group = snapshot.cache if key.startswith("cache.") else snapshot.voice
            row.show_value(value_of(group, key))
        self._show_models(snapshot.models)
        self.look.show_value(snapshot.theme)
        self._show_folders(snapshot.folders)

    def show_setting_problem(self, key: str, text: str) -> None:
        """Say beside the setting `key` why it could not be changed."""
        if key in self.rows:
            self.rows[key].show_wrong(text)
        else:
            self.show_problem(text)

    def _build(self) -> None:
        specs = {spec.key: spec for spec in specs_of(VoiceSettings, "voice")}
        groups: dict[str, QVBoxLayout] = {}
        for title, names in SECTIONS:
            groups[title] = self._section(title)
            for key, spec in specs.items():
                if key.split(".")[1] in names:
                    self._add(groups[title], self._row(spec))
            if title == "Transcription":
                self._models = self._section("Models")
                self._add(self._section("Appearance"), self._look_row())
        self._storage = groups["Storage"]
        self._build_cache()
        self._page.addStretch(1)

    def _build_cache(self) -> None:
        section = self._section("Cache")
        specs = specs_of(CacheSettings, "cache")
        for name in CACHE_SECTION:
            for spec in specs:
                if spec.key.split(".")[1] == name:
                    self._add(section, self._row(spec))

    def _section(self, title: str) -> QVBoxLayout:
        card = QFrame()
        card.setProperty("card", True)
        card.setAccessibleName(title)
        heading = QLabel(title)
        heading.setProperty("r", "h2")
        column = QVBoxLayout(card)
        column.setContentsMargins(24, 16, 24, 8)
        column.setSpacing(0)
        column.addWidget(heading)
        column.addSpacing(8)
        self._page.addWidget(card)
        return column

    def _add(self, section: QVBoxLayout, row: QWidget) -> None:
        """Add `row`, with a line above it where it is not the first below the heading."""
        if section.count() > 2:
            line = QFrame()
            line.setProperty("separator", True)
            section.addWidget(line)
        section.addWidget(row)

    def _row(self, spec: SettingSpec) -> SettingRow:
        row = SettingRow(spec, _field_for(spec, self.theme))
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

    def _show_models(self, models: tuple[ModelView, ...]) -> None:
        for model in models:
            if model.name not in self.models:
                row = ModelRow(self.theme, model.name)
                row.use_wanted.connect(lambda name: self.setting_changed.emit("voice.model", name))
                row.fetch_wanted.connect(self.fetch_model)
                row.cancel_wanted.connect(self.cancel_fetch)
                row.remove_wanted.connect(self.remove_model)
                self._add(self._models, row)
                self.models[model.name] = row
            self.models[model.name].show_model(model)

    def _show_folders(self, folders: tuple[tuple[str, Path], ...]) -> None:
        if folders == self._folders:
            return
        self._folders = folders
        for label, path in folders:
            row = FolderRow(label, path)
            row.open_wanted.connect(self.folder_wanted)
            self._add(self._storage, row)


def _field_for(spec: SettingSpec, theme: Theme) -> ChoiceField | TextField | Toggle:
    if spec.kind is bool:
        return Toggle(theme)
    if spec.key == "voice.language":
        return ChoiceField(language_choices())
    if spec.key == "voice.device" or spec.bounds.choices:
        return ChoiceField([(one, CHOICE_TEXTS.get(one, one)) for one in spec.bounds.choices])
    step = {float: 0.05, int: 1}.get(spec.kind, 1)
    if spec.bounds.unit == "ms":
        step = 20
    elif spec.bounds.unit == "s" and (spec.bounds.high or 0) >= HOUR_S:
        step = 60 if (spec.bounds.high or 0) > HOUR_S else 1
    return TextField(theme, spec.kind, unit=spec.bounds.unit, step=step)
