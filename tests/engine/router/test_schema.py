"""The tables of the router's database."""

from __future__ import annotations

import sqlite3

from engine.router.schema import ROUTER_MIGRATIONS


def test_every_step_can_be_taken_from_the_first():
    """An empty file becomes one that conversations and notes can be written to."""
    connection = sqlite3.connect(":memory:")
    for script in ROUTER_MIGRATIONS:
        connection.executescript(script)
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    assert {"conversation", "message", "message_words"} <= names
    connection.close()
