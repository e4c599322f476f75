"""What the window remembers of itself from one run to the next."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Preferences:
    """The window's own memory; settings of the engines live in `settings.toml`."""

    geometry: str = ""
    """Qt's saved geometry in base64; empty for the default."""
    panel: str = ""
    """Title of the page that was open last; empty for the first."""
    theme: str = "system"


def read_preferences(path: Path) -> Preferences:
    """Return what `path` holds; defaults for what is absent or of the wrong kind.

    A window must open whatever the file says, so nothing is raised.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Preferences()
    if not isinstance(found, dict):
        return Preferences()
    names = Preferences.__slots__
    return Preferences(**{name: found[name] for name in names if isinstance(found.get(name), str)})


def write_preferences(path: Path, preferences: Preferences) -> None:
    """Replace `path` as a whole. Raises Refused where it cannot be written."""
    # Brings sqlite3 and asyncio: not before the first paint.
    from engine.atomic_files import write_atomically

    write_atomically(path, (json.dumps(asdict(preferences), indent=2) + "\n").encode())
