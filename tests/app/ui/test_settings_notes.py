from __future__ import annotations

from datetime import UTC, datetime

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.ui.settings_notes import SettingsNotes
from engine.router.snapshot import NoteView

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOTES = (NoteView(2, "Team", "Ana and Bo", AT), NoteView(1, "", "British English, please.", AT))


@pytest.fixture
def notes(theme, qtbot):
    notes = SettingsNotes(theme)
    qtbot.addWidget(notes)
    notes.resize(900, 460)
    notes.show()
    qtbot.waitExposed(notes)
    notes.show_notes(NOTES)
    return notes


@pytest.fixture
def put(notes):
    """Return what was asked to be kept."""
    asked = []
    notes.put_wanted.connect(lambda *note: asked.append(note))
    return asked


def test_notes_are_listed_by_title(notes):
    """A note without a title is known by its beginning."""
    assert [row.cells[0] for row in notes.table.rows] == ["Team", "British English, please."]


def test_a_new_note_is_kept(notes, put):
    """It can be saved once there are words in it; then it is the one that is changed."""
    assert not notes.save_button.isEnabled()
    QTest.keyClicks(notes.title, "Home")
    QTest.keyClicks(notes.text, "Lisbon")
    notes.save_button.click()
    assert put == [(None, "Home", "Lisbon")]
    notes.show_saved(3)
    QTest.keyClicks(notes.text, "!")
    notes.save_button.click()
    assert put[-1][0] == 3


def test_a_chosen_note_is_changed_in_place(notes, put):
    """What is typed goes to the note that was chosen."""
    notes.table.select_id("2")
    assert notes.title.text() == "Team"
    QTest.keyClicks(notes.title, "s")
    notes.save_button.click()
    assert put == [(2, "Teams", "Ana and Bo")]
    assert not notes.save_button.isEnabled()


def test_what_was_typed_is_not_lost_by_going_on(notes, put):
    """Another note, or a new one, keeps the changes of the one before."""
    notes.table.select_id("2")
    QTest.keyClicks(notes.title, "s")
    notes.table.select_id("1")
    assert put == [(2, "Teams", "Ana and Bo")]
    assert notes.text.toPlainText() == "British English, please."
    QTest.keyClicks(notes.text, "So: ")
    notes.new_button.click()
    assert put[-1][0] == 1
    assert (notes.title.text(), notes.text.toPlainText()) == ("", "")


def test_a_deleted_note_can_be_brought_back(notes, qtbot, put):
    """Deleting asks nothing and can be undone."""
    notes.table.select_id("2")
    with qtbot.waitSignal(notes.delete_wanted) as deleted:
        QTest.keyClick(notes.table, Qt.Key.Key_Delete)
    assert deleted.args == [[2]]
    assert notes.title.text() == ""
    with qtbot.waitSignal(notes.undo_wanted) as undone:
        notes.undo.buttons["Undo"].click()
    assert undone.args == [[2]]
    assert put == []


def test_a_search_asks_after_a_pause(notes, qtbot):
    """Not with each letter; where nothing is found that is said."""
    with qtbot.waitSignal(notes.notes_wanted) as wanted:
        QTest.keyClicks(notes.search, "lis")
    assert wanted.args == ["lis"]
    notes.show_notes(())
    assert notes.empty.text.startswith("No such notes")
