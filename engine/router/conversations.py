"""Conversations that are kept, message by message."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from engine.clock import Clock
from engine.full_text import UNSPACED, all_of, like
from engine.moments import micros, moment
from engine.router.snapshot import ConversationView, MessageView
from engine.storage import Database

THERE = "deleted_at_us IS NULL"
TITLE_LETTERS = 60
"""A conversation without a title is called by the beginning of its first question."""
LISTED = f"""
    SELECT id, title, changed_us, model, (
        SELECT count(*) FROM message WHERE conversation = conversation.id AND message.{THERE}
    ) FROM conversation WHERE {THERE}
"""
NEWEST_FIRST = "ORDER BY changed_us DESC, id DESC LIMIT ?"
MESSAGE = "id, role, content, at_us, model, reasoning, figures, decision_id"


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message that is to be kept."""

    role: str
    content: str
    model: str = ""
    reasoning: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)
    decision_id: str = ""
    whole: Mapping[str, Any] | None = None
    """The message as OpenAI has it, where it is more than a role and a text: tool calls, images."""


class Conversations:
    """The conversations in one database that was opened with ROUTER_MIGRATIONS.

    Deleting hides; what is hidden can be restored until it is purged. Every method raises
    Refused where the disk is full and Damaged where the database is.
    """

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def create(self, *, title: str = "", model: str = "", id: str = "") -> str:
        """Begin a conversation and return its id; one that exists with `id` stays as it is."""
        row = (id or uuid.uuid4().hex, title, model, micros(self._clock.wall()))
        sql = "INSERT OR IGNORE INTO conversation (id, title, model, changed_us)"
        await self._execute(f"{sql} VALUES (?, ?, ?, ?)", [row])
        return row[0]

    async def list(self, *, limit: int = 200) -> tuple[ConversationView, ...]:
        """Return the conversations, the one changed last first."""
        return await self._listed("", (), limit)

    async def find(self, id: str) -> ConversationView | None:
        """Return the conversation `id`, or None where there is none or it is deleted."""
        return next(iter(await self._listed("AND id = ?", (id,), 1)), None)

    async def search(self, query: str, *, limit: int = 200) -> tuple[ConversationView, ...]:
        """Return the conversations with a message that has every word of `query`, or a title so.

        The last word may be unfinished; case and accents do not count. "" gives all.
        """
        if not query.strip():
            return await self.list(limit=limit)
        title = "AND (title LIKE ? ESCAPE '\\' OR id IN (SELECT conversation FROM message WHERE"
        words = all_of(query)
        if words and not UNSPACED.search(query):
            condition, value = "id IN (SELECT rowid FROM message_words(?))", words
        else:
            condition, value = "content LIKE ? ESCAPE '\\'", like(query)
        where = f"{title} message.{THERE} AND {condition}))"
        return await self._listed(where, (like(query), value), limit)

    async def rename(self, id: str, title: str) -> None:
        """Give the conversation a title."""
        await self._execute("UPDATE conversation SET title = ? WHERE id = ?", [(title, id)])

    async def delete(self, id: str) -> None:
        """Hide the conversation; `restore` brings it back."""
        sql = f"UPDATE conversation SET deleted_at_us = ? WHERE id = ? AND {THERE}"
        await self._execute(sql, [(micros(self._clock.wall()), id)])

    async def restore(self, id: str) -> None:
        """Undo `delete`."""
        await self._execute("UPDATE conversation SET deleted_at_us = NULL WHERE id = ?", [(id,)])

    async def append(self, id: str, *messages: NewMessage) -> tuple[int, ...]:
        """Add `messages` to the conversation `id`, which begins with them if need be.

        A deleted one begins anew: what it was before stays hidden. Returns the messages' ids.
        """
        now = micros(self._clock.wall())
        return await self._database.run(lambda found: _append(found, id, now, messages))

    async def history(self, id: str) -> tuple[MessageView, ...]:
        """Return the messages of a conversation, the first one first."""
        sql = f"SELECT {MESSAGE} FROM message WHERE conversation = ? AND {THERE} ORDER BY id"
        rows = await self._database.run(lambda found: found.execute(sql, (id,)).fetchall())
        return tuple(_message(row) for row in rows)

    async def messages(self, id: str, *, limit: int = 400) -> tuple[dict[str, Any], ...]:
        """Return the last messages as OpenAI has them, the first one first; none if deleted."""
        sql = (
            "SELECT role, content, whole FROM message WHERE conversation = ? "
            f"AND {THERE} AND EXISTS (SELECT 1 FROM conversation WHERE id = ? AND {THERE}) "
            "ORDER BY id DESC LIMIT ?"
        )
        rows = await self._database.run(
            lambda found: found.execute(sql, (id, id, limit)).fetchall()
        )
        return tuple(
            json.loads(whole) if whole else {"role": role, "content": content}
            for role, content, whole in reversed(rows)
        )

    async def cut(self, id: str, first: int) -> tuple[int, ...]:
        """Hide the message `first` and those after it, as for another try; return their ids."""
        now = micros(self._clock.wall())

        def work(connection: sqlite3.Connection) -> tuple[int, ...]:
            sql = f"SELECT id FROM message WHERE conversation = ? AND id >= ? AND {THERE}"
            ids = tuple(row[0] for row in connection.execute(sql, (id, first)))
            sql = "UPDATE message SET deleted_at_us = ? WHERE id = ?"
            connection.executemany(sql, [(now, each) for each in ids])
            return ids

        return await self._database.run(work)

    async def uncut(self, ids: Iterable[int]) -> None:
        """Undo `cut` for the messages `ids`."""
        sql = "UPDATE message SET deleted_at_us = NULL WHERE id = ?"
        await self._execute(sql, [(id,) for id in ids])

    async def purge_deleted(self, *, older_than_s: float = 0.0) -> int:
        """Remove for good what was hidden so long ago; return how many conversations that were."""
        until = micros(self._clock.wall() - timedelta(seconds=older_than_s))
        await self._execute("DELETE FROM message WHERE deleted_at_us <= ?", [(until,)])
        return await self._execute("DELETE FROM conversation WHERE deleted_at_us <= ?", [(until,)])

    async def _execute(self, sql: str, rows: Sequence[tuple[Any, ...]]) -> int:
        return await self._database.run(lambda found: found.executemany(sql, rows).rowcount)

    async def _listed(
        self, where: str, values: tuple[Any, ...], limit: int
    ) -> tuple[ConversationView, ...]:
        sql = f"{LISTED} {where} {NEWEST_FIRST}"
        rows = await self._database.run(
            lambda found: found.execute(sql, (*values, limit)).fetchall()
        )
        return tuple(
            ConversationView(id, title, moment(changed_us), messages, model)
            for id, title, changed_us, model, messages in rows
        )


