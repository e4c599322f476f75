from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from app.ui.widgets.conversation_list import ConversationList, meta_text
from engine.router.snapshot import ConversationView

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
VIEWS = tuple(
    ConversationView(f"c{n}", f"Talk {n}", NOW - timedelta(days=n), n + 1) for n in range(4)
)


@pytest.fixture
def shown(theme, qtbot):
    view = ConversationList(theme)
    qtbot.addWidget(view)
    view.resize(220, 300)
    view.show()
    view.show_conversations(VIEWS, date(2026, 3, 1))
    return view


def row(view, number):
    return view.model().index(number, 0)


def test_a_row_says_when_and_how_long():
    """The day is left out for today."""
    assert meta_text(VIEWS[0], NOW.astimezone().date()).endswith("·  1 message")
    assert meta_text(VIEWS[1], NOW.astimezone().date()).endswith("·  2 messages")


def test_a_click_or_enter_opens(shown, qtbot):
    """Whichever conversation it is on."""
    with qtbot.waitSignal(shown.opened) as opened:
        place = shown.visualRect(row(shown, 1)).center()
        QTest.mouseClick(shown.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place))
    assert opened.args == [VIEWS[1]]
    shown.setCurrentIndex(row(shown, 2))
    with qtbot.waitSignal(shown.opened) as opened:
        QTest.keyClick(shown, Qt.Key.Key_Return)
    assert opened.args == [VIEWS[2]]


def test_f2_renames(shown, qtbot):
    """The title is written in its row; blank and unchanged titles rename nothing."""
    for text, wanted in (("  New  name ", "New name"), ("", None), ("Talk 1", None)):
        shown.rename("c1")
        field = shown.findChild(QLineEdit)
        field.setText(text)
        if wanted is None:
            with qtbot.assertNotEmitted(shown.renamed):
                QTest.keyClick(field, Qt.Key.Key_Return)
        else:
            with qtbot.waitSignal(shown.renamed) as renamed:
                QTest.keyClick(field, Qt.Key.Key_Return)
            assert renamed.args == ["c1", wanted]
        field.deleteLater()
        qtbot.wait(1)


def test_a_title_being_written_is_not_taken_away(shown):
    """New rows wait until the editor is closed."""
    shown.rename("c1")
    shown.show_conversations(VIEWS[:1], date(2026, 3, 1))
    assert shown.views == VIEWS


def test_delete_asks_for_what_is_selected(shown, qtbot):
    """Several at once too; what is selected stays so when the list is read again."""
    shown.setCurrentIndex(row(shown, 1))
    QTest.keyClick(shown, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert [view.id for view in shown.selected()] == ["c1", "c2"]
    with qtbot.waitSignal(shown.delete_pressed):
        QTest.keyClick(shown, Qt.Key.Key_Delete)
    shown.show_conversations(VIEWS[1:], date(2026, 3, 1))
    assert [view.id for view in shown.selected()] == ["c1"]


def test_the_open_conversation_is_marked(shown):
    """The picture changes, and only then."""
    before = shown.grab().toImage()
    shown.show_open("c3")
    assert shown.grab().toImage() != before
