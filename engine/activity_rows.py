"""How a request lies in the activity list's database, and how it is found there."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.activity import ActivityQuery, ActivityRecord
from engine.exchange import Attempt
from engine.full_text import UNSPACED, all_of, like

ACTIVITY_MIGRATIONS = (
    """
    CREATE TABLE activity (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL,
        at_s REAL NOT NULL,
        kind TEXT NOT NULL,
        client TEXT NOT NULL,
        asked TEXT NOT NULL,
        model TEXT NOT NULL,
        endpoint TEXT NOT NULL,
        status INTEGER NOT NULL,
        problem TEXT NOT NULL,
        cached TEXT NOT NULL,
        is_stream INTEGER NOT NULL,
        prompt_tokens INTEGER,
        completion_tokens INTEGER,
        cost_usd REAL,
        routed_ms REAL,
        first_byte_ms REAL,
        total_ms REAL,
        attempts BLOB,
        question TEXT NOT NULL
    );
    CREATE INDEX activity_by_id ON activity (id);
    CREATE INDEX activity_by_time ON activity (at_s);
    CREATE TABLE activity_text (
        seq INTEGER PRIMARY KEY REFERENCES activity (seq) ON DELETE CASCADE,
        question TEXT NOT NULL,
        answer TEXT NOT NULL,
        request BLOB,
        decision BLOB
    );
    CREATE VIRTUAL TABLE activity_words USING fts5 (
        question, answer, content='activity_text', content_rowid='seq',
        tokenize='unicode61 remove_diacritics 2'
    );
    CREATE TABLE activity_indexed (seq INTEGER NOT NULL);
    INSERT INTO activity_indexed VALUES (0)
    """,
    "ALTER TABLE activity ADD COLUMN is_estimated INTEGER NOT NULL DEFAULT 0",
)

LONGEST_STRING = 4_000
"""Characters of one string of a request that are kept: a page of text, and no picture."""
LARGEST_REQUEST_BYTES = 256 * 1024
LONGEST_ANSWER = 32_000
LARGEST_NUMBER = 2**63 - 1
"""That SQLite holds; a server may say that it counted more."""
TITLE = 200
"""Characters of the question that a row shows."""

COLUMNS = (
    "id",
    "at_s",
    "kind",
    "client",
    "asked",
    "model",
    "endpoint",
    "status",
    "problem",
    "cached",
    "is_stream",
    "prompt_tokens",
    "completion_tokens",
    "cost_usd",
    "routed_ms",
    "first_byte_ms",
    "total_ms",
    "attempts",
    "question",
    "is_estimated",
)
ROW = ", ".join(f"activity.{name}" for name in COLUMNS)
INSERT = f"INSERT INTO activity (seq, {', '.join(COLUMNS)}) VALUES (?{', ?' * len(COLUMNS)})"
INSERT_TEXT = (
    "INSERT INTO activity_text (seq, question, answer, request, decision) VALUES (?, ?, ?, ?, ?)"
)
ORDERS = {
    "slowest": "total_ms DESC, seq DESC",
    "slowest_first_byte": "first_byte_ms DESC, seq DESC",
    "costliest": "cost_usd DESC, seq DESC",
    "most_tokens": "coalesce(prompt_tokens, 0) + coalesce(completion_tokens, 0) DESC, seq DESC",
    "model": "model COLLATE NOCASE, seq DESC",
}
"""SQLite sorts what is not known to the end of a list that is sorted downwards."""
OUTCOMES = {
    "ok": "status < 400 AND problem = ''",
    "failed": "(status >= 400 OR problem <> '')",
    "cached": "cached <> ''",
}
NAMES = ("id", "model", "endpoint", "client", "asked", "kind", "problem", "question")

_encode = msgspec.json.Encoder(enc_hook=str, decimal_format="number").encode
_decode = msgspec.json.decode
_decode_attempts = msgspec.json.Decoder(tuple[Attempt, ...]).decode


def row_of(seq: int, record: ActivityRecord, question: str) -> tuple[Any, ...]:
    """Return the values that INSERT takes."""
    values = (
        seq,
        record.id,
        record.at_s,
        record.kind,
        record.client,
        record.asked,
        record.model,
        record.endpoint,
        record.status,
        record.problem,
        record.cached,
        record.is_stream,
        record.prompt_tokens,
        record.completion_tokens,
        record.cost_usd,
        record.routed_ms,
        record.first_byte_ms,
        record.total_ms,
        _encode(record.attempts) if record.attempts else None,
        question[:TITLE],
        record.is_estimated,
    )
    return tuple(_storable(each) for each in values)


def text_of(seq: int, record: ActivityRecord, question: str) -> tuple[Any, ...]:
    """Return the values that INSERT_TEXT takes, cut where they are long."""
    decision = record.decision() if callable(record.decision) else record.decision
    return (
        seq,
        _storable(question[:LONGEST_STRING]),
        _storable(_cut(record.answer, LONGEST_ANSWER)),
        None if record.request is None else _request(record.request),
        None if decision is None else _written(decision),
    )


def record_of(row: tuple[Any, ...], text: tuple[Any, ...] | None = None) -> ActivityRecord:
    """Return the record of `row` (the values of ROW) and of its `text`: answer, request, decision.

    A request that was cut and the decision are plain values.
    """
    attempts = _decode_attempts(row[17]) if row[17] else ()
    answer, request, decision = text or ("", None, None)
    fields = [*row[:10], bool(row[10]), *row[11:17], attempts]
    fields += [None if request is None else _decode(request), answer]
    fields += [None if decision is None else _decode(decision), row[18], bool(row[19])]
    return ActivityRecord(*fields)


def question_in(request: Any) -> str:
    """Return the words that were asked: the last message of the user, the prompt or the input."""
    if not isinstance(request, dict):
        return ""
    messages = request.get("messages")
    if isinstance(messages, list):
        for message in reversed(messages):
            if isinstance(message, dict) and message.get("role") == "user":
                return _words(message.get("content"))
        return ""
    return _words(request.get("prompt") or request.get("input"))


def condition_of(query: ActivityQuery) -> tuple[str, list[Any]]:
    """Return the SQL condition, "1" for none, that `query` means, and its values."""
    parts: list[str] = []
    values: list[Any] = []
    for name in ("kind", "model", "endpoint", "client"):
        if wanted := getattr(query, name):
            parts.append(f"{name} = ?")
            values.append(wanted)
    if query.outcome:
        parts.append(OUTCOMES[query.outcome])
    if query.since_s is not None:
        parts.append("at_s >= ?")
        values.append(query.since_s)
    if query.until_s is not None:
        parts.append("at_s <= ?")
        values.append(query.until_s)
    if query.text.strip():
        part, more = _search(query.text)
        parts.append(part)
        values += more
    return " AND ".join(parts) or "1", values


def _search(text: str) -> tuple[str, list[Any]]:
    pattern = like(text)
    parts = [f"{name} LIKE ? ESCAPE '\\'" for name in NAMES]
    values = [pattern] * len(NAMES)
    words = all_of(text)
    if UNSPACED.search(text) or not words:
        texts = "question LIKE ? ESCAPE '\\' OR answer LIKE ? ESCAPE '\\'"
        parts.append(f"seq IN (SELECT seq FROM activity_text WHERE {texts})")
        values += [pattern, pattern]
    else:
        parts.append("seq IN (SELECT rowid FROM activity_words(?))")
        values.append(words)
    return f"({' OR '.join(parts)})", values


def _words(content: Any) -> str:
    """Return the text of a message's content, a prompt or an input, in whichever shape it is."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    found = []
    for part in content[:64]:
        text = part.get("text") or part.get("content") if isinstance(part, dict) else part
        if isinstance(text, str):
            found.append(text)
    return " ".join(found)


