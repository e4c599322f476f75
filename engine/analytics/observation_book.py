"""Every observation in SQLite: what was learnt is worked out from these rows, and nothing else."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from engine.analytics.observation_rows import (
    MIGRATIONS,
    SELECT,
    UPSERT,
    StudyNotes,
    notes_of,
    notes_text,
    observation_of,
    row_of,
    span_text,
    spans_of,
)
from engine.analytics.observations import Observation, StudyKey
from engine.analytics.quantiles import Span
from engine.analytics.snapshot import AlarmView
from engine.errors import Rejected
from engine.storage import Database

FILE = "analytics.sqlite"
"""In the folder for data."""
REPLAYED = 20_000
"""Observations from which a study is worked out again: a second."""
SLICE = 2_000
"""Rows removed in one transaction: others get their turn between them."""
MOST_ALARMS = 100
UNDO_S = 86_400.0
MOST_RECALLED = 5_000
WAITING = "state = 'waiting' AND over_s IS NOT NULL AND forgotten = '' AND origin = ''"
OF_STUDY = "model = ? AND task_type = ? AND forgotten = ''"

_encode_alarm = msgspec.json.Encoder().encode
_decode_alarm = msgspec.json.Decoder(AlarmView).decode


@dataclass(slots=True)
class Batch:
    """What is written in one transaction."""

    rows: list[tuple[object, ...]] = field(default_factory=list)
    spans: list[tuple[str, str, float, str]] = field(default_factory=list)
    notes: list[tuple[str, str, float, str]] = field(default_factory=list)
    alarms: list[tuple[float, bytes]] = field(default_factory=list)

    def add(self, found: Observation) -> None:
        """Write `found` as it is now."""
        self.rows.append(row_of(found))

    def add_span(self, key: StudyKey, span: Span) -> None:
        """Write `span` as it is now."""
        self.spans.append((*key, span.start_s, span_text(span)))

    def add_notes(self, key: StudyKey, used_s: float, notes: StudyNotes) -> None:
        """Write what is noted of a study."""
        self.notes.append((*key, used_s, notes_text(notes)))

    def add_alarm(self, alarm: AlarmView) -> None:
        """Write that something has changed."""
        self.alarms.append((alarm.at_s, _encode_alarm(alarm)))

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.rows or self.spans or self.notes or self.alarms)


@dataclass(frozen=True, slots=True)
class StoredStudy:
    """What the book knows of one study."""

    observations: tuple[Observation, ...]
    """The newest, oldest first."""
    pulls: Mapping[str, tuple[int, int]]
    """By arm: observations and rewards in all."""
    spans: tuple[Span, ...]
    notes: StudyNotes


@dataclass(frozen=True, slots=True)
class _RawStudy:
    """The same as it came from the database, newest first."""

    rows: list[tuple[Any, ...]]
    pulls: Mapping[str, tuple[int, int]]
    spans: list[tuple[float, str]]
    notes: str


class ObservationBook:
    """Reads and writes; every call raises Refused or Damaged where the disk or the file fails."""

    def __init__(self, folder: Path) -> None:
        self._database = Database(folder / FILE, migrations=MIGRATIONS)

    async def open(self) -> None:
        """Open the file."""
        await self._database.open()

    async def aclose(self) -> None:
        """Close the file. Never raises; may be called twice."""
        await self._database.aclose()

    async def write(self, batch: Batch) -> None:
        """Write all of `batch`, or nothing."""
        await self._database.run(partial(_write, batch))

    async def study(self, key: StudyKey, most: int = REPLAYED) -> StoredStudy:
        """Return what is known of a study, of its `most` newest answers; empty for a new one."""
        raw = await self._database.run(partial(_study, key, most))
        # Others get the database meanwhile.
        return await asyncio.to_thread(_stored, raw)

    async def studies(self, most: int) -> list[StudyKey]:
        """Return the `most` studies used last, the last first."""

        def read(connection: sqlite3.Connection) -> list[StudyKey]:
            sql = "SELECT model, task_type FROM studies ORDER BY used_s DESC LIMIT ?"
            return [StudyKey(*row) for row in connection.execute(sql, (most,))]

        return await self._database.run(read)

    async def find(self, *, id: str = "", request_id: str = "") -> Observation | None:
        """Return an observation by its id or its request's, or None."""
        name, wanted = ("id", id) if id else ("request_id", request_id)
        sql = f"{SELECT} WHERE {name} = ? AND forgotten = '' ORDER BY number DESC LIMIT 1"

        def read(connection: sqlite3.Connection) -> Observation | None:
            row = connection.execute(sql, (wanted,)).fetchone()
            return None if row is None else observation_of(row)

        return await self._database.run(read) if wanted else None

    async def waiting(self) -> list[Observation]:
        """Return the last answers that nobody has rated and that do not count yet, oldest first."""

        def read(connection: sqlite3.Connection) -> list[Observation]:
            sql = f"{SELECT} WHERE {WAITING} ORDER BY number DESC LIMIT ?"
            return [observation_of(row) for row in connection.execute(sql, (MOST_RECALLED,))][::-1]

        return await self._database.run(read)

    async def alarms(self) -> list[AlarmView]:
        """Return the last alarms, newest first."""

        def read(connection: sqlite3.Connection) -> list[AlarmView]:
            sql = "SELECT body FROM alarms ORDER BY number DESC LIMIT ?"
            return [_decode_alarm(row[0]) for row in connection.execute(sql, (MOST_ALARMS,))]

        return await self._database.run(read)

    async def total(self) -> int:
        """Return how many observations there are."""

        def read(connection: sqlite3.Connection) -> int:
            sql = "SELECT count(*) FROM observations WHERE forgotten = ''"
            return int(connection.execute(sql).fetchone()[0])

        return await self._database.run(read)

    async def newest_s(self) -> float | None:
        """Return when the newest observation was made, seconds since 1970; None for none."""

        def read(connection: sqlite3.Connection) -> float | None:
            found: float | None = connection.execute(
                "SELECT max(made_s) FROM observations"
            ).fetchone()[0]
            return found

        return await self._database.run(read)

    async def forget(
        self, token: str, at_s: float, where: Mapping[str, object]
    ) -> dict[StudyKey, int]:
        """Set observations aside; return how many of each study.

        where: "model", "task_type", "id", "before_s" and "arm"; those that are left out do not
        count, so that nothing at all forgets everything.
        """
        return await self._database.run(partial(_forget, token, at_s, where))

    async def recall(self, token: str) -> dict[StudyKey, int]:
        """Bring back what `forget` has set aside. Raises Rejected where it is gone for good."""
        return await self._database.run(partial(_recall, token))

    async def prune(self, *, before_s: float, most: int, forgets_before_s: float) -> bool:
        """Remove a slice of what is too old or too much; tell whether there may be more."""
        return await self._database.run(partial(_prune, before_s, most, forgets_before_s))


