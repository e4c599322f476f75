"""The user's settings with what a demonstration needs, so that there is something to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from engine.configuration import Plain, SettingsFile, Tables

SettingsT = TypeVar("SettingsT")
SHOWN: Mapping[str, Plain] = MappingProxyType({"analytics.mode": "automatic"})
"""What counts in a demonstration until the user chooses otherwise; the file stays as it is."""


class DemoSettings:
    """The user's file, read and changed as a `SettingsFile` is."""

    def __init__(self, path: Path) -> None:
        self._file = SettingsFile(path)
        self._shown = dict(SHOWN)

    def read(self, kind: type[SettingsT]) -> SettingsT:
        """Return the settings of the file and of the demonstration. Raises SettingsError."""
        return with_values(self._file.read(kind), self._shown)

    def change(self, kind: type[SettingsT], key: str, value: Plain | Tables | None) -> SettingsT:
        """Set `key` in the file and return the new settings; what the user chose now counts.

        Raises SettingsError, Refused.
        """
        settings = self._file.change(kind, key, value)
        self._shown.pop(key, None)
        return with_values(settings, self._shown)

    def has_changed(self) -> bool:
        """Tell whether somebody else wrote the file since it was last read or changed here."""
        return self._file.has_changed()


AnyFile = SettingsFile | DemoSettings


def with_values(settings: SettingsT, values: Mapping[str, Plain]) -> SettingsT:
    """Return `settings`, a dataclass of dataclasses, with other values of "group.name"."""
    for key, value in values.items():
        group, name = key.split(".")
        changed = replace(getattr(settings, group), **{name: value})
        settings = replace(settings, **{group: changed})  # type: ignore[type-var]
    return settings
