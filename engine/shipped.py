"""Where the files lie that come with the application."""

from __future__ import annotations

from pathlib import Path

import resources


def shipped(name: str) -> Path:
    """Return where the file or folder `name` of `resources` lies; it need not exist."""
    return Path(resources.__path__[0]) / name
