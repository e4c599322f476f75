"""A SQLite database behind one thread."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

from engine.errors import Damaged, Refused

ResultT = TypeVar("ResultT")
WAL_TRIES, WAL_PAUSE_S = 100, 0.05
"""Five seconds in all, as SQLite waits for every other lock."""


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
        self._opened = (0, 0)
        """Which file that is."""

    async def open(self) -> None:
        """Open the file and bring its schema up to date.

        Raises Refused where the folder cannot be written, Damaged where the file is no
        database or comes from a newer version.
        """
        await asyncio.get_running_loop().run_in_executor(self._worker, self._open)

    async def run(self, work: Callable[[sqlite3.Connection], ResultT]) -> ResultT:
        """Run `work` in a transaction on the database's thread: all of it or nothing.

        `work` must not commit, nor call `executescript`, which does. Raises Refused where the
        disk is full or the file is held by another program, Damaged where the file is.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._worker, self._transact, work)

    async def aclose(self) -> None:
        """Close the file and end the thread; may be called twice."""
        await asyncio.to_thread(self._close)

    def _open(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # Before SQLite makes it readable for all; its side files take over the mode.
            self.path.touch(mode=0o600)
        except OSError as error:
            raise Refused(f"{self.path} cannot be written ({error.strerror})") from error
        if not self.path.is_file():
            raise Refused(f"{self.path} is no file: move it away and a new one is made")
        with _translated(self.path):
            # Transactions are begun by `_transact`: Python's own leave out reads and schema changes
            connection = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None)
        with ExitStack() as undo:
            undo.callback(connection.close)
            with _translated(self.path):
                _write_ahead(connection)
                connection.execute("PRAGMA synchronous=NORMAL")
                connection.execute("PRAGMA foreign_keys=ON")
                self._migrate(connection)
            undo.pop_all()
        self._connection, self._opened = connection, _mark(self.path)
        return connection

    def _migrate(self, connection: sqlite3.Connection) -> None:
        version = _version(connection)
        if version > len(self._migrations):
            raise Damaged(
                f"{self.path} was written by a newer version (schema {version}): "
                "update this application or move the file away"
            )
        for number in range(version, len(self._migrations)):
            script = self._migrations[number]
            try:
                connection.executescript(
                    f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number + 1}; COMMIT;"
                )
            except sqlite3.Error:
                connection.rollback()
                if _version(connection) <= number:  # else another process was faster
                    raise

    def _transact(self, work: Callable[[sqlite3.Connection], ResultT]) -> ResultT:
        if self._connection is None:
            raise Refused(f"{self.path} is not open: it could not be opened when the engine began")
        with _translated(self.path), self._there(self._connection) as connection:
            # IMMEDIATE waits for another process that writes; a transaction that begins by reading
            # and writes later would fail at once.
            connection.execute("BEGIN IMMEDIATE")
            return work(connection)

    def _there(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        """Return a connection to the file that is there now: what goes to a deleted one is lost."""
        try:
            mark = _mark(self.path)
        except FileNotFoundError:
            connection.close()
            self._connection = None
            return self._open()
        except OSError as error:
            raise Refused(f"{self.path} cannot be read ({error.strerror})") from error
        if mark != self._opened:
            # Closing would take away the other file's log: SQLite finds that by its name.
            raise Damaged(f"{self.path} was replaced while it was in use: start the program again")
        return connection

    def _close(self) -> None:
        # First the thread: an `open` that nobody waits for any more may be under way on it.
        self._worker.shutdown()
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _mark(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch the file to WAL; SQLite does not wait by itself where another process does so too."""
    for left in reversed(range(WAL_TRIES)):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if not left or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(WAL_PAUSE_S)


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


# Primary result codes of SQLite (the low byte): the world's doing, as against ours.
_REFUSALS = {
    sqlite3.SQLITE_FULL: "free some space",
    sqlite3.SQLITE_IOERR: "check the disk",
    sqlite3.SQLITE_READONLY: "make it writable",
    sqlite3.SQLITE_CANTOPEN: "check the folder's permissions",
    sqlite3.SQLITE_PERM: "check its permissions",
    sqlite3.SQLITE_BUSY: "close the other program that uses it",
    sqlite3.SQLITE_LOCKED: "close the other program that uses it",
}
_DAMAGES = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Raise what the world did as an EngineError; a mistake in the SQL passes as it is."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _REFUSALS:
            raise Refused(f"{path} cannot be used ({error}): {_REFUSALS[code]}") from error
        if code in _DAMAGES:
            raise Damaged(
                f"{path} is damaged ({error}): move it away and a new one is made"
            ) from error
        raise
