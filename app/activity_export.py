"""The list of requests as a CSV file, written while it is read."""

from __future__ import annotations

import asyncio
import csv
import os
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, TypeVar

from engine.activity import ActivityRecord
from engine.errors import Refused

ResultT = TypeVar("ResultT")
BATCH = 500
"""Rows handed to the disk at once."""
COLUMNS = (
    "id",
    "time",
    "kind",
    "client",
    "asked_for",
    "model",
    "server",
    "status",
    "problem",
    "cache",
    "streamed",
    "prompt_tokens",
    "completion_tokens",
    "cost_usd",
    "choosing_ms",
    "first_token_ms",
    "total_ms",
    "attempts",
    "question",
    "tokens_estimated",
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet would calculate."""


def row_of(record: ActivityRecord) -> tuple[Any, ...]:
    """Return a request as the values of COLUMNS; times in UTC, unknown figures empty."""
    return (
        _safe(record.id),
        datetime.fromtimestamp(record.at_s, UTC).isoformat(timespec="milliseconds"),
        _safe(record.kind),
        _safe(record.client),
        _safe(record.asked),
        _safe(record.model),
        _safe(record.endpoint),
        record.status,
        _safe(record.problem),
        record.cached,
        int(record.is_stream),
        record.prompt_tokens,
        record.completion_tokens,
        record.cost_usd,
        _ms(record.routed_ms),
        _ms(record.first_byte_ms),
        _ms(record.total_ms),
        len(record.attempts),
        _safe(record.question),
        int(record.is_estimated),
    )


async def write_csv(path: Path, records: AsyncIterator[ActivityRecord]) -> int:
    """Write `records` to `path` and return how many there were.

    The file is there whole or not at all. Raises Refused where it cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    opened = ExitStack()
    try:
        try:
            file = await _off_loop(_open, part, opened)
            count = await _write_all(file, records)
        finally:
            await asyncio.to_thread(opened.close)
        await asyncio.to_thread(os.replace, part, path)
    except OSError as error:
        why = error.strerror or str(error)
        raise Refused(f"{path} cannot be written ({why}): choose another folder") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return count


async def _write_all(file: IO[str], records: AsyncIterator[ActivityRecord]) -> int:
    table, count = csv.writer(file), 0
    rows: list[tuple[Any, ...]] = [COLUMNS]
    async for record in records:
        rows.append(row_of(record))
        count += 1
        if len(rows) >= BATCH:
            full, rows = rows, []
            await _off_loop(table.writerows, full)
    await _off_loop(table.writerows, rows)
    return count


async def _off_loop(call: Callable[..., ResultT], *values: Any) -> ResultT:
    """Return `call(*values)`, made on another thread; whoever is cancelled waits for its end."""
    work = asyncio.ensure_future(asyncio.to_thread(call, *values))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise


def _open(path: Path, opened: ExitStack) -> IO[str]:
    # Spreadsheets know UTF-8 by the mark at its beginning.
    return opened.enter_context(path.open("w", encoding="utf-8-sig", newline=""))


def _ms(ms: float | None) -> float | None:
    return None if ms is None else round(ms, 3)


def _safe(text: str) -> str:
    """Return `text` so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
