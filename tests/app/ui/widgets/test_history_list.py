from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtWidgets import QApplication

from app.ui.widgets.history_delegate import HistoryDelegate
from app.ui.widgets.history_list import HistoryList
from app.ui.widgets.history_model import (
    HistoryModel,
    MetaRole,
    meta_text,
    when_text,
)

DAY = date(2026, 3, 1)


@pytest.fixture
def history(theme, qtbot) -> HistoryList:
    """Return a shown list of 360 x 400 pixels."""
    view = HistoryList(theme)
    qtbot.addWidget(view)
    view.resize(360, 400)
    view.show()
    qtbot.waitExposed(view)
    return view


def select(view: HistoryList, *rows: int) -> None:
    for row in rows:
        view.selectionModel().select(
            view.model().index(row, 0), QItemSelectionModel.SelectionFlag.Select
        )


class CountingDelegate(HistoryDelegate):
    """Remembers the rows it drew."""

    def __init__(self, theme):
        super().__init__(theme)
        self.drawn = set()

    def paint(self, painter, option, index):
        """Draw as usual."""
        self.drawn.add(index.row())
        super().paint(painter, option, index)


def test_a_long_history_is_drawn_one_screen_at_a_time(history, utterances, theme):
    """However long the history, only the rows in view are drawn."""
    delegate = CountingDelegate(theme)
    history.setItemDelegate(delegate)
    history.show_utterances(utterances(1_000), query="", today=DAY)
    history.viewport().repaint()
    history.scrollToBottom()
    history.viewport().repaint()
    assert {0, 999} <= delegate.drawn
    assert len(delegate.drawn) < 40


def test_a_row_is_as_high_as_its_sentence(history, utterances):
    """A short sentence takes one line; a long one two, and never more."""
    short, long, longest = utterances(3)
    rows = (short, replace(long, text="word " * 15), replace(longest, text="word " * 400))
    history.show_utterances(rows, query="", today=DAY)
    heights = [history.visualRect(history.model().index(row, 0)).height() for row in range(3)]
    assert heights[0] < heights[1] == heights[2]


def test_rows_grow_when_the_list_gets_narrow(history, utterances):
    """A sentence that no longer fits on one line gets the room of two."""
    (one,) = utterances(1)
    history.show_utterances((replace(one, text="word " * 8),), query="", today=DAY)
    wide = history.visualRect(history.model().index(0, 0)).height()
    history.resize(200, 400)
    QApplication.processEvents()
    assert history.visualRect(history.model().index(0, 0)).height() > wide


def test_selection_survives_a_new_search(history, utterances):
    """Sentences that are still listed stay selected, wherever they moved."""
    rows = utterances(5)
    history.show_utterances(rows, query="", today=DAY)
    select(history, 1, 3)
    kept = [one.id for one in history.selected()]
    fresh = replace(rows[0], id=99)
    history.show_utterances((fresh, *rows), query="", today=DAY)
    assert [one.id for one in history.selected()] == kept
    history.show_utterances(rows[2:], query="", today=DAY)
    assert [one.id for one in history.selected()] == kept[1:]


def test_copy_puts_sentences_in_the_order_they_were_said(history, utterances, qtbot):
    """Ctrl+C copies the selected sentences, one a line, the oldest first."""
    history.show_utterances(utterances(4), query="", today=DAY)
    select(history, 0, 2)
    qtbot.keyClick(history, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().text() == "Sentence number 2.\nSentence number 4."


def test_delete_key_asks_to_delete(history, utterances, qtbot):
    """Del asks; the list itself removes nothing."""
    history.show_utterances(utterances(2), query="", today=DAY)
    select(history, 0)
    with qtbot.waitSignal(history.delete_pressed):
        qtbot.keyClick(history, Qt.Key.Key_Delete)
    assert history.model().rowCount() == 2


def test_found_words_are_marked(history, utterances):
    """A search is marked where words begin with it, and nowhere else."""
    history.show_utterances(utterances(1), query="num sent", today=DAY)
    marks = history.itemDelegate()._marks("Sentence number 1, unnumbered.")
    assert [(mark.start, mark.length) for mark in marks] == [(0, 4), (9, 3)]


def test_search_text_is_not_a_pattern(history, utterances):
    """Letters that mean something in patterns are searched as they are."""
    history.show_utterances(utterances(1), query="(1.*", today=DAY)
    assert history.itemDelegate()._marks("Sentence number 1.") == []


def test_accessible_text_tells_sentence_and_circumstances(utterances):
    """A screen reader hears the sentence, then when, where and in which language."""
    model = HistoryModel()
    model.replace(utterances(1), DAY)
    index = model.index(0)
    spoken = index.data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken.startswith("Sentence number 1.")
    assert "English" in spoken
    assert "Microphone" in spoken
    assert index.data(MetaRole) in spoken


def test_a_file_is_named_as_the_source(utterances):
    """What came from a file shows the file's name; an unknown language is left out."""
    text = meta_text(replace(utterances(1)[0], source="talk.mp3", language=None), DAY)
    assert text.endswith("talk.mp3")
    assert "English" not in text


def test_the_day_is_told_unless_it_is_today(utterances):
    """Today's sentences show the time only, older ones their day, those of other years both."""
    said_at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    one = replace(utterances(1)[0], said_at=said_at)
    clock = f"{said_at.astimezone():%H:%M}"
    day = said_at.astimezone().date()
    assert when_text(one, day) == clock
    assert when_text(one, day.replace(month=5)) == f"{day.day} Mar, {clock}"
    assert when_text(one, day.replace(year=2027)) == f"{day.day} Mar 2026"
