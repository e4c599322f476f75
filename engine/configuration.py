"""Settings: frozen dataclasses read from TOML, checked with messages that name the key."""

from __future__ import annotations

import dataclasses
import math
import threading
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar

from engine.atomic_files import write_atomically
from engine.decimals import decimals
from engine.errors import Refused, SettingsError
from engine.toml_tables import with_tables
from engine.toml_text import parsed, with_value

SettingsT = TypeVar("SettingsT")
Plain = str | int | float | bool
Tables = Sequence[Mapping[str, Any]]
"""What is written as groups, `[[name]]`."""
KINDS = {str: "text in quotes", int: "a whole number", float: "a number", bool: "true or false"}


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a setting means and may be; kept in the field's metadata under `"bounds"`."""

    help: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What a value must be, such as "must be from 100 to 5000 ms"; "" where all will do."""
        unit = f" {self.unit}" if self.unit else ""
        if self.choices:
            return f"must be one of {', '.join(self.choices)}"
        if self.low is not None and self.high is not None:
            return f"must be from {_digits(self.low)} to {_digits(self.high)}{unit}"
        if self.low is not None:
            return f"must be at least {_digits(self.low)}{unit}"
        if self.high is not None:
            return f"must be at most {_digits(self.high)}{unit}"
        return ""

    def allow(self, value: Plain) -> bool:
        """Tell whether `value`, of the right type already, lies within these bounds."""
        if self.choices:
            return value in self.choices
        if isinstance(value, str):
            return True
        return (
            math.isfinite(value)
            and (self.low is None or value >= self.low)
            and (self.high is None or value <= self.high)
        )


def setting(
    default: Any,
    help: str,
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
) -> Any:
    """Declare a dataclass field with its default, meaning and limits."""
    bounds = Bounds(help, unit, low, high, choices)
    return dataclasses.field(default=default, metadata={"bounds": bounds})


def described(default: Any, read: Callable[[str, Any], Any]) -> Any:
    """Declare a field that is written as groups, `[[name]]`, and has no row in the window.

    read: makes its value of its key and what stands in the file; raises SettingsError.
    """
    return dataclasses.field(default=default, metadata={"read": read})


def bounds_of(field: dataclasses.Field[Any]) -> Bounds:
    """Return what `setting()` said of `field`."""
    found = field.metadata["bounds"]
    assert isinstance(found, Bounds)
    return found


def check(settings: Any) -> None:
    """Check every setting of a dataclass; meant for its `__post_init__`.

    Raises SettingsError naming the first key whose type or value is wrong.
    """
    hints = typing.get_type_hints(type(settings))
    for field in dataclasses.fields(settings):
        if "bounds" in field.metadata:
            checked(field.name, getattr(settings, field.name), hints[field.name], bounds_of(field))


def settings_from(kind: type[SettingsT], table: Mapping[str, Any], path: str = "") -> SettingsT:
    """Return `kind` filled from `table`; keys that are left out keep their defaults.

    Raises SettingsError naming the key for an unknown key, a wrong type or a value out of range.
    """
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for key, value in table.items():
        name = f"{path}{key}"
        if key not in fields:
            known = ", ".join(sorted(fields))
            raise SettingsError(f"{name}: there is no such setting; known here: {known}")
        if "read" in fields[key].metadata:
            values[key] = fields[key].metadata["read"](name, value)
        elif dataclasses.is_dataclass(hints[key]):
            if not isinstance(value, Mapping):
                raise SettingsError(f"{name}: this is a group of settings; write it as [{name}]")
            values[key] = settings_from(hints[key], value, f"{name}.")
        else:
            values[key] = checked(name, value, hints[key], bounds_of(fields[key]))
    return kind(**values)


def checked(name: str, value: Any, hint: Any, bounds: Bounds) -> Plain | None:
    """Return `value` as a `hint` within `bounds`, or raise SettingsError naming `name`."""
    wanted = typing.get_args(hint) if isinstance(hint, UnionType) else (hint,)
    if value is None and type(None) in wanted:
        return None
    if float in wanted and type(value) is int:
        value = float(value)
    if type(value) not in wanted:
        names = " or ".join(KINDS[kind] for kind in wanted if kind is not type(None))
        raise SettingsError(f"{name} = {value!r}: must be {names}")
    if not bounds.allow(value):
        raise SettingsError(f"{name} = {value!r}: {bounds.sentence or 'must be a finite number'}")
    return typing.cast("Plain", value)


class SettingsFile:
    """The user's `settings.toml`: read whole, changed key by key, comments kept.

    Any thread may call; one change waits for the other, so that none is lost.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._seen = self._mark()

    def read(self, kind: type[SettingsT]) -> SettingsT:
        """Return the settings of the file; defaults where it says nothing or is absent.

        Raises SettingsError naming the file and the key or line that is wrong.
        """
        with self._lock:
            self._seen = self._mark()
            return self._settings(kind, self._text())

    def change(self, kind: type[SettingsT], key: str, value: Plain | Tables | None) -> SettingsT:
        """Set `key` ("voice.language"), or remove it for None, and return the new settings.

        The file is written only when the result is valid. Raises SettingsError, Refused.
        """
        with self._lock:
            text = self._text()
            self._settings(kind, text)
            if value is None or isinstance(value, Plain):
                text = with_value(text, key, value)
            else:
                self._check_unchanged()
                text = with_tables(text, key, value, _likeness(kind, key))
            changed = self._settings(kind, text)
            write_atomically(self.path, text.encode())
            self._seen = self._mark()
            return changed

    def has_changed(self) -> bool:
        """Tell whether somebody else wrote the file since it was last read or changed here."""
        with self._lock:
            return self._mark() != self._seen

    def _check_unchanged(self) -> None:
        """Raise Refused where a list of groups would be written over what somebody else wrote."""
        if self._mark() != self._seen:
            raise Refused(f"{self.path} has just been changed by hand: look at it and try again")

    def _settings(self, kind: type[SettingsT], text: str) -> SettingsT:
        try:
            values = parsed(text)
        except SettingsError as error:
            raise SettingsError(
                f"{self.path}: {error}: mend the line or remove the file"
            ) from error
        try:
            return settings_from(kind, values)
        except SettingsError as error:
            raise SettingsError(f"{self.path}: {error}") from error

    def _text(self) -> str:
        try:
            return self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        except UnicodeDecodeError as error:
            raise SettingsError(
                f"{self.path}: {error}: mend the line or remove the file"
            ) from error
        except OSError as error:
            raise SettingsError(f"{self.path} cannot be read ({error.strerror})") from error

    def _mark(self) -> tuple[int, int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


def _likeness(kind: type, key: str) -> Callable[[Mapping[str, Any], Mapping[str, Any]], bool]:
    """Return what tells whether two groups under `key` say the same, in whatever words."""
    *groups, last = key.split(".")
    for group in groups:
        kind = typing.get_type_hints(kind)[group]
    field = next(each for each in dataclasses.fields(kind) if each.name == last)
    read = field.metadata["read"]
    return lambda one, other: read(key, [one]) == read(key, [other])


def _digits(number: float) -> str:
    """Return `number` in digits alone, as it is written into the file."""
    return f"{number:.0f}" if number == int(number) else decimals(number)