def _request(body: Any) -> bytes | None:
    """Return `body` as JSON whose long strings are cut; None where it is too large or has none."""
    written = _written(body)
    if written is not None and len(written) > LONGEST_STRING:
        written = _encode(_cut_strings(_decode(written)))
    return written if written is not None and len(written) <= LARGEST_REQUEST_BYTES else None


def _written(value: Any) -> bytes | None:
    """Return `value` as JSON; None for what has none: half a character, or a list in itself."""
    try:
        return _encode(value)
    except (UnicodeEncodeError, RecursionError):
        return None


def _cut_strings(value: Any) -> Any:
    if isinstance(value, str):
        return _cut(value, LONGEST_STRING)
    if isinstance(value, list):
        return [_cut_strings(each) for each in value]
    if isinstance(value, dict):
        return {key: _cut_strings(each) for key, each in value.items()}
    return value


def _storable(value: Any) -> Any:
    """Return `value` as SQLite takes it: one absurd figure must not lose the requests beside it."""
    if type(value) is int:
        return max(-LARGEST_NUMBER, min(value, LARGEST_NUMBER))
    if type(value) is str and not value.isascii():
        return value.encode("utf-8", "replace").decode()
    return value


def _cut(text: str, most: int) -> str:
    """Return `text` of `most` characters at most, and how many are missing."""
    if len(text) <= most:
        return text
    return f"{text[:most]}… ({len(text) - most:,} more characters)"
