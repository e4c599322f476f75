"""Lists that the user may edit: one TOML file each, one `[[table]]` an entry."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from enum import Enum
from itertools import pairwise
from pathlib import Path
from typing import Any, Generic, TypeVar, get_type_hints

import msgspec

from engine.atomic_files import write_atomically
from engine.errors import Refused, SettingsError
from engine.toml_text import parsed, with_entry

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
        return self.entries_in(self._parsed(self._text()))

    def entries_in(self, document: dict[str, Any]) -> tuple[EntryT, ...]:
        """Return the entries of a decoded document. Raises SettingsError."""
        tables = document.get(self._table, [])
        if set(document) - {self._table} or not isinstance(tables, list):
            raise SettingsError(f"{self.path}: only [[{self._table}]] belongs here")
        return tuple(self._entry(number, each) for number, each in enumerate(tables, 1))

    def write(self, entries: Iterable[EntryT]) -> None:
        """Replace the file's entries; defaults are left out, and comments stay.

        Nothing is lost that somebody else wrote: raises SettingsError where the file has a mistake,
        Refused where it has changed since it was last read or written here.
        """
        self.check_unchanged()
        text = self._text()
        before = self.entries_in(self._parsed(text))
        head, *blocks = self._blocks(text)
        if len(blocks) != len(before):  # written in another of TOML's ways: it is written anew
            head, blocks, before = "", [], ()
        old = list(zip(before, blocks, strict=True))
        parts = [head, *[self._block(entry, old) for entry in entries]]
        written = "\n\n".join(stripped for each in parts if (stripped := each.strip("\n")))
        write_atomically(self.path, f"{written}\n".encode() if written else b"")
        self._seen = self._mark()

    def check_unchanged(self) -> None:
        """Raise Refused where somebody else wrote the file since it was last read or written."""
        if self.has_changed():
            raise Refused(f"{self.path} has just been changed by hand: look at it and try again")

    def has_changed(self) -> bool:
        """Tell whether somebody else wrote the file since it was last read or written here."""
        return self._mark() != self._seen

    def _text(self) -> str:
        try:
            return self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        except UnicodeDecodeError as error:
            raise SettingsError(f"{self.path}: {error}: mend the line") from error
        except OSError as error:
            raise SettingsError(f"{self.path} cannot be read ({error.strerror})") from error

    def _parsed(self, text: str) -> dict[str, Any]:
        try:
            return parsed(text)
        except SettingsError as error:
            raise SettingsError(f"{self.path}: {error}: mend the line") from error

    def _blocks(self, text: str) -> list[str]:
        """Return what stands before the first entry, then each entry with the comments above it."""
        header = rf"(?:^#.*\n)*^([ \t]*\[\[[ \t]*{self._table}[ \t]*\]\])"
        found = list(re.finditer(header, text, re.MULTILINE))
        # Comments above the first may be about the whole file.
        starts = [each.start(0 if number else 1) for number, each in enumerate(found)]
        bounds = [0, *starts, len(text)]
        return [text[begin:end] for begin, end in pairwise(bounds)]

    def _block(self, entry: EntryT, old: list[tuple[EntryT, str]]) -> str:
        """Return the lines of `entry`; those it had in the file as far as they still hold."""
        name = next(iter(self._defaults))
        same = [each for each in old if getattr(each[0], name) == getattr(entry, name)]
        found = next((each for each in same if each[0] == entry), same[0] if same else None)
        if found is None:
            return self._filled("", entry)
        old.remove(found)
        return found[1] if found[0] == entry else self._filled(found[1], entry)

    def _filled(self, block: str, entry: EntryT) -> str:
        """Return `block` with the fields of `entry`, without those that are as usual."""
        plain: dict[str, Any] = msgspec.to_builtins(entry)
        usual = {
            key: msgspec.to_builtins(default, enc_hook=lambda _: None)
            for key, default in self._defaults.items()
        }
        said = {k: v for k, v in plain.items() if v is not None and v != usual[k]}
        return with_entry(block, self._table, said, plain.keys() - said.keys())

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
            words = self._choices(table) or str(error)
            raise SettingsError(f"{where}: {words}") from error

    def _choices(self, table: dict[str, Any]) -> str:
        """Return which words a field may hold, where `table` has another there; else ""."""
        for name, hint in get_type_hints(self._kind).items():
            if name in table and isinstance(hint, type) and issubclass(hint, Enum):
                words = [each.value for each in hint]
                if table[name] not in words:
                    return f"{name} = {table[name]!r}: must be one of {', '.join(words)}"
        return ""

    def _mark(self) -> tuple[int, int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
