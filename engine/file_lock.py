"""One program at a time reads a file and writes it anew.

An empty SQLite file beside it is held by an exclusive transaction, as with recordings: the system
frees that lock the moment its process dies, however it dies, and alike on every platform.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from engine.errors import Refused

LOCK_WAIT_S = 10.0
"""Whoever holds the lock only writes a small file, or waits for a keyring."""


@contextmanager
def alone_with(path: Path, *, wait_s: float = LOCK_WAIT_S) -> Iterator[None]:
    """Hold the lock of `path` against other threads and programs; blocks while others hold it.

    wait_s: seconds. Raises Refused where its folder cannot be written or others hold it for longer.
    """
    target = path.resolve()
    # It stays: whoever removed it would let a third one in beside the second that waits for it.
    lock = target.with_name(f".{target.name}.lock")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.touch(mode=0o600)
    except OSError as error:
        raise Refused(f"{lock.parent} cannot be written ({error.strerror})") from error
    with closing(_opened(lock, wait_s)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            raise Refused(
                f"{path} is being written by another program ({error}): try again"
            ) from error
        yield


def _opened(lock: Path, wait_s: float) -> sqlite3.Connection:
    try:
        return sqlite3.connect(lock, timeout=wait_s, isolation_level=None)
    except sqlite3.Error as error:
        raise Refused(f"{lock} cannot be opened ({error})") from error