def _write(batch: Batch, connection: sqlite3.Connection) -> None:
    connection.executemany(UPSERT, batch.rows)
    connection.executemany("INSERT OR REPLACE INTO spans VALUES (?, ?, ?, ?)", batch.spans)
    connection.executemany("INSERT OR REPLACE INTO studies VALUES (?, ?, ?, ?)", batch.notes)
    connection.executemany("INSERT INTO alarms (at_s, body) VALUES (?, ?)", batch.alarms)
    if batch.alarms:
        newest = "SELECT number FROM alarms ORDER BY number DESC LIMIT ?"
        connection.execute(f"DELETE FROM alarms WHERE number NOT IN ({newest})", (MOST_ALARMS,))


def _study(key: StudyKey, most: int, connection: sqlite3.Connection) -> _RawStudy:
    run: Callable[..., sqlite3.Cursor] = connection.execute
    newest = f"{SELECT} WHERE {OF_STUDY} ORDER BY number DESC LIMIT ?"
    rows = run(newest, (*key, most)).fetchall()
    grouped = (
        f"SELECT arm, count(*), count(counted_s) FROM observations WHERE {OF_STUDY} GROUP BY 1"
    )
    pulls = {arm: (made, counted) for arm, made, counted in run(grouped, key)}
    of_key = "model = ? AND task_type = ?"
    spans = run(f"SELECT start_s, body FROM spans WHERE {of_key} ORDER BY 1", key).fetchall()
    notes = run(f"SELECT notes FROM studies WHERE {of_key}", key).fetchone()
    return _RawStudy(rows, pulls, spans, "{}" if notes is None else notes[0])


