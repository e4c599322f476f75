"""Lists that the user may edit: one TOML file each, one `[[table]]` an entry."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec
import tomlkit
from tomlkit.exceptions import TOMLKitError

from engine.errors import SettingsError
from engine.storage import write_atomically

EntryT = TypeVar("EntryT")


class Book(Generic[EntryT]):
    """The entries of one file. Every call blocks for a file; a missing file has no entries.

    kind: a frozen dataclass whose fields are plain values, tuples of them, or None.
    table: what one entry is called in the file, such as "endpoint".
    """

    def __init__(self, path: Path, *, kind: type[EntryT], table: str) -> None:
        self.path = path
        self._kind = kind
        self._table = table
        self._defaults = {
            field.name: field.default
            for field in dataclasses.fields(kind)  # type: ignore[arg-type]
        }
        self._seen = self._mark()

    def read(self) -> tuple[EntryT, ...]:
        """Return the entries in the order of the file.

        Raises SettingsError naming the file, the entry and the key that is wrong.
        """
        self._seen = self._mark()
        try:
            document = tomlkit.parse(self.path.read_text(encoding="utf-8")).unwrap()
        except FileNotFoundError:
            return ()
        except (TOMLKitError, UnicodeDecodeError) as error:
            raise SettingsError(f"{self.path}: {error}: mend the line") from error
        except OSError as error:
            raise SettingsError(f"{self.path} cannot be read ({error.strerror})") from error
        return self.entries_in(document)

    def entries_in(self, document: dict[str, Any]) -> tuple[EntryT, ...]:
        """Return the entries of a decoded document. Raises SettingsError."""
        tables = document.get(self._table, [])
        if set(document) - {self._table} or not isinstance(tables, list):
            raise SettingsError(f"{self.path}: only [[{self._table}]] belongs here")
        return tuple(self._entry(number, each) for number, each in enumerate(tables, 1))

    def write(self, entries: Iterable[EntryT]) -> None:
        """Replace the file's entries; defaults are left out. Raises Refused."""
        tables = tomlkit.aot()
        for entry in entries:
            plain: dict[str, Any] = msgspec.to_builtins(entry)
            table = tomlkit.table()
            for key, value in plain.items():
                default = msgspec.to_builtins(self._defaults[key], enc_hook=lambda _: None)
                if value is not None and value != default:
                    table.add(key, value)
            tables.append(table)
        document = tomlkit.document()
        document.add(self._table, tables)
        write_atomically(self.path, tomlkit.dumps(document).encode())
        self._seen = self._mark()

    def has_changed(self) -> bool:
        """Tell whether somebody else wrote the file since it was last read or written here."""
        return self._mark() != self._seen

    def _entry(self, number: int, table: Any) -> EntryT:
        where = f"{self.path}: {self._table} {number}"
        if not isinstance(table, dict):
            raise SettingsError(f"{where}: write it as [[{self._table}]]")
        if unknown := sorted(set(table) - set(self._defaults)):
            known = ", ".join(sorted(self._defaults))
            raise SettingsError(f"{where}: there is no {unknown[0]!r}; known here: {known}")
        try:
            return msgspec.convert(table, self._kind)
        except msgspec.ValidationError as error:
            raise SettingsError(f"{where}: {error}") from error

    def _mark(self) -> tuple[int, int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
