from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.ui.cache_sessions import CacheSessions, session_row
from engine.cache.snapshot import CacheSnapshot, SessionRow

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROWS = (
    SessionRow("one", "playground", 1, 2, AT, AT, AT),
    SessionRow("two", "agent", 4, 212, AT, AT, AT),
)


@pytest.fixture
def sessions(theme, qtbot):
    sessions = CacheSessions(theme)
    qtbot.addWidget(sessions)
    sessions.resize(1000, 600)
    sessions.show()
    qtbot.waitExposed(sessions)
    sessions.show_sessions(ROWS)
    return sessions


def test_a_session_is_a_row():
    """Owner, messages, last use and end stand beside the id."""
    row = session_row(ROWS[1], date(2030, 1, 1))
    assert row.cells == ("two", "agent", "212", "1 Mar 2026", "1 Mar 2026")


def test_ending_a_session_is_confirmed(sessions, qtbot):
    """Its chat history goes with it: Del asks once more, with the keyboard on Cancel."""
    sessions.table.select_id("two")
    with qtbot.assertNotEmitted(sessions.remove_requested):
        QTest.keyClick(sessions.table, Qt.Key.Key_Delete)
    assert "two" in sessions.confirm.text
    assert sessions.confirm.buttons["Cancel"].hasFocus()
    with qtbot.waitSignal(sessions.remove_requested) as asked:
        sessions.confirm.buttons["End"].click()
    assert asked.args == ["two"]


def test_another_choice_calls_the_question_off(sessions):
    """The question is about one session; choosing another withdraws it."""
    sessions.table.select_id("two")
    sessions.end_button.click()
    assert sessions.confirm.isVisible()
    sessions.table.select_id("one")
    assert sessions.confirm.isHidden()


def test_without_a_choice_nothing_ends(sessions):
    """The button is off until a session is chosen."""
    assert not sessions.end_button.isEnabled()
    QTest.keyClick(sessions.table, Qt.Key.Key_Delete)
    assert sessions.confirm.isHidden()


def test_channels_are_listed(sessions, rich_cache):
    """Channels come with the snapshot; without any, words say what would stand there."""
    sessions.show_cache(rich_cache)
    assert [row.id for row in sessions.channels.rows] == ["gpu.leases"]
    sessions.show_cache(CacheSnapshot(taken_s=1.0))
    assert sessions.channels.isHidden()


def test_the_list_is_refreshed(sessions, qtbot):
    """The button asks for the sessions anew."""
    with qtbot.waitSignal(sessions.sessions_wanted):
        sessions.refresh_button.click()


def test_no_sessions_are_told(sessions):
    """An empty list says what a session is."""
    sessions.show_sessions(())
    assert sessions.table.isHidden()
