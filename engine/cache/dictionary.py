"""The dictionary that compresses small values."""

from __future__ import annotations

from engine.errors import Damaged
from engine.shipped import shipped


def shipped_dictionary() -> bytes:
    """Return what Zstandard learned of chats; `tests/bench/cache/train_dictionary.py` makes it.

    Raises Damaged where it cannot be read: it is part of the application.
    """
    path = shipped("dictionaries") / "chat.zdict"
    try:
        return path.read_bytes()
    except OSError as error:
        raise Damaged(f"{path}: {error.strerror}; install the application again") from error
