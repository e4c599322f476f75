"""Whatever people type is a search, never a syntax error."""

from __future__ import annotations

import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from engine.full_text import all_of, any_of, like, pairs


@given(st.text(max_size=60))
def test_no_text_breaks_the_search(text: str) -> None:
    """Every expression that is not empty is valid in FTS5, and every pattern in LIKE."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE words USING fts5 (text)")
    for expression in (all_of(text), any_of(text)):
        if expression:
            connection.execute("SELECT rowid FROM words(?)", (expression,)).fetchall()
    for pair in (*pairs(text), text):
        sql = "SELECT 1 WHERE ? LIKE ? ESCAPE '\\'"
        connection.execute(sql, ("x", like(pair.replace("\0", " ")))).fetchall()
    connection.close()


def test_common_words_do_not_count() -> None:
    """A question is about the words that not every question has."""
    assert any_of("What is the port of the garage door?") == '"port" OR "garage" OR "door"'
    assert any_of("What is it?") == ""


def test_unspaced_scripts_are_compared_by_pairs() -> None:
    """Each two neighbouring letters of such a script are a pair; other letters are none."""
    assert pairs("我在東京 and 京") == ["我在", "在東", "東京", "京"]
    assert pairs("Lisbon") == []
