"""The rows of the activity list, found by their number in any order."""

from __future__ import annotations

import sqlite3
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from engine.activity import ActivityPage, ActivityQuery, ActivityRecord, ActivityTotals
from engine.activity_rows import (
    INSERT,
    INSERT_TEXT,
    ORDERS,
    ROW,
    condition_of,
    question_in,
    record_of,
    row_of,
    text_of,
)
from engine.activity_sums import ActivitySums

LISTS = 4
"""Queries whose list of rows is kept at hand: 0.8 MB each for 100,000 rows."""
INDEXED, REMOVED = 100, 500
"""Rows that are indexed or removed at once, 3 ms or 10: a page that is asked for waits."""
MOST_ROWS, MOST_TEXTS = 1_000_000, 100_000
"""Kept however young they are: some 300 MB of figures, and 1 GB of texts and decisions."""
NEWEST_OF_ID = "activity.id = ? ORDER BY activity.seq DESC LIMIT 1"


@dataclass(slots=True)
class _Found:
    """Numbers of the rows that a query finds, in its order; by time the oldest first."""

    rows: array[int] = field(default_factory=lambda: array("q"))
    upto: int = 0
    """The newest row there was when they were looked for."""


class ActivityTable:
    """Reads and writes the tables of ACTIVITY_MIGRATIONS. Every call on one and the same thread.

    A query's row numbers are looked up once and then kept, so that any page of it is a slice.
    """

    def __init__(self, *, most_rows: int = MOST_ROWS, most_texts: int = MOST_TEXTS) -> None:
        self._most_rows = most_rows
        self._most_texts = most_texts
        self._lists: OrderedDict[tuple[ActivityQuery, int], _Found] = OrderedDict()
        self._sums = ActivitySums()
        self._seen: tuple[sqlite3.Connection, int] | None = None
        """The file, and SQLite's count of what other processes changed in it."""

    def add(self, connection: sqlite3.Connection, records: Sequence[ActivityRecord]) -> None:
        """Store `records` in their order."""
        rows, texts = [], []
        for seq, record in enumerate(records, _newest(connection) + 1):
            question = question_in(record.request)
            rows.append(row_of(seq, record, question))
            if record.request is not None or record.answer or record.decision is not None:
                texts.append(text_of(seq, record, question))
        connection.executemany(INSERT, rows)
        connection.executemany(INSERT_TEXT, texts)

    def page(
        self,
        connection: sqlite3.Connection,
        query: ActivityQuery,
        rows: range,
        before: int | None,
    ) -> ActivityPage:
        """Return the rows of `query` with the numbers `rows`, as many of them as there are."""
        chosen, total, cursor = self._chosen(connection, query, rows, before)
        sql = f"SELECT seq, {ROW} FROM activity WHERE seq IN ({_marks(chosen)})"
        by_seq = {row[0]: record_of(row[1:]) for row in connection.execute(sql, chosen)}
        return ActivityPage(tuple(by_seq[seq] for seq in chosen), rows.start, total, cursor)

    def totals(self, connection: sqlite3.Connection, query: ActivityQuery) -> ActivityTotals:
        """Return all rows of `query` in a few figures."""
        self._drop_stale(connection)
        return self._sums.of(connection, query, _there(connection, query))

    def whole(
        self,
        connection: sqlite3.Connection,
        query: ActivityQuery,
        rows: range,
        before: int | None,
    ) -> tuple[ActivityRecord, ...]:
        """Return the same rows with what was asked and answered, and the decision."""
        chosen, _, _ = self._chosen(connection, query, rows, before)
        by_seq = dict(_whole(connection, f"activity.seq IN ({_marks(chosen)})", chosen))
        return tuple(by_seq[seq] for seq in chosen)

    def record(self, connection: sqlite3.Connection, id: str) -> ActivityRecord | None:
        """Return the newest record with this id, or None."""
        return next((each for _, each in _whole(connection, NEWEST_OF_ID, [id])), None)

    def names(self, connection: sqlite3.Connection) -> dict[str, tuple[str, ...]]:
        """Return the different kinds, models, endpoints and clients, sorted."""
        found = {}
        for name in ("kind", "model", "endpoint", "client"):
            sql = f"SELECT DISTINCT {name} FROM activity WHERE {name} <> '' ORDER BY 1"
            found[name] = tuple(row[0] for row in connection.execute(sql))
        return found

    def index_some(self, connection: sqlite3.Connection, most: int = INDEXED) -> bool:
        """Index `most` texts for the search; False where none is left."""
        indexed, newest = _indexed(connection), _newest(connection)
        upto = min(indexed + most, newest)
        if upto > indexed:
            connection.execute(
                "INSERT INTO activity_words (rowid, question, answer) SELECT seq, question, answer "
                "FROM activity_text WHERE seq > ? AND seq <= ?",
                (indexed, upto),
            )
            connection.execute("UPDATE activity_indexed SET seq = ?", (upto,))
        return upto < newest

    def last_at_s(self, connection: sqlite3.Connection) -> float | None:
        """Return when the request came that was added last, seconds since 1970; None for none."""
        sql = "SELECT at_s FROM activity ORDER BY seq DESC LIMIT 1"
        found = connection.execute(sql).fetchone()
        return None if found is None else float(found[0])

    def prune(self, connection: sqlite3.Connection, limit_s: float) -> bool:
        """Remove some of what came before `limit_s`, seconds since 1970, or is one too many.

        False where there was none. Single words may stay in the search's index until SQLite
        tidies that up.
        """
        sql = "SELECT seq FROM activity WHERE at_s < ? OR seq <= ? LIMIT ?"
        last = _newest(connection) - self._most_rows
        old = [row[0] for row in connection.execute(sql, (limit_s, last, REMOVED))]
        self._forget_texts(connection, old)
        connection.execute(f"DELETE FROM activity WHERE seq IN ({_marks(old)})", old)
        if old:
            self._forget_lists()
        return bool(old)

    def prune_texts(self, connection: sqlite3.Connection) -> bool:
        """Remove some texts and decisions of all but the newest requests; False where none is."""
        sql = "SELECT seq FROM activity_text WHERE seq <= ? LIMIT ?"
        last = _newest(connection) - self._most_texts
        old = [row[0] for row in connection.execute(sql, (last, REMOVED))]
        self._forget_texts(connection, old)
        if old:
            self._forget_lists()  # what a search found before is not found any more
        return bool(old)

    def clear(self, connection: sqlite3.Connection) -> None:
        """Remove everything; numbers go on, so that no cursor means another row."""
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("INSERT INTO activity_words (activity_words) VALUES ('delete-all')")
        connection.execute("DELETE FROM activity_text")
        connection.execute("DELETE FROM activity")
        connection.execute("UPDATE activity_indexed SET seq = ?", (_newest(connection),))
        self._forget_lists()

    def _forget_lists(self) -> None:
        self._lists.clear()
        self._sums.forget()

    def _forget_texts(self, connection: sqlite3.Connection, rows: Sequence[int]) -> None:
        """Remove the texts of `rows`, also from the index as far as they are in it."""
        connection.execute("PRAGMA secure_delete = ON")
        marks = _marks(rows)
        connection.execute(
            "INSERT INTO activity_words (activity_words, rowid, question, answer) "
            "SELECT 'delete', seq, question, answer FROM activity_text "
            f"WHERE seq <= ? AND seq IN ({marks})",
            (_indexed(connection), *rows),
        )
        connection.execute(f"DELETE FROM activity_text WHERE seq IN ({marks})", rows)

    def _chosen(
        self,
        connection: sqlite3.Connection,
        query: ActivityQuery,
        rows: range,
        before: int | None,
    ) -> tuple[list[int], int, int]:
        """Return the wanted part of the list, the length of the whole, and its cursor."""
        self._drop_stale(connection)
        there = _there(connection, query)
        cursor = there if before is None else min(before, there)
        if query.sort not in ("newest", "oldest"):
            found = self._sorted(connection, query, cursor)
            return found[rows.start : rows.stop].tolist(), len(found), cursor
        found = self._by_time(connection, query, there)
        total = bisect_right(found, cursor)
        if query.sort == "oldest":
            return found[rows.start : min(rows.stop, total)].tolist(), total, cursor
        begin, end = total - rows.stop, total - rows.start
        return found[max(0, begin) : max(0, end)].tolist()[::-1], total, cursor

    def _drop_stale(self, connection: sqlite3.Connection) -> None:
        """Forget the lists where another process may have removed rows."""
        (version,) = connection.execute("PRAGMA data_version").fetchone()
        if self._seen != (connection, version):
            self._seen = connection, version
            self._forget_lists()

    def _by_time(
        self, connection: sqlite3.Connection, query: ActivityQuery, upto: int
    ) -> array[int]:
        """Return every row of `query` up to `upto`; what is new since last time is added."""
        found = self._list(replace(query, sort="newest"), 0)
        if found.upto < upto:
            condition, values = condition_of(query)
            sql = f"SELECT seq FROM activity WHERE seq > ? AND seq <= ? AND {condition}"
            new = connection.execute(f"{sql} ORDER BY seq", (found.upto, upto, *values))
            found.rows.extend(row[0] for row in new)
            found.upto = upto
        return found.rows

    def _sorted(
        self, connection: sqlite3.Connection, query: ActivityQuery, upto: int
    ) -> array[int]:
        """Return the rows of `query` up to `upto`, in the order that ORDERS has for it."""
        found = self._list(query, upto)
        if found.upto < upto:
            condition, values = condition_of(query)
            sql = f"SELECT seq FROM activity WHERE seq <= ? AND {condition}"
            ordered = connection.execute(f"{sql} ORDER BY {ORDERS[query.sort]}", (upto, *values))
            found.rows.extend(row[0] for row in ordered)
            found.upto = upto
        return found.rows

    def _list(self, query: ActivityQuery, upto: int) -> _Found:
        """Return the list that is at hand, or an empty one that is to be filled."""
        found = self._lists.pop((query, upto), None) or _Found()
        self._lists[(query, upto)] = found
        if len(self._lists) > LISTS:
            self._lists.popitem(last=False)
        return found


def _newest(connection: sqlite3.Connection) -> int:
    """Return the greatest number that a row ever had."""
    found = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'activity'").fetchone()
    return int(found[0]) if found else 0


def _there(connection: sqlite3.Connection, query: ActivityQuery) -> int:
    """Return the greatest number of a row that `query` can find now."""
    return _indexed(connection) if query.text.strip() else _newest(connection)


def _indexed(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT seq FROM activity_indexed").fetchone()[0])


def _whole(
    connection: sqlite3.Connection, condition: str, values: Sequence[Any]
) -> Iterator[tuple[int, ActivityRecord]]:
    sql = (
        f"SELECT activity.seq, answer, request, decision, {ROW} FROM activity "
        f"LEFT JOIN activity_text ON activity_text.seq = activity.seq WHERE {condition}"
    )
    for row in connection.execute(sql, values):
        yield row[0], record_of(row[4:], (row[1] or "", row[2], row[3]))


def _marks(values: Sequence[int]) -> str:
    return ", ".join("?" * len(values))
