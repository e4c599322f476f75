"""Notes of the user, found by the words of a question."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from engine.clock import Clock
from engine.full_text import UNSPACED, all_of, any_of, like, pairs
from engine.moments import micros, moment
from engine.router.snapshot import NoteView
from engine.storage import Database

COLUMNS = "note.id, note.title, note.text, note.changed_us"
THERE = "deleted_at_us IS NULL"
TITLE_WEIGHT, TEXT_WEIGHT = 4.0, 1.0
"""A word in a title says more than one in the text."""
LEAST_SHARE = 0.25
"""Of the best note's rank: a note that shares one word of many with the question is left out."""


class Notes:
    """The notes in one database that was opened with ROUTER_MIGRATIONS.

    Deleting hides; what is hidden can be restored until it is purged. Every method raises
    Refused where the disk is full and Damaged where the database is.
    """

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def put(self, title: str, text: str, *, id: int | None = None) -> int:
        """Store a note, or change the note `id`, and return its id."""
        row = (title, text, micros(self._clock.wall()))

        def work(connection: sqlite3.Connection) -> int:
            if id is not None:
                sql = "UPDATE note SET title = ?, text = ?, changed_us = ? WHERE id = ?"
                if connection.execute(sql, (*row, id)).rowcount:
                    return id
            sql = "INSERT INTO note (title, text, changed_us) VALUES (?, ?, ?)"
            return int(connection.execute(sql, row).lastrowid or 0)

        return await self._database.run(work)

    async def list(self, *, limit: int = 500) -> tuple[NoteView, ...]:
        """Return the notes, the one changed last first."""
        return await self._select(f"{THERE} ORDER BY changed_us DESC, id DESC", (), limit)

    async def search(self, query: str, *, limit: int = 500) -> tuple[NoteView, ...]:
        """Return the notes with every word of `query`, the one changed last first.

        The last word may be unfinished; case and accents do not count. "" gives all notes.
        """
        if not query.strip():
            return await self.list(limit=limit)
        order = "ORDER BY changed_us DESC, id DESC"
        words = all_of(query)
        if UNSPACED.search(query) or not words:
            where = f"{THERE} AND (title LIKE ? ESCAPE '\\' OR text LIKE ? ESCAPE '\\') {order}"
            return await self._select(where, (like(query), like(query)), limit)
        where = f"{THERE} AND note.id IN (SELECT rowid FROM note_words(?)) {order}"
        return await self._select(where, (words,), limit)

    async def matching(self, question: str, *, limit: int) -> tuple[NoteView, ...]:
        """Return the notes that a question is about, the best match first (BM25).

        Common English words do not count, and notes that match far worse than the best are left
        out. Scripts without blanks between words are compared by pairs of letters.
        """
        words, letters = any_of(question), pairs(question)
        found: list[tuple[float, NoteView]] = []
        if words:
            found = await self._database.run(lambda connection: _ranked(connection, words))
        if letters:
            found += await self._database.run(lambda connection: _by_pairs(connection, letters))
        best: dict[int, tuple[float, NoteView]] = {}
        for rank, note in sorted(found, key=lambda each: -each[0]):
            best.setdefault(note.id, (rank, note))
        least = max((rank for rank, _ in found), default=0.0) * LEAST_SHARE
        return tuple(note for rank, note in best.values() if rank >= least)[:limit]

    async def delete(self, ids: Iterable[int]) -> None:
        """Hide the notes `ids`; `restore` brings them back."""
        now = micros(self._clock.wall())
        sql = f"UPDATE note SET deleted_at_us = ? WHERE id = ? AND {THERE}"
        await self._execute(sql, [(now, id) for id in ids])

    async def restore(self, ids: Iterable[int]) -> None:
        """Undo `delete` for `ids`."""
        sql = "UPDATE note SET deleted_at_us = NULL WHERE id = ?"
        await self._execute(sql, [(id,) for id in ids])

    async def purge_deleted(self, *, older_than_s: float = 0.0) -> int:
        """Remove for good what was hidden so long ago and return how many notes that were."""
        until = micros(self._clock.wall() - timedelta(seconds=older_than_s))
        return await self._execute("DELETE FROM note WHERE deleted_at_us <= ?", [(until,)])

    async def _execute(self, sql: str, rows: Sequence[tuple[Any, ...]]) -> int:
        return await self._database.run(lambda found: found.executemany(sql, rows).rowcount)

    async def _select(
        self, where: str, values: tuple[Any, ...], limit: int
    ) -> tuple[NoteView, ...]:
        sql = f"SELECT {COLUMNS} FROM note WHERE {where} LIMIT ?"
        rows = await self._database.run(
            lambda found: found.execute(sql, (*values, limit)).fetchall()
        )
        return tuple(_note(row) for row in rows)


def _ranked(connection: sqlite3.Connection, words: str) -> list[tuple[float, NoteView]]:
    """Return notes with any of `words` and their BM25 rank, here greater where it is better."""
    sql = (
        f"SELECT {COLUMNS}, bm25(note_words, {TITLE_WEIGHT}, {TEXT_WEIGHT}) AS place "
        "FROM note_words(?) JOIN note ON note.id = note_words.rowid "
        f"WHERE {THERE} ORDER BY place LIMIT 50"
    )
    return [(-row[4], _note(row[:4])) for row in connection.execute(sql, (words,))]


def _by_pairs(connection: sqlite3.Connection, letters: list[str]) -> list[tuple[float, NoteView]]:
    """Return notes with any of the pairs `letters`, and how many of them each has."""
    ranks = " + ".join(["(title || ' ' || text LIKE ? ESCAPE '\\')"] * len(letters))
    sql = f"SELECT {COLUMNS}, {ranks} AS place FROM note WHERE {THERE} AND place > 0"
    values = [like(each) for each in letters]
    rows = connection.execute(f"{sql} ORDER BY place DESC LIMIT 50", values)
    return [(float(row[4]), _note(row[:4])) for row in rows]


def _note(row: tuple[Any, ...]) -> NoteView:
    id, title, text, changed_us = row
    return NoteView(id, title, text, moment(changed_us))
