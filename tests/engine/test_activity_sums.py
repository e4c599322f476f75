"""The figures of a list are those of its rows, however it grew."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import count
from statistics import median_low

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.activity import ActivityQuery, ActivityRecord, ActivityTotals
from engine.activity_rows import ACTIVITY_MIGRATIONS
from engine.activity_sums import KEPT
from engine.activity_table import ActivityTable

SOME = st.one_of(st.none(), st.integers(0, 5_000))
FIELDS = st.fixed_dictionaries(
    {
        "model": st.sampled_from(["a", "b"]),
        "status": st.sampled_from([200, 429, 503]),
        "problem": st.sampled_from(["", "cut off"]),
        "cached": st.sampled_from(["", "hit"]),
        "prompt_tokens": SOME,
        "completion_tokens": SOME,
        "cost_usd": st.one_of(st.none(), st.sampled_from([0.0, 0.25, 1.5])),
        "first_byte_ms": SOME,
        "total_ms": SOME,
        "is_estimated": st.booleans(),
    }
)
QUERIES = (ActivityQuery(), ActivityQuery(model="a"), ActivityQuery(outcome="failed"))


def opened() -> sqlite3.Connection:
    made = sqlite3.connect(":memory:", isolation_level=None)
    for script in ACTIVITY_MIGRATIONS:
        made.executescript(script)
    return made


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """Return a database with the tables of the activity list."""
    made = opened()
    yield made
    made.close()


def record(number: int, **fields: object) -> ActivityRecord:
    return ActivityRecord(f"r{number}", float(number), "chat", "me", "auto", **fields)


def slowly(rows: list[ActivityRecord]) -> ActivityTotals:
    """Return the same by a plain loop."""
    costs = [row.cost_usd for row in rows if row.cost_usd is not None]
    first = [row.first_byte_ms for row in rows if row.first_byte_ms is not None]
    total = [row.total_ms for row in rows if row.total_ms is not None]
    return ActivityTotals(
        found=len(rows),
        failed=sum(row.status >= 400 or row.problem != "" for row in rows),
        cached=sum(row.cached != "" for row in rows),
        prompt_tokens=sum(row.prompt_tokens or 0 for row in rows),
        completion_tokens=sum(row.completion_tokens or 0 for row in rows),
        cost_usd=sum(costs) if costs else None,
        first_byte_ms=median_low(first) if first else None,
        total_ms=median_low(total) if total else None,
        estimated=sum(row.is_estimated for row in rows),
    )


@given(st.lists(st.lists(FIELDS, max_size=6), max_size=4))
def test_the_sums_are_those_of_the_rows(batches: list[list[dict[str, object]]]) -> None:
    """After each batch every query's figures are those that a plain loop over its rows finds."""
    connection, table, numbers = opened(), ActivityTable(), count()
    try:
        for batch in batches:
            table.add(connection, [record(next(numbers), **fields) for fields in batch])
            for query in QUERIES:
                rows = table.page(connection, query, range(99), None).rows
                assert table.totals(connection, query) == slowly(list(rows))
    finally:
        connection.close()


def test_what_is_removed_counts_no_more(connection: sqlite3.Connection) -> None:
    """After pruning and clearing the figures are those of what is left."""
    table = ActivityTable()
    table.add(connection, [record(number, prompt_tokens=10) for number in range(5)])
    assert table.totals(connection, ActivityQuery()).prompt_tokens == 50
    table.prune(connection, 3.0)
    assert table.totals(connection, ActivityQuery()).prompt_tokens == 20
    table.clear(connection)
    assert table.totals(connection, ActivityQuery()) == ActivityTotals()


def test_the_order_does_not_matter(connection: sqlite3.Connection) -> None:
    """A list sorted otherwise has the same figures, and few queries are kept at hand."""
    table = ActivityTable()
    table.add(connection, [record(1, total_ms=5.0)])
    for sort in ("newest", "slowest", "model"):
        assert table.totals(connection, ActivityQuery(sort=sort)).total_ms == 5.0
    for number in range(KEPT + 2):
        assert table.totals(connection, ActivityQuery(model=f"m{number}")).found == 0
    assert len(table._sums._kept) == KEPT
