from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.ui.cache_keys import ENDS, NAMESPACE, SIZE, CacheKeys, key_row
from engine.cache.snapshot import CacheSnapshot, KeyPage, KeyRow, ValuePreview

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROWS = (
    KeyRow("uat:1:c:answers.1::=b", "answers", "", "b", 60.0, "both", 640),
    KeyRow("uat:1:c:answers.1:t1:=a", "answers", "t1", "a", None, "redis", 12),
    KeyRow("uat:1:c:models.1::=c", "models", "", "c", 4.0, "memory", None),
)
PAGE = KeyPage(ROWS, is_complete=True)


def preview(key, text="text"):
    return ValuePreview(key, "text", text, "none", 4, 40, 60.0, AT)


@pytest.fixture
def keys(theme, qtbot):
    keys = CacheKeys(theme)
    qtbot.addWidget(keys)
    keys.resize(1000, 600)
    keys.show()
    qtbot.waitExposed(keys)
    keys.show_keys(PAGE)
    return keys


def choose_namespace(keys, rich_cache, name):
    keys.show_cache(rich_cache)
    keys.namespace.setCurrentIndex(keys.namespace.findData(name))
    keys.namespace.activated.emit(keys.namespace.currentIndex())


def test_a_key_is_told_with_its_end_size_and_place():
    """What is left of its time, how large it is stored and where; unknown is a dash."""
    assert key_row(ROWS[0]).cells == ("b", "answers", "1 min", "640 B", "Both")
    assert key_row(ROWS[1]).cells == ("t1 / a", "answers", "Never", "12 B", "Redis")
    assert key_row(ROWS[2]).cells == ("c", "models", "4 s", "—", "Memory")


def test_keys_that_never_end_sort_last(keys):
    """Sorted by their end, the next to go stands first."""
    keys.table.sortByColumn(ENDS, Qt.SortOrder.AscendingOrder)
    assert [row.cells[0] for row in keys.table.rows] == ["c", "b", "t1 / a"]


def test_a_chosen_key_is_shown(keys, qtbot):
    """Choosing a key asks for its value, and what arrives is shown."""
    with qtbot.waitSignal(keys.preview_wanted) as wanted:
        keys.table.select_id(ROWS[0].key)
    assert wanted.args == [ROWS[0].key]
    keys.show_preview(preview(ROWS[0].key, "hello"))
    assert keys.value.text.toPlainText() == "hello"


def test_a_late_answer_does_not_show_the_wrong_value(keys):
    """The value of a key that is no longer chosen is left out."""
    keys.table.select_id(ROWS[0].key)
    keys.table.select_id(ROWS[2].key)
    keys.show_preview(preview(ROWS[0].key, "old"))
    assert keys.value.text.toPlainText() == ""


def test_typing_looks_once_after_a_pause(keys, qtbot):
    """A filter is not looked for with every letter; Enter does not wait."""
    with qtbot.waitSignal(keys.keys_wanted) as wanted:
        QTest.keyClicks(keys.filter, "llama")
        QTest.keyClick(keys.filter, Qt.Key.Key_Return)
    assert wanted.args == ["", "llama"]
    assert not keys._pause.isActive()


def test_a_namespace_narrows_the_list(keys, rich_cache, qtbot):
    """Choosing a namespace asks for its keys alone; its column says nothing new then."""
    assert not keys.table.isColumnHidden(NAMESPACE)
    with qtbot.waitSignal(keys.keys_wanted) as wanted:
        choose_namespace(keys, rich_cache, "answers")
    assert wanted.args == ["answers", ""]
    assert keys.table.isColumnHidden(NAMESPACE)


def test_a_chosen_namespace_stays_though_it_is_not_counted_any_more(keys, rich_cache):
    """The box does not jump to all namespaces while the user looks at one."""
    choose_namespace(keys, rich_cache, "models")
    keys.show_cache(CacheSnapshot(taken_s=1.0))
    assert keys.query == ("models", "")


def test_selected_keys_are_removed(keys, qtbot):
    """Del asks for every selected key to be removed."""
    keys.table.selectAll()
    with qtbot.waitSignal(keys.remove_requested) as asked:
        QTest.keyClick(keys.table, Qt.Key.Key_Delete)
    assert asked.args == [[row.key for row in ROWS]]
    assert keys.count.whole_text == "3 chosen"


