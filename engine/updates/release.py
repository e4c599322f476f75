"""The version that is out, as a small JSON file tells it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from engine.errors import Damaged
from engine.updates.address import wrong_with
from engine.updates.versions import version_in

LARGEST_BYTES = 64 * 1024
"""The file is some hundred bytes; a larger one is something else."""


class Told(msgspec.Struct, frozen=True):
    """What the file says, of the right kinds; other keys are for later versions."""

    version: str
    page: str
    released: str | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """A version that is out. Made by `checked` only: it can be compared, its page opened."""

    version: str
    page: str
    """Where people read about it and get it."""
    released: date | None = None

    @property
    def told(self) -> Told:
        """The same as the file would say it."""
        day = None if self.released is None else self.released.isoformat()
        return Told(self.version, self.page, day)


def release_in(body: bytes, where: str) -> Release:
    """Return what `body` says: `{"version": "1.2.3", "released": "2026-11-23", "page": "https://..."}`.

    where: who said so. Raises Damaged.
    """
    try:
        if len(body) > LARGEST_BYTES:
            raise ValueError(f"it is longer than {LARGEST_BYTES // 1024} KiB")
        return checked(msgspec.json.decode(body, type=Told))
    # Brackets in brackets in brackets end in a RecursionError.
    except (ValueError, RecursionError) as error:
        raise Damaged(
            f"{where} answers, but does not say which version is out ({error}): correct the "
            "address, or tell whoever runs it"
        ) from error


def checked(told: Told) -> Release:
    """Return what is told. Raises ValueError where a part of it is not what it should be."""
    version_in(told.version)
    if wrong := wrong_with(told.page):
        raise ValueError(f"the page {wrong}")
    day = None if told.released is None else datetime.fromisoformat(told.released).date()
    return Release(told.version, told.page, day)
