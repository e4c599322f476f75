"""The dictionary that compresses small values."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from engine.errors import Damaged


def shipped_dictionary() -> bytes:
    """Return what Zstandard learned of chats; `tests/bench/cache/train_dictionary.py` makes it.

    Raises Damaged where it cannot be read: it is part of the application.
    """
    path = Path(str(resources.files("resources"))) / "dictionaries" / "chat.zdict"
    try:
        return path.read_bytes()
    except OSError as error:
        raise Damaged(f"{path}: {error.strerror}; install the application again") from error