def test_nothing_is_removed_where_nothing_is_chosen(keys, qtbot):
    """Without a selection the button is off and Del does nothing."""
    keys.table.clearSelection()
    assert not keys.delete_button.isEnabled()
    with qtbot.assertNotEmitted(keys.remove_requested):
        QTest.keyClick(keys.table, Qt.Key.Key_Delete)


def test_a_removal_is_undone(keys, qtbot):
    """As long as the notice stands, its button brings back what was removed."""
    keys.show_undo("1 key removed", "token-7")
    with qtbot.waitSignal(keys.undo_requested) as asked:
        keys.undo.buttons["Undo"].click()
    assert asked.args == ["token-7"]
    assert keys.undo.isHidden()


def test_what_cannot_be_undone_offers_no_undo(keys):
    """Without a token the notice only tells."""
    keys.show_undo("Every value of answers removed", "")
    assert keys.undo.isVisible()
    assert keys.undo.buttons["Undo"].isHidden()


def test_all_namespaces_cannot_be_purged(keys):
    """Purging needs a namespace; the button says so."""
    assert not keys.purge_button.isEnabled()
    assert "Choose a namespace" in keys.purge_button.toolTip()


def test_a_purge_is_confirmed(keys, rich_cache, qtbot):
    """A purge reaches every program: it is asked once more, and Cancel has the keyboard."""
    choose_namespace(keys, rich_cache, "answers")
    keys.show_keys(PAGE)
    with qtbot.assertNotEmitted(keys.purge_requested):
        keys.purge_button.click()
    assert "answers" in keys.confirm.text
    assert keys.confirm.buttons["Cancel"].hasFocus()
    with qtbot.waitSignal(keys.purge_requested) as asked:
        keys.confirm.buttons["Purge"].click()
    assert asked.args == ["answers"]
    assert keys.confirm.isHidden()


def test_a_purge_is_called_off(keys, rich_cache, qtbot):
    """Cancel removes nothing; neither does choosing another namespace meanwhile."""
    choose_namespace(keys, rich_cache, "answers")
    keys.show_keys(PAGE)
    with qtbot.assertNotEmitted(keys.purge_requested):
        keys.purge_button.click()
        keys.confirm.buttons["Cancel"].click()
        keys.purge_button.click()
        choose_namespace(keys, rich_cache, "models")
    assert keys.confirm.isHidden()


def test_an_empty_list_says_why(keys):
    """No keys at all and no keys for this filter are two things."""
    keys.show_keys(KeyPage((), is_complete=True))
    assert "No values yet" in keys.empty.text
    keys.filter.setText("zebra")
    keys.show_keys(KeyPage((), is_complete=True))
    assert "No such keys" in keys.empty.text


def test_a_list_that_is_not_complete_says_so(keys):
    """Who does not find a key in the list learns that there are others."""
    assert keys.count.whole_text == "3 keys"
    keys.show_keys(replace(PAGE, is_complete=False))
    assert "filter to see others" in keys.count.whole_text


def test_a_narrow_page_keeps_the_names_readable(keys):
    """Where there is little room, what the value tells too is left out of the list."""
    assert not keys.table.isColumnHidden(SIZE)
    keys.resize(600, 500)
    assert keys.table.isColumnHidden(SIZE)
    assert keys.table.columnWidth(0) >= 160


def test_a_selection_outlives_a_refresh(keys, qtbot):
    """The same key stays chosen when the list is read again, and is not asked for again."""
    keys.table.select_id(ROWS[0].key)
    with qtbot.assertNotEmitted(keys.preview_wanted):
        keys.show_keys(KeyPage((ROWS[2], replace(ROWS[0], ttl_s=3.0)), is_complete=True))
    assert keys.table.selected() == (ROWS[0].key,)


def test_the_value_of_a_key_that_went_is_not_shown_any_more(keys):
    """When the chosen key is gone from the list, so is its value."""
    keys.table.select_id(ROWS[0].key)
    keys.show_preview(preview(ROWS[0].key))
    assert keys.value.copy_button.isEnabled()
    keys.show_keys(KeyPage(ROWS[1:], is_complete=True))
    assert not keys.value.copy_button.isEnabled()