def _stored(raw: _RawStudy) -> StoredStudy:
    observations = tuple(observation_of(row) for row in reversed(raw.rows))
    return StoredStudy(observations, raw.pulls, tuple(spans_of(raw.spans)), notes_of(raw.notes))


def _forget(
    token: str, at_s: float, where: Mapping[str, object], connection: sqlite3.Connection
) -> dict[StudyKey, int]:
    tests = {
        "model": "model = ?", "task_type": "task_type = ?", "id": "id = ?", "arm": "arm = ?",
        "before_s": "made_s < ?",
    }  # fmt: skip
    used = {name: value for name, value in where.items() if value is not None}
    condition = " AND ".join([tests[name] for name in used] + ["forgotten = ''"])
    values = tuple(used.values())
    grouped = f"SELECT model, task_type, count(*) FROM observations WHERE {condition} GROUP BY 1, 2"
    counts = {StudyKey(row[0], row[1]): row[2] for row in connection.execute(grouped, values)}
    connection.execute(f"UPDATE observations SET forgotten = ? WHERE {condition}", (token, *values))
    connection.execute("INSERT INTO forgets VALUES (?, ?)", (token, at_s))
    _drop_spans(counts, connection)
    return counts


def _recall(token: str, connection: sqlite3.Connection) -> dict[StudyKey, int]:
    if connection.execute("DELETE FROM forgets WHERE token = ?", (token,)).rowcount == 0:
        raise Rejected(
            "what was forgotten is gone for good, or was brought back already",
            status=404,
            code="unknown_token",
        )
    sql = "SELECT model, task_type, count(*) FROM observations WHERE forgotten = ? GROUP BY 1, 2"
    counts = {StudyKey(row[0], row[1]): row[2] for row in connection.execute(sql, (token,))}
    connection.execute("UPDATE observations SET forgotten = '' WHERE forgotten = ?", (token,))
    _drop_spans(counts, connection)
    return counts


def _drop_spans(keys: Mapping[StudyKey, int], connection: sqlite3.Connection) -> None:
    """Remove the sums of studies whose observations have changed: they are added up again."""
    connection.executemany("DELETE FROM spans WHERE model = ? AND task_type = ?", list(keys))


def _prune(
    before_s: float, most: int, forgets_before_s: float, connection: sqlite3.Connection
) -> bool:
    run: Callable[..., sqlite3.Cursor] = connection.execute
    gone = run(
        "DELETE FROM observations WHERE number IN "
        "(SELECT number FROM observations WHERE made_s < ? LIMIT ?)",
        (before_s, SLICE),
    ).rowcount
    old = "SELECT token FROM forgets WHERE at_s < ?"
    gone += run(
        "DELETE FROM observations WHERE number IN (SELECT number FROM observations "
        f"WHERE forgotten <> '' AND forgotten IN ({old}) LIMIT ?)",
        (forgets_before_s, SLICE),
    ).rowcount
    if not gone:
        run("DELETE FROM forgets WHERE at_s < ?", (forgets_before_s,))
        run("DELETE FROM spans WHERE start_s < ?", (before_s,))
    there = int(run("SELECT count(*) FROM observations").fetchone()[0])
    if there > most:
        gone += run(
            "DELETE FROM observations WHERE number IN "
            "(SELECT number FROM observations ORDER BY number LIMIT ?)",
            (min(SLICE, there - most),),
        ).rowcount
    return gone > 0
