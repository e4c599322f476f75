"""The table finds what is indexed, keeps its lists true, and removes for good."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.activity import ActivityQuery, ActivityRecord
from engine.activity_rows import ACTIVITY_MIGRATIONS
from engine.activity_table import INDEXED, LISTS, ActivityTable

SEARCH = ActivityQuery(text="needle")


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Return a database with the tables of the activity list."""
    made = sqlite3.connect(tmp_path / "a.sqlite", isolation_level=None)
    made.execute("PRAGMA foreign_keys=ON")
    for script in ACTIVITY_MIGRATIONS:
        made.executescript(script)
    yield made
    made.close()


def record(number: int, text: str = "needle") -> ActivityRecord:
    body = {"prompt": f"{text} {number}"}
    return ActivityRecord(f"r{number}", float(number), "completion", "me", "m", request=body)


def test_a_search_waits_for_the_index(connection: sqlite3.Connection) -> None:
    """What is not indexed yet is not passed over: it is found once it is."""
    table = ActivityTable()
    table.add(connection, [record(1)])
    page = table.page(connection, SEARCH, range(9), None)
    assert (page.total, page.cursor) == (0, 0)
    assert table.index_some(connection) is False
    assert table.page(connection, SEARCH, range(9), None).total == 1


def test_a_long_list_is_indexed_in_slices(connection: sqlite3.Connection) -> None:
    """Each call indexes some, and says whether there are more."""
    table = ActivityTable()
    table.add(connection, [record(number) for number in range(2 * INDEXED + 1)])
    assert [table.index_some(connection) for _ in range(3)] == [True, True, False]
    assert table.page(connection, SEARCH, range(0), None).total == 2 * INDEXED + 1


def test_the_index_forgets_what_is_removed(connection: sqlite3.Connection) -> None:
    """After pruning neither list nor index has the old; what was never indexed is no trouble."""
    table = ActivityTable()
    table.add(connection, [record(number) for number in range(5)])
    table.index_some(connection)
    table.add(connection, [record(number) for number in range(5, 9)])
    assert table.page(connection, ActivityQuery(), range(0), None).total == 9
    assert table.prune(connection, 7.0) is True
    assert table.prune(connection, 7.0) is False
    table.index_some(connection)
    rows = table.page(connection, SEARCH, range(9), None).rows
    assert [row.id for row in rows] == ["r8", "r7"]
    connection.execute("INSERT INTO activity_words (activity_words) VALUES ('integrity-check')")
    assert connection.execute("SELECT count(*) FROM activity_text").fetchone() == (2,)


def test_what_is_cleared_is_gone_from_the_file(
    connection: sqlite3.Connection, tmp_path: Path
) -> None:
    """No page of the file still has the words."""
    table = ActivityTable()
    table.add(connection, [record(number, "confidential") for number in range(200)])
    table.index_some(connection)
    assert b"confidential" in (tmp_path / "a.sqlite").read_bytes()
    table.clear(connection)
    assert b"confidential" not in (tmp_path / "a.sqlite").read_bytes()


def test_few_lists_are_kept(connection: sqlite3.Connection) -> None:
    """However many queries are asked, the memory for their lists is bounded."""
    table = ActivityTable()
    table.add(connection, [record(1)])
    for number in range(20):
        table.page(connection, ActivityQuery(model=str(number)), range(9), None)
        table.page(connection, ActivityQuery(sort="slowest"), range(9), number % 3)
    assert len(table._lists) <= LISTS


def test_a_row_without_texts_is_whole(connection: sqlite3.Connection) -> None:
    """A request of which only figures were kept comes back with nothing asked or answered."""
    table = ActivityTable()
    bare = ActivityRecord("r1", 1.0, "chat", "me", "m")
    table.add(connection, [bare])
    assert table.record(connection, "r1") == bare
    assert table.record(connection, "r2") is None
    assert table.whole(connection, ActivityQuery(), range(9), None) == (bare,)


def test_the_list_is_bounded(connection: sqlite3.Connection) -> None:
    """Only the newest stay, and of those only the newest have texts, found and read no more."""
    table = ActivityTable(most_rows=6, most_texts=3)
    table.add(connection, [record(number) for number in range(10)])
    table.index_some(connection)
    assert table.page(connection, SEARCH, range(9), None).total == 10
    assert [table.prune(connection, -1.0), table.prune(connection, -1.0)] == [True, False]
    assert [table.prune_texts(connection), table.prune_texts(connection)] == [True, False]
    rows = table.page(connection, ActivityQuery(), range(99), None).rows
    assert [row.id for row in rows] == ["r9", "r8", "r7", "r6", "r5", "r4"]
    kept = table.record(connection, "r6")
    assert kept is not None
    assert kept.request is None
    found = table.page(connection, ActivityQuery(text="needle 6"), range(9), None)
    assert [row.id for row in found.rows] == ["r6"]  # by its title, which stays
    connection.execute("INSERT INTO activity_words (activity_words) VALUES ('integrity-check')")
    words = connection.execute("SELECT rowid FROM activity_words('needle') ORDER BY 1").fetchall()
    assert words == [(8,), (9,), (10,)]


def test_another_process_removes_rows(connection: sqlite3.Connection, tmp_path: Path) -> None:
    """A page is right also after another process on the same file has forgotten everything."""
    table, other = ActivityTable(), ActivityTable()
    table.add(connection, [record(number) for number in range(3)])
    assert table.page(connection, ActivityQuery(), range(9), None).total == 3
    before = table.totals(connection, ActivityQuery())
    theirs = sqlite3.connect(tmp_path / "a.sqlite", isolation_level=None)
    other.clear(theirs)
    other.add(theirs, [record(9)])
    theirs.close()
    for query in (ActivityQuery(), ActivityQuery(sort="slowest")):
        assert [each.id for each in table.page(connection, query, range(9), None).rows] == ["r9"]
    assert table.totals(connection, ActivityQuery()) != before
