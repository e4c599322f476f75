"""What models were seen to take at most, which corrects what the formulas say."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from engine.storage import Database

SCHEMA = """
CREATE TABLE peaks (
    id INTEGER PRIMARY KEY,
    model TEXT NOT NULL,
    told_mib INTEGER NOT NULL CHECK (told_mib > 0),
    peak_mib INTEGER NOT NULL CHECK (peak_mib > 0),
    at TEXT NOT NULL
);
CREATE INDEX peaks_by_model ON peaks (model, id);
"""
KEPT = 8
"""Peaks of each model: the formulas, the servers and the driver change with time."""
LEAST_SHARE, MOST_SHARE = 0.5, 2.0
"""A peak further off than that was of something else: half loaded, or two models at once."""


@dataclass(frozen=True, slots=True)
class Peak:
    """The most that a model took, MiB on each card."""

    model: str
    told_mib: int
    """What the formulas said."""
    peak_mib: int
    at: datetime


class Peaks:
    """The peaks that were seen, by model."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, peak: Peak) -> bool:
        """Keep `peak` and tell whether it was believed. Raises as Database.run does."""
        if not _is_believable(peak):
            return False

        def insert(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO peaks (model, told_mib, peak_mib, at) VALUES (?, ?, ?, ?)",
                (peak.model, peak.told_mib, peak.peak_mib, peak.at.isoformat()),
            )
            connection.execute(
                "DELETE FROM peaks WHERE model = ? AND id NOT IN"
                " (SELECT id FROM peaks WHERE model = ? ORDER BY id DESC LIMIT ?)",
                (peak.model, peak.model, KEPT),
            )

        await self._database.run(insert)
        return True

    async def share(self, model: str) -> float | None:
        """Return the largest peak over what the formulas said; None for an unknown model.

        The largest, for too little memory ends a program and too much only waits.
        """

        def look(connection: sqlite3.Connection) -> float | None:
            (found,) = connection.execute(
                "SELECT MAX(1.0 * peak_mib / told_mib) FROM peaks WHERE model = ?", (model,)
            ).fetchone()
            return None if found is None else float(found)

        return await self._database.run(look)


def _is_believable(peak: Peak) -> bool:
    if peak.told_mib <= 0 or peak.peak_mib <= 0:
        return False
    return LEAST_SHARE <= peak.peak_mib / peak.told_mib <= MOST_SHARE
