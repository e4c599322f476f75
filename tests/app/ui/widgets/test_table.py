from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from app.ui.widgets.table import Table
from app.ui.widgets.table_model import Column, Mark, Row

COLUMNS = (Column("Name"), Column("State", 80), Column("Size", 60, is_number=True))


def row(name, size, state="ok"):
    return Row(name, (name, Mark(state, "ok"), f"{size} B"), (name, state, size))


ROWS = (row("b", 20), row("a", 100), row("c", 3))


@pytest.fixture
def table(theme, qtbot):
    table = Table(theme, "Things", COLUMNS)
    qtbot.addWidget(table)
    table.resize(400, 200)
    table.show()
    qtbot.waitExposed(table)
    table.show_rows(ROWS)
    return table


def names(table):
    return [each.id for each in table.rows]


def test_rows_stand_as_given_until_a_column_is_sorted(table):
    """The order of whoever fills the table holds until the user chooses another."""
    table.let_sort()
    assert names(table) == ["b", "a", "c"]
    table.sortByColumn(2, Qt.SortOrder.DescendingOrder)
    assert names(table) == ["a", "b", "c"]


def test_numbers_sort_as_numbers(table):
    """100 is more than 20, whatever their texts."""
    table.let_sort()
    table.sortByColumn(2, Qt.SortOrder.AscendingOrder)
    assert names(table) == ["c", "b", "a"]


def test_the_order_holds_when_numbers_change(table):
    """A table that is fed again stays sorted as the user chose."""
    table.let_sort()
    table.sortByColumn(2, Qt.SortOrder.AscendingOrder)
    table.show_rows((row("b", 1), *ROWS[1:]))
    assert names(table) == ["b", "c", "a"]


def test_what_is_selected_stays_selected(table, qtbot):
    """A row keeps its selection when others come and go; nothing is told then."""
    table.select_id("a")
    with qtbot.assertNotEmitted(table.picked):
        table.show_rows((row("d", 1), ROWS[1]))
    assert table.selected() == ("a",)


def test_what_is_selected_moves_along_when_sorted(table, qtbot):
    """Sorting moves rows, not the selection."""
    table.let_sort()
    table.select_id("b")
    with qtbot.assertNotEmitted(table.picked):
        table.sortByColumn(2, Qt.SortOrder.AscendingOrder)
    assert table.selected() == ("b",)
    assert table.selectionModel().selectedRows()[0].row() == 1


def test_a_selected_row_that_goes_is_told(table, qtbot):
    """Whoever shows what is selected learns that it is gone."""
    table.select_id("a")
    with qtbot.waitSignal(table.picked):
        table.show_rows((ROWS[0],))
    assert table.selected() == ()


def test_the_same_rows_are_not_drawn_again(table, qtbot, paint_count):
    """Rows that are equal to those that show cost nothing."""
    count = paint_count(table.viewport())
    table.show_rows((row("b", 20), row("a", 100), row("c", 3)))
    qtbot.wait(0)
    assert count.paints == 0


def test_a_changed_number_is_drawn(table):
    """Another number under the same ids changes the picture."""
    before = table.grab().toImage()
    table.show_rows((row("b", 21), *ROWS[1:]))
    assert table.grab().toImage() != before


def test_selected_rows_are_copied(table):
    """Ctrl+C takes the row as text, cells apart by tabs."""
    table.select_id("a")
    QTest.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "a\tok\t100 B"


def test_del_asks_to_delete(table, qtbot):
    """The key asks; the table itself removes nothing."""
    with qtbot.waitSignal(table.delete_pressed):
        QTest.keyClick(table, Qt.Key.Key_Delete)
    assert len(table.rows) == 3


def test_a_table_is_saved_as_csv(table, tmp_path):
    """Titles and rows are written as they stand."""
    table.save(tmp_path / "t.csv")
    text = (tmp_path / "t.csv").read_text().splitlines()
    assert text == ["Name,State,Size", "b,ok,20 B", "a,ok,100 B", "c,ok,3 B"]


def test_a_file_that_cannot_be_written_is_told(table, tmp_path, qtbot):
    """The failure names the file and the remedy."""
    with qtbot.waitSignal(table.save_failed) as failed:
        table.save(tmp_path / "absent" / "t.csv")
    assert "choose another folder" in failed.args[0]


def test_the_wide_column_takes_what_the_others_leave(table):
    """Columns with a width keep it; the rest is for the names."""
    assert table.columnWidth(1) == 80
    assert table.columnWidth(0) == table.viewport().width() - 140


def test_the_keyboard_moves_along_the_rows(table):
    """Down selects the next row; Tab leaves the table instead of walking its cells."""
    table.setFocus()
    table.selectRow(0)
    QTest.keyClick(table, Qt.Key.Key_Down)
    assert table.selected() == ("a",)
    assert not table.tabKeyNavigation()


def test_the_sorted_column_shows_which_way(table):
    """An arrow behind the title tells by what, and in which direction, the rows stand."""
    table.let_sort()
    table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    title = table.model().headerData(0, Qt.Orientation.Horizontal)
    assert title == "Name \N{UPWARDS ARROW}"
    assert table.model().headerData(1, Qt.Orientation.Horizontal) == "State"
    table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    title = table.model().headerData(0, Qt.Orientation.Horizontal)
    assert title == "Name \N{DOWNWARDS ARROW}"


def test_the_keyboard_sorts_by_the_menu(table):
    """The menu sorts by each column, a second time the other way round."""
    table.let_sort()
    for wanted in (["c", "b", "a"], ["a", "b", "c"]):
        menu = table.table_menu()
        next(each for each in menu.actions() if each.text() == "Sort by Size").trigger()
        assert names(table) == wanted
        menu.deleteLater()


def test_a_table_that_is_not_sorted_offers_only_to_save(table):
    """Where the order has a meaning it is not changed."""
    menu = table.table_menu()
    assert [each.text() for each in menu.actions()] == ["Save table as CSV…"]
    menu.deleteLater()
