"""Every finished sentence, kept and found again."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from engine.clock import Clock
from engine.full_text import UNSPACED, all_of, like
from engine.moments import micros, moment
from engine.storage import Database
from engine.voice.snapshot import Segment, Utterance, Word

HISTORY_MIGRATIONS = (
    """
    CREATE TABLE utterance (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        said_at_us INTEGER NOT NULL,
        text TEXT NOT NULL,
        language TEXT,
        duration_s REAL NOT NULL,
        source TEXT NOT NULL,
        confidence REAL,
        segments TEXT NOT NULL DEFAULT '[]',
        deleted_at_us INTEGER
    );
    CREATE INDEX utterance_by_time ON utterance (said_at_us, id);
    CREATE VIRTUAL TABLE utterance_words USING fts5 (
        text, content='utterance', content_rowid='id', tokenize='unicode61 remove_diacritics 2'
    );
    CREATE TRIGGER utterance_added AFTER INSERT ON utterance BEGIN
        INSERT INTO utterance_words (rowid, text) VALUES (new.id, new.text);
    END;
    CREATE TRIGGER utterance_gone AFTER DELETE ON utterance BEGIN
        INSERT INTO utterance_words (utterance_words, rowid, text)
        VALUES ('delete', old.id, old.text);
    END;
    CREATE TRIGGER utterance_changed AFTER UPDATE OF text ON utterance BEGIN
        INSERT INTO utterance_words (utterance_words, rowid, text)
        VALUES ('delete', old.id, old.text);
        INSERT INTO utterance_words (rowid, text) VALUES (new.id, new.text);
    END
    """,
)

COLUMNS = "id, said_at_us, text, language, duration_s, source, confidence"
NEWEST_FIRST = "ORDER BY said_at_us DESC, id DESC LIMIT ?"


class History:
    """The stored utterances of one database that was opened with HISTORY_MIGRATIONS.

    Deleting hides; what is hidden can be restored until it is purged. Every method raises
    Refused where the disk is full and Damaged where the database is.
    """

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add(self, utterance: Utterance, segments: Sequence[Segment] = ()) -> int:
        """Store `utterance`, whose own id does not count, and return its id here."""
        row = (
            micros(utterance.said_at),
            utterance.text,
            utterance.language,
            utterance.duration_s,
            utterance.source,
            utterance.confidence,
            json.dumps([dataclasses.asdict(segment) for segment in segments], ensure_ascii=False),
        )

        def work(connection: sqlite3.Connection) -> int:
            sql = (
                "INSERT INTO utterance (said_at_us, text, language, duration_s, source, "
                "confidence, segments) VALUES (?, ?, ?, ?, ?, ?, ?)"
            )
            return int(connection.execute(sql, row).lastrowid or 0)

        return await self._database.run(work)

    async def replace_text(self, id: int, text: str, confidence: float | None) -> None:
        """Put `text` in the place of what was understood first; a gone utterance stays gone."""
        sql = "UPDATE utterance SET text = ?, confidence = ? WHERE id = ?"
        await self._execute(sql, [(text, confidence, id)])

    async def newest(self, *, limit: int = 200) -> tuple[Utterance, ...]:
        """Return the newest utterances, newest first."""
        sql = f"SELECT {COLUMNS} FROM utterance WHERE deleted_at_us IS NULL {NEWEST_FIRST}"
        return await self._select(sql, (limit,))

    async def search(self, query: str, *, limit: int = 200) -> tuple[Utterance, ...]:
        """Return what contains every word of `query`, newest first; "" gives the newest.

        The last word may be unfinished. Case and accents do not count, and no character has
        a special meaning.
        """
        if not query.strip():
            return await self.newest(limit=limit)
        words = all_of(query)
        if words and not UNSPACED.search(query):
            condition, value = "id IN (SELECT rowid FROM utterance_words(?))", words
        else:
            condition, value = "text LIKE ? ESCAPE '\\'", like(query)
        sql = f"SELECT {COLUMNS} FROM utterance WHERE deleted_at_us IS NULL AND {condition}"
        return await self._select(f"{sql} {NEWEST_FIRST}", (value, limit))

    async def segments(self, id: int) -> tuple[Segment, ...]:
        """Return the segments and timed words of an utterance; none where none were stored."""

        def work(connection: sqlite3.Connection) -> str:
            row = connection.execute("SELECT segments FROM utterance WHERE id = ?", (id,))
            return str((row.fetchone() or ("[]",))[0])

        return tuple(_segment(fields) for fields in json.loads(await self._database.run(work)))

    async def delete(self, ids: Iterable[int]) -> None:
        """Hide the utterances `ids`; `restore` brings them back."""
        now = micros(self._clock.wall())
        sql = "UPDATE utterance SET deleted_at_us = ? WHERE id = ? AND deleted_at_us IS NULL"
        await self._execute(sql, [(now, id) for id in ids])

    async def restore(self, ids: Iterable[int]) -> None:
        """Undo `delete` for `ids`."""
        sql = "UPDATE utterance SET deleted_at_us = NULL WHERE id = ?"
        await self._execute(sql, [(id,) for id in ids])

    async def purge_deleted(self) -> int:
        """Remove for good what is hidden and return how many that were; no restore after this."""
        return await self._execute("DELETE FROM utterance WHERE deleted_at_us IS NOT NULL", [()])

    async def purge_older_than(self, days: int) -> int:
        """Remove for good what was said more than `days` ago; return how many that were."""
        limit = micros(self._clock.wall() - timedelta(days=days))
        return await self._execute("DELETE FROM utterance WHERE said_at_us < ?", [(limit,)])

    async def purge_between(self, begin: datetime, end: datetime, source: str) -> int:
        """Remove for good what was said from `begin` to `end` and return how much that was."""
        sql = "DELETE FROM utterance WHERE source = ? AND said_at_us BETWEEN ? AND ?"
        return await self._execute(sql, [(source, micros(begin), micros(end))])

    async def _execute(self, sql: str, rows: Sequence[tuple[Any, ...]]) -> int:
        return await self._database.run(lambda found: found.executemany(sql, rows).rowcount)

    async def _select(self, sql: str, values: tuple[Any, ...]) -> tuple[Utterance, ...]:
        rows = await self._database.run(lambda found: found.execute(sql, values).fetchall())
        return tuple(_utterance(row) for row in rows)


def _utterance(row: tuple[Any, ...]) -> Utterance:
    id, said_at_us, text, language, duration_s, source, confidence = row
    return Utterance(id, moment(said_at_us), text, language, duration_s, source, confidence)


def _segment(fields: dict[str, Any]) -> Segment:
    words = tuple(Word(**word) for word in fields.pop("words"))
    return Segment(**fields, words=words)
