"""A request becomes a row and comes back; its question is found in every shape."""

from __future__ import annotations

import datetime
import sqlite3
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.activity import ActivityRecord
from engine.activity_rows import (
    ACTIVITY_MIGRATIONS,
    COLUMNS,
    INSERT,
    LARGEST_REQUEST_BYTES,
    LONGEST_STRING,
    ROW,
    question_in,
    record_of,
    row_of,
    text_of,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


def there_and_back(record: ActivityRecord) -> ActivityRecord:
    _, *row = row_of(1, record, "")
    _, _, answer, request, decision = text_of(1, record, "")
    return record_of(tuple(row), (answer, request, decision))


@given(JSON, st.text(max_size=100))
def test_bodies_and_answers_come_back(body: Any, answer: str) -> None:
    """Whatever JSON was sent, and whatever was answered, is what is read again."""
    record = ActivityRecord("r", 1.0, "chat", "me", "m", request=body, answer=answer)
    assert there_and_back(record) == record


@pytest.mark.parametrize(
    ("body", "question"),
    [
        ({"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]}, "b"),
        ({"messages": [{"role": "user", "content": "a"}, {"role": "tool", "content": "b"}]}, "a"),
        ({"messages": [{"role": "system", "content": "a"}]}, ""),
        ({"messages": [{"role": "user", "content": [{"text": "a"}, {"type": "image"}]}]}, "a"),
        ({"messages": "odd"}, ""),
        ({"prompt": "a"}, "a"),
        ({"prompt": ["a", "b"]}, "a b"),
        ({"input": ["a", "b"]}, "a b"),
        ({"input": [1, 2]}, ""),
        ({"input": [{"role": "user", "content": "a"}]}, "a"),
        ("odd", ""),
        (None, ""),
    ],
)
def test_the_question_is_found(body: Any, question: str) -> None:
    """Of a chat it is the user's last message; else the prompt or the input."""
    assert question_in(body) == question


def test_what_json_cannot_say_is_written_as_text() -> None:
    """A decision with times, and a body with odd objects, are kept as well as they can be."""

    class Odd:
        def __str__(self) -> str:
            return "odd"

    at = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)
    record = ActivityRecord("r", 1.0, "chat", "me", "m", request={"x": Odd()}, decision={"at": at})
    found = there_and_back(record)
    assert found.request == {"x": "odd"}
    assert found.decision == {"at": "2026-03-01T00:00:00Z"}


def test_a_body_that_is_large_however_cut_is_left_out() -> None:
    """Thousands of long strings are not kept, nor is any string beyond its length."""
    _, _, _, cut, _ = text_of(
        1, ActivityRecord("r", 1.0, "chat", "me", "m", request=["x" * 5_000]), ""
    )
    (text,) = msgspec.json.decode(cut)
    assert text == "x" * LONGEST_STRING + "… (1,000 more characters)"
    many = ["x" * 5_000] * (LARGEST_REQUEST_BYTES // LONGEST_STRING + 1)
    _, _, _, gone, _ = text_of(1, ActivityRecord("r", 1.0, "chat", "me", "m", request=many), "")
    assert gone is None


def test_a_list_of_an_older_version_is_read_on() -> None:
    """Its requests were counted by their servers; new ones tell whether theirs were."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(ACTIVITY_MIGRATIONS[0])
    old = [each for each in COLUMNS if each != "is_estimated"]
    values = row_of(1, ActivityRecord("old", 1.0, "chat", "me", "m"), "")[1:-1]
    marks = ", ".join("?" * len(old))
    connection.execute(f"INSERT INTO activity ({', '.join(old)}) VALUES ({marks})", values)
    for script in ACTIVITY_MIGRATIONS[1:]:
        connection.executescript(script)
    new = ActivityRecord("new", 2.0, "chat", "me", "m", is_estimated=True)
    connection.execute(INSERT, row_of(2, new, ""))
    rows = connection.execute(f"SELECT {ROW} FROM activity ORDER BY seq").fetchall()
    connection.close()
    assert [record_of(row).is_estimated for row in rows] == [False, True]
