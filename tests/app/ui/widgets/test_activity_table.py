from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QHoverEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.ui.widgets.activity_columns import CLIENT, COLUMNS, COST, MODEL, STATUS, TIME, TOTAL
from app.ui.widgets.activity_model import PAGE
from app.ui.widgets.activity_table import ActivityTable
from app.ui.widgets.table_delegate import ROW_PX
from engine.activity import ActivityQuery
from tests.app.ui.requests import GOOD, FakeList

MANY = 100_000


@pytest.fixture
def source():
    return FakeList(MANY)


@pytest.fixture
def table(theme, qtbot, source):
    table = ActivityTable(theme)
    qtbot.addWidget(table)
    table.show_day(date(2026, 3, 1))
    source.listen(table.rows)
    table.rows.look_for(ActivityQuery())
    source.answer(table.rows)
    table.resize(1_040, 700)
    table.show()
    qtbot.waitExposed(table)
    QApplication.processEvents()
    return table


def pull(table, source, value):
    """Pull the bar to `value` and let everything come that is drawn there."""
    table.verticalScrollBar().setValue(value)
    for _ in range(4):
        QApplication.processEvents()
        source.answer(table.rows)


def test_a_hundred_thousand_requests_are_scrolled_through_with_a_handful_in_memory(table, source):
    """From top to bottom in 200 steps: a page or two is asked for a step, and few are kept."""
    bar = table.verticalScrollBar()
    for step in range(201):
        pull(table, source, bar.maximum() * step // 200)
        top = table.rowAt(0)
        assert table.rows.cells(top) is not None
    assert table.rowAt(table.viewport().height() - 4) == MANY - 1
    assert len(source.wishes) <= 201 * 2
    assert table.rows.known < MANY // 5


def test_a_list_that_is_not_there_yet_is_drawn(table, source):
    """A place whose rows have not come is drawn without waiting, and they are asked for."""
    before = len(source.wishes)
    table.verticalScrollBar().setValue(table.verticalScrollBar().maximum() // 2)
    table.grab()
    QApplication.processEvents()
    assert table.rows.cells(table.rowAt(0)) is None
    assert 1 <= len(source.wishes) - before <= 2


def test_what_is_new_does_not_move_what_is_read(table, source):
    """Scrolled down, the rows stay where they are and a button tells how many came."""
    pull(table, source, 50 * ROW_PX)
    shown = table.rows.record(table.rowAt(0)).id
    source.add(12)
    table.rows.look()
    source.answer(table.rows)
    assert table.rows.record(table.rowAt(0)).id == shown
    assert table.pill.isVisible()
    assert table.pill.text().endswith("12 new")
    table.pill.click()
    source.answer(table.rows)
    assert table.rows.record(table.rowAt(0)).id == f"r{MANY + 11}"
    assert not table.pill.isVisible()


def test_at_the_top_new_requests_appear_by_themselves(table, source):
    """Nobody has to ask for what is new where the newest rows show."""
    source.add(1)
    table.rows.look()
    source.answer(table.rows)
    assert table.rows.record(table.rowAt(0)).id == f"r{MANY}"


def test_the_chosen_request_stays_chosen(table, source, qtbot):
    """It moves down with the rows above it and is told only once."""
    with qtbot.waitSignal(table.picked) as told:
        table.selectRow(3)
    assert told.args == [f"r{MANY - 4}"]
    with qtbot.assertNotEmitted(table.picked):
        source.add(2)
        table.rows.look()
        source.answer(table.rows)
    assert table.currentIndex().row() == 5
    assert table.chosen == f"r{MANY - 4}"


def test_a_title_sorts(table, qtbot):
    """A click on a title asks for another order; another one for the newest again."""
    with qtbot.waitSignal(table.sort_wanted) as sort:
        table.horizontalHeader().sectionClicked.emit(TOTAL)
    assert sort.args == ["slowest"]
    table.rows.look_for(ActivityQuery(sort="slowest"))
    assert table.model().headerData(TOTAL, Qt.Orientation.Horizontal).endswith("↓")
    with qtbot.waitSignal(table.sort_wanted) as sort:
        table.horizontalHeader().sectionClicked.emit(TOTAL)
    assert sort.args == ["newest"]
    with qtbot.waitSignal(table.sort_wanted) as sort:
        table.horizontalHeader().sectionClicked.emit(MODEL)
    assert sort.args == ["model"]
    with qtbot.assertNotEmitted(table.sort_wanted):
        table.horizontalHeader().sectionClicked.emit(STATUS)


def test_a_narrow_list_leaves_columns_out(table):
    """Time, model and status always show; the cost goes later than the client."""
    table.resize(620, 400)
    assert table.isColumnHidden(CLIENT)
    assert not any(map(table.isColumnHidden, (TIME, MODEL, STATUS, TOTAL)))
    assert table.columnWidth(MODEL) > 200
    table.resize(1_200, 400)
    assert not any(table.isColumnHidden(column) for column in range(len(COLUMNS)))
    assert not table.isColumnHidden(COST)


def test_a_row_can_be_copied(table):
    """Ctrl+C puts the row on the clipboard as it reads."""
    table.selectRow(0)
    QTest.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    copied = QGuiApplication.clipboard().text().split("\t")
    assert len(copied) == len(COLUMNS)
    assert copied[STATUS] == "Answered"


def test_the_menu_of_a_row_filters(table, qtbot):
    """A row's menu offers to see only what is like it."""
    menu = table.menu_for(replace(GOOD, client=""))
    texts = {action.text(): action for action in menu.actions() if action.text()}
    assert "Only the model qwen2.5:14b" in texts
    assert not [text for text in texts if "client" in text]
    with qtbot.waitSignal(table.filter_wanted) as wanted:
        texts["Only the server workstation"].trigger()
    assert wanted.args == ["endpoint", "workstation"]


def test_the_row_below_the_pointer_is_marked(table):
    """The row under the pointer is drawn differently, and plain again when it leaves."""
    plain = table.viewport().grab().toImage()
    at = QPointF(100, ROW_PX * 2.5)
    move = QHoverEvent(QEvent.Type.HoverMove, at, QPointF(table.mapToGlobal(QPoint(0, 0))), at)
    table.viewportEvent(move)
    assert table.viewport().grab().toImage() != plain
    table.viewportEvent(QEvent(QEvent.Type.Leave))
    assert table.viewport().grab().toImage() == plain


def test_one_page_is_more_than_a_screen(table):
    """A screen of rows never needs more than two pages."""
    assert table.viewport().height() / ROW_PX < PAGE


def colours(table, row, column):
    """Return the colours in a cell, by name."""
    cell = table.visualRect(table.model().index(row, column))
    drawn = table.viewport().grab(cell).toImage()
    spots = [(x, y) for x in range(drawn.width()) for y in range(drawn.height() - 1)]
    return {drawn.pixelColor(x, y).name() for x, y in spots}


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_rows_on_their_way_show_where_the_list_is(table, source, theme, mode):
    """A row that has not come yet shows its number, and bars that are seen on the page."""
    theme.choose(mode)
    table.verticalScrollBar().setValue(table.verticalScrollBar().maximum() // 2)
    QApplication.processEvents()
    top = table.rowAt(ROW_PX)
    assert table.rows.cells(top) is None
    tokens = theme.tokens
    assert tokens.colour("mute").name() in colours(table, top, TIME)
    assert tokens.colour("line").name() in colours(table, top, MODEL)
    first, second = (
        table.viewport().grab(table.visualRect(table.model().index(row, TIME))).toImage()
        for row in (top, top + 1)
    )
    assert first != second
