"""The catalogue and the tiers: what comes with the application, and what the user made of it."""

from __future__ import annotations

import asyncio
import tomllib
from dataclasses import replace
from typing import Generic, TypeVar

from engine.book import Book
from engine.errors import SettingsError
from engine.router.entry_limits import check_entries, check_entry
from engine.router.snapshot import ModelEntry, Tier
from engine.shipped import shipped

EntryT = TypeVar("EntryT", bound=ModelEntry | Tier)


class EditableList(Generic[EntryT]):
    """The entries of one kind by name: the user's own before those of the application.

    `load`, `put` and `remove` wait for a file; all else is for any thread.
    """

    def __init__(self, book: Book[EntryT], starter: str) -> None:
        self._book: Book[EntryT] = book
        self._starter_name = starter
        self._starter: tuple[EntryT, ...] = ()
        self._own: tuple[EntryT, ...] = ()
        self._turn = asyncio.Lock()
        self.entries: tuple[EntryT, ...] = ()

    async def load(self) -> None:
        """Read both lists. Raises SettingsError for the user's; what was read before serves on."""
        async with self._turn:
            if not self._starter:
                self._starter = await asyncio.to_thread(_shipped, self._book, self._starter_name)
                self._merge()
            await self._read()

    async def reload(self) -> bool:
        """Read the user's list where somebody else wrote it; tell whether. Raises SettingsError."""
        if not await asyncio.to_thread(self._book.has_changed):
            return False
        async with self._turn:
            await self._read()
        return True

    async def put(self, entry: EntryT) -> EntryT | None:
        """Keep `entry` in the place of the one so named, which is returned, or None.

        Raises SettingsError for an entry that cannot work or a file with a mistake, Refused.
        """
        check_entry(entry)
        async with self._turn:
            await self._read()  # a change here must not undo one made outside
            before = self._find(entry.name)
            changed: EntryT = replace(entry, is_users=True)
            own = tuple(changed if each.name == entry.name else each for each in self._own)
            await self._write(own if changed in own else (*own, changed))
            return before

    async def remove(self, name: str) -> EntryT:
        """Forget the user's entry `name`, which is returned; the application's comes back.

        Raises SettingsError where the user has none so named, Refused.
        """
        async with self._turn:
            await self._read()  # a change here must not undo one made outside
            found = next((each for each in self._own if each.name == name), None)
            if found is None:
                raise SettingsError(
                    f"{name!r} is not an entry of yours: what comes with the application can be "
                    "changed, not removed"
                )
            await self._write(tuple(each for each in self._own if each.name != name))
            return found

    def _find(self, name: str) -> EntryT | None:
        return next((each for each in self.entries if each.name == name), None)

    async def _read(self) -> None:
        own = await asyncio.to_thread(self._book.read)
        try:
            check_entries(own)
        except SettingsError as error:
            raise SettingsError(f"{self._book.path}: {error}") from error
        self._own = tuple(replace(each, is_users=True) for each in own)
        self._merge()

    async def _write(self, own: tuple[EntryT, ...]) -> None:
        plain = [replace(each, is_users=False) for each in own]  # the file says it already
        await asyncio.to_thread(self._book.write, plain)
        self._own = own
        self._merge()

    def _merge(self) -> None:
        names = {each.name for each in self._own}
        rest = tuple(each for each in self._starter if each.name not in names)
        self.entries = self._own + rest


def _shipped(book: Book[EntryT], name: str) -> tuple[EntryT, ...]:
    """Return the entries of a list that comes with the application. Blocks for a file."""
    path = shipped(name)
    return book.entries_in(tomllib.loads(path.read_text(encoding="utf-8")))
