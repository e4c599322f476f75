"""Leases on the disk: whoever starts anew knows who holds memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from engine.gpu.lease_processes import Root
from engine.gpu.leases import LeaseRequest, Priority
from engine.storage import Database

SCHEMA = """
CREATE TABLE leases (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    vram_mib INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    duration_s REAL NOT NULL,
    cards INTEGER NOT NULL,
    model TEXT,
    is_preemptible INTEGER NOT NULL,
    pid INTEGER,
    pid_started_s REAL,
    estimate_mib INTEGER,
    card_ids TEXT NOT NULL,
    granted_at TEXT NOT NULL,
    expires_at TEXT NOT NULL
);
CREATE TABLE keeper (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    pid INTEGER NOT NULL,
    started_s REAL NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class KeptLease:
    """A lease as it outlives the application. Times are wall times."""

    request: LeaseRequest
    """Its times mean nothing after a restart."""
    root: Root | None
    estimate_mib: int | None
    card_ids: tuple[str, ...]
    granted_at: datetime
    expires_at: datetime


class LeaseJournal:
    """The leases that are held. One application at a time keeps it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, me: Root, is_alive: Callable[[Root], bool]) -> Root | None:
        """Become the keeper; return who is, where another process that lives was first.

        Raises as Database.run does.
        """

        def take(connection: sqlite3.Connection) -> Root | None:
            row = connection.execute("SELECT pid, started_s FROM keeper").fetchone()
            if row is not None and Root(*row) != me and is_alive(Root(*row)):
                return Root(*row)
            connection.execute(
                "INSERT OR REPLACE INTO keeper (one, pid, started_s) VALUES (1, ?, ?)",
                (me.pid, me.started_s),
            )
            return None

        return await self._database.run(take)

    async def give_up(self, me: Root) -> None:
        """Let another process become the keeper. Raises as Database.run does."""

        def leave(connection: sqlite3.Connection) -> None:
            connection.execute(
                "DELETE FROM keeper WHERE pid = ? AND started_s = ?", (me.pid, me.started_s)
            )

        await self._database.run(leave)

    async def keep(self, lease: KeptLease) -> None:
        """Write `lease` down, in place of what was known of it. Raises as Database.run does."""
        values = _values(lease)
        marks = ", ".join("?" * len(values))

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(f"INSERT OR REPLACE INTO leases VALUES ({marks})", values)

        await self._database.run(write)

    async def forget(self, lease_id: str) -> None:
        """Strike a lease out. Raises as Database.run does."""

        def remove(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM leases WHERE id = ?", (lease_id,))

        await self._database.run(remove)

    async def load(self) -> tuple[KeptLease, ...]:
        """Return what was written down, oldest first. Raises as Database.run does."""

        def read(connection: sqlite3.Connection) -> tuple[KeptLease, ...]:
            rows = connection.execute("SELECT * FROM leases ORDER BY granted_at").fetchall()
            return tuple(_lease(row) for row in rows)

        return await self._database.run(read)


def _values(lease: KeptLease) -> tuple[object, ...]:
    request, root = lease.request, lease.root
    return (
        request.id,
        request.name,
        request.vram_mib,
        int(request.priority),
        request.duration_s,
        request.cards,
        request.model,
        request.is_preemptible,
        request.pid,
        None if root is None else root.started_s,
        lease.estimate_mib,
        "\n".join(lease.card_ids),
        lease.granted_at.isoformat(),
        lease.expires_at.isoformat(),
    )


def _lease(row: tuple[object, ...]) -> KeptLease:
    (id_, name, vram_mib, priority, duration_s, cards, model, is_preemptible, *rest) = row
    (pid, pid_started_s, estimate_mib, card_ids, granted_at, expires_at) = rest
    request = LeaseRequest(
        id=str(id_),
        name=str(name),
        vram_mib=_whole(vram_mib),
        priority=Priority(_whole(priority)),
        duration_s=float(str(duration_s)),
        asked_s=0.0,
        cards=_whole(cards),
        model=None if model is None else str(model),
        is_preemptible=bool(is_preemptible),
        pid=None if pid is None else _whole(pid),
    )
    has_root = request.pid is not None and pid_started_s is not None
    return KeptLease(
        request=request,
        root=Root(_whole(pid), float(str(pid_started_s))) if has_root else None,
        estimate_mib=None if estimate_mib is None else _whole(estimate_mib),
        card_ids=tuple(str(card_ids).split("\n")),
        granted_at=datetime.fromisoformat(str(granted_at)),
        expires_at=datetime.fromisoformat(str(expires_at)),
    )


def _whole(value: object) -> int:
    return int(str(value))