def _append(
    connection: sqlite3.Connection, id: str, now: int, messages: Sequence[NewMessage]
) -> tuple[int, ...]:
    """Add `messages`; the conversation is changed now, and last asked the model of the last."""
    asked = next((each.content for each in messages if each.role == "user"), "")
    title = " ".join(asked.split())
    if len(title) > TITLE_LETTERS:
        title = title[:TITLE_LETTERS].rsplit(" ", 1)[0] + "…"
    model = next((each.model for each in reversed(messages) if each.model), "")
    _begin_anew(connection, id)
    connection.execute(
        "INSERT INTO conversation (id, title, model, changed_us) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET changed_us = excluded.changed_us, "
        "model = CASE excluded.model WHEN '' THEN model ELSE excluded.model END, "
        "title = CASE title WHEN '' THEN excluded.title ELSE title END",
        (id, title, model, now),
    )
    sql = (
        "INSERT INTO message (conversation, at_us, role, content, model, reasoning, figures, "
        "decision_id, whole) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
    )
    return tuple(
        int(connection.execute(sql, (id, now, *_row(each))).lastrowid or 0) for each in messages
    )


def _begin_anew(connection: sqlite3.Connection, id: str) -> None:
    """Bring back the conversation `id` where it is deleted, without its messages and its title."""
    deleted = "deleted_at_us IS NOT NULL"
    connection.execute(
        f"UPDATE message SET deleted_at_us = gone.deleted_at_us FROM conversation AS gone "
        f"WHERE message.conversation = ? AND message.{THERE} "
        f"AND gone.id = message.conversation AND gone.{deleted}",
        (id,),
    )
    sql = f"UPDATE conversation SET deleted_at_us = NULL, title = '' WHERE id = ? AND {deleted}"
    connection.execute(sql, (id,))


def _row(message: NewMessage) -> tuple[Any, ...]:
    return (
        message.role,
        message.content,
        message.model,
        message.reasoning,
        json.dumps(dict(message.figures)),
        message.decision_id,
        json.dumps(message.whole, ensure_ascii=False) if message.whole else None,
    )


def _message(row: tuple[Any, ...]) -> MessageView:
    id, role, content, at_us, model, reasoning, figures, decision_id = row
    return MessageView(
        id, role, content, moment(at_us), model, reasoning, json.loads(figures), decision_id
    )
