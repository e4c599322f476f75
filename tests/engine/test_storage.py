from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from engine.errors import Damaged, Refused
from engine.storage import Database

ResultT = TypeVar("ResultT")

ONE = "CREATE TABLE words (text TEXT NOT NULL)"
TWO = "ALTER TABLE words ADD COLUMN seen INTEGER NOT NULL DEFAULT 0"


def test_opening_that_nobody_waits_for_is_closed(tmp_path: Path) -> None:
    """A database whose opening was cancelled leaves no connection and no thread."""
    may_open, is_opening = threading.Event(), threading.Event()

    class Slow(Database):
        def _open(self) -> None:
            is_opening.set()
            assert may_open.wait(10)
            super()._open()

    async def story() -> None:
        database = Slow(tmp_path / "words.sqlite", migrations=(ONE,))
        opening = asyncio.ensure_future(database.open())
        await asyncio.to_thread(is_opening.wait, 10)
        opening.cancel()
        closing = asyncio.ensure_future(database.aclose())
        await asyncio.sleep(0)
        may_open.set()
        await closing
        assert database._connection is None

    asyncio.run(story())
    # The last connection that is closed takes the log away.
    assert [path.name for path in tmp_path.iterdir()] == ["words.sqlite"]


def use(
    path: Path, work: Callable[[sqlite3.Connection], ResultT], migrations: tuple[str, ...] = (ONE,)
) -> ResultT:
    """Open the database at `path`, do one piece of work, and close it."""

    async def story() -> ResultT:
        database = Database(path, migrations=migrations)
        try:
            await database.open()
            return await database.run(work)
        finally:
            await database.aclose()
            await database.aclose()

    return asyncio.run(story())


