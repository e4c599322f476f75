"""What was found out at the last look, kept so that a restart is no reason to ask again."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec

from engine.atomic_files import write_atomically
from engine.updates.release import Release, Told, checked

UPDATES_FILE = "updates.json"
"""In the folder for data."""


class Notes(msgspec.Struct, frozen=True):
    """One look: at which address, when, and what came of it."""

    url: str = ""
    looked_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    problem: str = ""
    told: Told | None = None

    @property
    def latest(self) -> Release | None:
        """The version that was out then; None where what is kept is none."""
        try:
            return checked(self.told) if self.told else None
        except ValueError:
            return None


def read_notes(path: Path) -> Notes:
    """Return what `path` holds; of a file that is absent or damaged, nothing. Never raises."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Notes)
    except (OSError, ValueError, RecursionError):
        return Notes()


def write_notes(path: Path, notes: Notes) -> None:
    """Replace `path`. Raises Refused where it cannot be written."""
    write_atomically(path, msgspec.json.encode(notes))
