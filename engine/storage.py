"""Files that are whole or absent, and a SQLite database behind one thread."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from engine.errors import Damaged, Refused

ResultT = TypeVar("ResultT")


def write_atomically(path: Path, content: bytes) -> None:
    """Replace `path` by `content`; after a crash the file is the old or the new one, whole.

    Raises Refused where the folder cannot be written or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise Refused(f"{path.parent} cannot be written ({error.strerror})") from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise Refused(f"{path} cannot be written ({error.strerror}): free some space") from error


class Database:
    """One SQLite file in WAL mode, used from one thread of its own.

    migrations: SQL scripts; the n-th takes the schema from version n to n + 1, and is never
    changed once released.
    """

    def __init__(self, path: Path, *, migrations: Sequence[str]) -> None:
        self.path = path
        self._migrations = migrations
        self._worker = ThreadPoolExecutor(1, thread_name_prefix=f"sqlite-{path.stem}")
        self._connection: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Open the file and bring its schema up to date.

        Raises Refused where the folder cannot be written, Damaged where the file is no
        database or comes from a newer version.
        """
        await asyncio.get_running_loop().run_in_executor(self._worker, self._open)

    async def run(self, work: Callable[[sqlite3.Connection], ResultT]) -> ResultT:
        """Run `work` in a transaction on the database's thread: all of it or nothing.

        Raises Refused where the disk is full, Damaged where the file is.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._worker, self._transact, work)

    async def aclose(self) -> None:
        """Close the file and end the thread; may be called twice."""
        await asyncio.to_thread(self._close)

    def _open(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self.path, check_same_thread=False)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._migrate(self._connection)
        except OSError as error:
            raise Refused(f"{self.path.parent} cannot be written ({error.strerror})") from error
        except sqlite3.Error as error:
            raise _translated(error, self.path) from error

    def _migrate(self, connection: sqlite3.Connection) -> None:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > len(self._migrations):
            raise Damaged(
                f"{self.path} was written by a newer version (schema {version}): "
                "update this application or move the file away"
            )
        for number in range(version, len(self._migrations)):
            script = self._migrations[number]
            connection.executescript(
                f"BEGIN; {script}; PRAGMA user_version = {number + 1}; COMMIT;"
            )

    def _transact(self, work: Callable[[sqlite3.Connection], ResultT]) -> ResultT:
        if self._connection is None:
            raise RuntimeError(f"{self.path} is not open")
        try:
            with self._connection:
                return work(self._connection)
        except sqlite3.Error as error:
            raise _translated(error, self.path) from error

    def _close(self) -> None:
        if self._connection is not None:
            self._worker.submit(self._connection.close).result()
            self._connection = None
        self._worker.shutdown()


def _translated(error: sqlite3.Error, path: Path) -> Damaged | Refused:
    if isinstance(error, sqlite3.OperationalError):
        return Refused(f"{path} cannot be used ({error}): check free space and permissions")
    return Damaged(f"{path} is damaged ({error}): move it away and a new one is made")