def add(text: str | None) -> Callable[[sqlite3.Connection], None]:
    """Return work that adds one word."""

    def work(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO words (text) VALUES (?)", (text,))

    return work


def words(connection: sqlite3.Connection) -> list[str]:
    """Return every word."""
    return [text for (text,) in connection.execute("SELECT text FROM words ORDER BY rowid")]


def test_only_the_user_reads_what_is_written(tmp_path: Path):
    """Databases are closed to other users of the machine."""
    use(tmp_path / "a.sqlite", add("private"))
    assert {path.stat().st_mode & 0o077 for path in tmp_path.iterdir()} == {0}


def test_rows_outlive_the_connection(tmp_path: Path):
    """What was added is there at the next opening."""
    path = tmp_path / "new folder" / "words.sqlite"
    use(path, add("hello"))
    assert use(path, words) == ["hello"]


def test_failed_work_changes_nothing(tmp_path: Path):
    """Work that fails half-way leaves no trace, not even of changes to the schema."""

    def fail(connection: sqlite3.Connection) -> None:
        add("half")(connection)
        connection.execute("CREATE TABLE more (a)")
        raise ValueError("mine")

    path = tmp_path / "words.sqlite"
    with pytest.raises(ValueError, match="mine"):
        use(path, fail)
    assert use(path, words) == []
    with pytest.raises(sqlite3.OperationalError, match="no such table: more"):
        use(path, lambda connection: connection.execute("SELECT * FROM more"))


def test_older_schema_is_brought_up_to_date(tmp_path: Path):
    """A database of an earlier version keeps its rows and gains what is new."""
    path = tmp_path / "words.sqlite"
    use(path, add("kept"), (ONE,))
    rows = use(path, lambda c: c.execute("SELECT text, seen FROM words").fetchall(), (ONE, TWO))
    assert rows == [("kept", 0)]


def test_failed_migration_leaves_the_older_schema(tmp_path: Path):
    """A migration that fails is undone whole, so that a mended one can be applied."""
    path = tmp_path / "words.sqlite"
    use(path, add("kept"), (ONE,))
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        use(path, words, (ONE, f"{TWO}; INSERT INTO nowhere VALUES (1)"))
    assert use(path, words, (ONE, TWO)) == ["kept"]


def test_newer_schema_is_left_alone(tmp_path: Path):
    """A database written by a newer version is refused, not changed."""
    path = tmp_path / "words.sqlite"
    use(path, add("kept"), (ONE, TWO))
    with pytest.raises(Damaged, match=r"newer version \(schema 2\)"):
        use(path, words, (ONE,))
    assert use(path, words, (ONE, TWO)) == ["kept"]


def test_file_that_is_no_database_is_damaged(tmp_path: Path):
    """A file with other content is reported with the remedy, and stays as it is."""
    path = tmp_path / "words.sqlite"
    path.write_bytes(b"these are not the rows you are looking for" * 50)
    with pytest.raises(Damaged, match="move it away"):
        use(path, words)
    assert path.read_bytes().startswith(b"these are not")


def test_folder_in_the_place_of_the_file_is_refused(tmp_path: Path):
    """Where a folder has the file's name the error says so, with the remedy."""
    (tmp_path / "words.sqlite").mkdir()
    with pytest.raises(Refused, match=r"words\.sqlite is no file: move it away"):
        use(tmp_path / "words.sqlite", words)


def test_file_that_cannot_be_opened_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What SQLite cannot open is the world's doing, with the remedy."""
    path = tmp_path / "words.sqlite"
    real = sqlite3.connect
    elsewhere = tmp_path / "no" / "such" / "folder"
    monkeypatch.setattr(sqlite3, "connect", lambda _, **given: real(elsewhere, **given))
    with pytest.raises(Refused, match="unable to open database file"):
        use(path, words)


def test_full_disk_is_refused(tmp_path: Path):
    """When SQLite finds no more room, the error says so, and the rows are as before."""

    def fill(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA max_page_count = 3")
        for _ in range(1000):
            add("x" * 1000)(connection)

    with pytest.raises(Refused, match="free some space"):
        use(tmp_path / "words.sqlite", fill)
    assert use(tmp_path / "words.sqlite", words) == []


def test_folder_without_permission_is_refused(tmp_path: Path):
    """A database below a file is refused."""
    (tmp_path / "file").write_text("")
    with pytest.raises(Refused, match="cannot be written"):
        use(tmp_path / "file" / "words.sqlite", words)


def test_mistake_in_the_sql_is_not_blamed_on_the_world(tmp_path: Path):
    """A wrong statement or a broken constraint passes as sqlite3's own error."""
    with pytest.raises(sqlite3.OperationalError, match="syntax error"):
        use(tmp_path / "words.sqlite", lambda connection: connection.execute("SELEKT"))
    with pytest.raises(sqlite3.IntegrityError):
        use(tmp_path / "words.sqlite", add(None))


def test_closed_database_is_a_mistake(tmp_path: Path):
    """Work before the opening raises RuntimeError."""

    async def story() -> None:
        database = Database(tmp_path / "words.sqlite", migrations=(ONE,))
        try:
            await database.run(words)
        finally:
            await database.aclose()

    with pytest.raises(Refused, match="is not open"):
        asyncio.run(story())


def test_two_processes_write_at_once(tmp_path: Path):
    """Work that reads before it writes waits for the other process, and neither loses any."""

    def count_one(connection: sqlite3.Connection) -> None:
        (seen,) = connection.execute("SELECT max(seen) FROM words").fetchone()
        connection.execute("UPDATE words SET seen = ?", (seen + 1,))

    async def story() -> int:
        path = tmp_path / "words.sqlite"
        both = [Database(path, migrations=(ONE, TWO)) for _ in range(2)]
        await both[0].open()
        await both[0].run(add("word"))
        await both[1].open()
        await asyncio.gather(*(each.run(count_one) for each in both for _ in range(100)))
        found = await both[1].run(lambda it: it.execute("SELECT seen FROM words").fetchone())
        for each in both:
            await each.aclose()
        return int(found[0])

    assert asyncio.run(story()) == 200


def test_two_processes_open_a_new_file_at_once(tmp_path: Path):
    """Both find the schema in it, whichever of them wrote it."""

    async def story(path: Path) -> None:
        both = [Database(path, migrations=(ONE, TWO)) for _ in range(2)]
        try:
            await asyncio.gather(*(each.open() for each in both))
            for each in both:
                await each.run(words)
        finally:
            for each in both:
                await each.aclose()

    for number in range(20):
        asyncio.run(story(tmp_path / f"words{number}.sqlite"))


def delete_all(folder: Path) -> None:
    for each in folder.iterdir():
        each.unlink()


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps files that are in use")
def test_file_deleted_while_in_use_is_made_anew(tmp_path: Path):
    """What is written after somebody deleted the file is in a new one, not in one that is gone."""

    async def story() -> None:
        database = Database(tmp_path / "words.sqlite", migrations=(ONE,))
        await database.open()
        await database.run(add("before"))
        delete_all(tmp_path)
        await database.run(add("after"))
        await database.aclose()

    asyncio.run(story())
    assert use(tmp_path / "words.sqlite", words) == ["after"]


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps files that are in use")
def test_file_replaced_while_in_use_is_told(tmp_path: Path):
    """A file that somebody put in the place of the open one is neither read nor written by half."""

    async def story() -> None:
        path = tmp_path / "words.sqlite"
        database = Database(path, migrations=(ONE,))
        await database.open()
        path.rename(tmp_path / "old")
        path.write_bytes(b"")
        with pytest.raises(Damaged, match="replaced while it was in use"):
            await database.run(words)
        await database.aclose()

    asyncio.run(story())
