"""How observations lie in SQLite: one row each, what is only shown as JSON beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from engine.analytics.observations import Observation, StudyKey
from engine.analytics.quantiles import Histogram, Span
from engine.analytics.request_context import RequestContext, context_from, plain_of
from engine.analytics.snapshot import Estimate, Value

MIGRATIONS = (
    """
    CREATE TABLE observations (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        request_id TEXT NOT NULL,
        model TEXT NOT NULL,
        task_type TEXT NOT NULL,
        arm TEXT NOT NULL,
        state TEXT NOT NULL,
        made_s REAL NOT NULL,
        over_s REAL,
        counted_s REAL,
        reward REAL,
        latency_ms REAL,
        cost_usd REAL,
        tokens INTEGER,
        propensity REAL,
        is_applied INTEGER NOT NULL,
        origin TEXT NOT NULL,
        details TEXT NOT NULL,
        forgotten TEXT NOT NULL DEFAULT ''
    );
    CREATE INDEX observations_of_study ON observations (model, task_type, number)
        WHERE forgotten = '';
    CREATE INDEX observations_of_arm ON observations (model, task_type, arm, counted_s)
        WHERE forgotten = '';
    CREATE INDEX observations_of_request ON observations (request_id);
    CREATE INDEX observations_made ON observations (made_s);
    CREATE INDEX observations_waiting ON observations (number) WHERE state = 'waiting';
    CREATE INDEX observations_forgotten ON observations (forgotten) WHERE forgotten <> '';
    CREATE TABLE studies (
        model TEXT NOT NULL,
        task_type TEXT NOT NULL,
        used_s REAL NOT NULL,
        notes TEXT NOT NULL,
        PRIMARY KEY (model, task_type)
    ) WITHOUT ROWID;
    CREATE TABLE spans (
        model TEXT NOT NULL,
        task_type TEXT NOT NULL,
        start_s REAL NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (model, task_type, start_s)
    ) WITHOUT ROWID;
    CREATE TABLE alarms (number INTEGER PRIMARY KEY, at_s REAL NOT NULL, body TEXT NOT NULL);
    CREATE TABLE forgets (token TEXT PRIMARY KEY, at_s REAL NOT NULL)
    """,
    "ALTER TABLE observations ADD COLUMN context TEXT NOT NULL DEFAULT ''",
)
COLUMNS = (
    "id", "request_id", "model", "task_type", "arm", "state", "made_s", "over_s", "counted_s",
    "reward", "latency_ms", "cost_usd", "tokens", "propensity", "is_applied", "origin", "details",
    "context",
)  # fmt: skip
CHANGING = (
    "state", "over_s", "counted_s", "reward", "latency_ms", "cost_usd", "tokens", "is_applied",
    "details",
)  # fmt: skip
UPSERT = (
    f"INSERT INTO observations ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))}) "
    f"ON CONFLICT (id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in CHANGING)}"
)
SELECT = f"SELECT {', '.join(COLUMNS)} FROM observations"


class _Details(msgspec.Struct, omit_defaults=True):
    """What nobody searches for."""

    values: dict[str, Value] = {}
    suggested: dict[str, Value] = {}
    terms: dict[str, float] = {}
    why: tuple[str, ...] = ()
    predicted: Estimate | None = None
    predicted_ms: Estimate | None = None
    client: str = ""


class StudyNotes(msgspec.Struct, omit_defaults=True):
    """What the user or a server has said of a study."""

    own_arms: dict[str, dict[str, Value]] = {}
    removed_arms: tuple[str, ...] = ()
    refused: str = ""
    """Why its server does not take the parameters."""


_encode = msgspec.json.Encoder().encode
_decode_details = msgspec.json.Decoder(_Details).decode
_decode_notes = msgspec.json.Decoder(StudyNotes).decode
_decode_plain = msgspec.json.Decoder().decode
_decode_bins = msgspec.json.Decoder(list[Any]).decode


def row_of(found: Observation) -> tuple[object, ...]:
    """Return the row of an observation, in the order of COLUMNS."""
    details = _Details(
        values=found.values,
        suggested=found.suggested,
        terms=found.terms,
        why=found.why,
        predicted=found.predicted,
        predicted_ms=found.predicted_ms,
        client=found.client,
    )
    return (
        found.id, found.request_id, found.key.model, found.key.task_type, found.arm, found.state,
        found.made_s, found.over_s, found.counted_s, found.reward, found.latency_ms,
        found.cost_usd, found.tokens, found.settle_propensity(), int(found.is_applied),
        found.origin, _encode(details).decode(), _context_text(found.context),
    )  # fmt: skip


def observation_of(row: Sequence[Any]) -> Observation:
    """Return the observation of a row of SELECT."""
    details = _details(row[16])
    return Observation(
        id=row[0], request_id=row[1], key=StudyKey(row[2], row[3]), arm=row[4], state=row[5],
        made_s=row[6], over_s=row[7], counted_s=row[8], reward=row[9], latency_ms=row[10],
        cost_usd=row[11], tokens=row[12], propensity=row[13], is_applied=bool(row[14]),
        origin=row[15], values=details.values, suggested=details.suggested, terms=details.terms,
        why=details.why, predicted=details.predicted, predicted_ms=details.predicted_ms,
        client=details.client, context=_context(row[17]),
    )  # fmt: skip


def notes_text(notes: StudyNotes) -> str:
    """Return `notes` as they are written down."""
    return _encode(notes).decode()


def notes_of(text: str) -> StudyNotes:
    """Return the notes in `text`; none where another version wrote what cannot be read."""
    try:
        return _decode_notes(text)
    except msgspec.DecodeError:
        return StudyNotes()


def span_text(span: Span) -> str:
    """Return `span` as it is written down."""
    bins = [each for pair in span.latency.bins.items() for each in pair]
    plain = [
        span.count, span.rewards, span.reward_sum, span.costs, span.cost_sum, span.latency.count,
    ]  # fmt: skip
    return _encode([*plain, *bins]).decode()


def spans_of(rows: Iterable[tuple[float, str]]) -> list[Span]:
    """Return the spans in rows of (start_s, body); those that cannot be read are left out."""
    spans = []
    for start_s, text in rows:
        try:
            count, rewards, reward_sum, costs, cost_sum, timed, *bins = _decode_bins(text)
            histogram = Histogram(dict(zip(bins[::2], bins[1::2], strict=True)), timed)
            spans.append(Span(start_s, count, rewards, reward_sum, costs, cost_sum, histogram))
        except (msgspec.DecodeError, ValueError, TypeError):
            continue
    return spans


def _details(text: str) -> _Details:
    try:
        return _decode_details(text)
    except msgspec.DecodeError:  # another version wrote it: the figures count all the same
        return _Details()


def _context_text(context: RequestContext | None) -> str:
    return "" if context is None else _encode(plain_of(context)).decode()


def _context(text: str) -> RequestContext | None:
    """Return the context in `text`; None where there is none, or nobody can read it."""
    try:
        return context_from(_decode_plain(text)) if text else None
    except (msgspec.DecodeError, RecursionError, TypeError):
        return None
