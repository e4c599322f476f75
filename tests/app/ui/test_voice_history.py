from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from app.ui.voice_history import VoiceHistory


@pytest.fixture
def history(theme, qtbot, utterances) -> VoiceHistory:
    """Return a shown history of three sentences."""
    view = VoiceHistory(theme)
    qtbot.addWidget(view)
    view.resize(360, 400)
    view.show()
    qtbot.waitExposed(view)
    view.show_utterances(utterances(3))
    return view


def test_typing_searches_once(history, qtbot):
    """A word typed quickly is one search, without the spaces around it."""
    heard: list[str] = []
    history.search_changed.connect(heard.append)
    with qtbot.waitSignal(history.search_changed):
        qtbot.keyClicks(history.search, " lease ")
    assert heard == ["lease"]


def test_enter_searches_at_once(history, qtbot):
    """Enter does not wait for the pause, and there is no second search after it."""
    heard: list[str] = []
    history.search_changed.connect(heard.append)
    qtbot.keyClicks(history.search, "gpu")
    qtbot.keyClick(history.search, Qt.Key.Key_Return)
    assert heard == ["gpu"]
    assert not history._pause.isActive()


def test_no_hit_names_what_was_searched(history):
    """A search without result says so, with the words that were searched."""
    history.search.setText("zebra")
    history.show_utterances(())
    assert history.empty.isVisible()
    assert "zebra" in history.empty.text
    assert not history.list.isVisible()


def test_no_history_says_what_will_be_here(history):
    """Before anything was said the page says what it is for."""
    history.show_utterances(())
    assert history.empty.text.startswith("No history yet")


def test_actions_need_a_selection(history):
    """Copy, send and delete work on selected sentences only."""
    assert not history.copy_button.isEnabled()
    assert not history.send_button.isEnabled()
    assert not history.delete_button.isEnabled()
    history.list.selectAll()
    assert history.copy_button.isEnabled()
    assert history.delete_button.isEnabled()
    assert history.send_button.isEnabled()
    assert history.count.whole_text == "3 selected"


def test_sentences_are_sent_in_the_order_they_were_said(history, qtbot):
    """What is sent to the Playground reads as it was said, the oldest sentence first."""
    history.list.selectAll()
    chosen = sorted(history.list.selected(), key=lambda one: one.said_at)
    with qtbot.waitSignal(history.send_requested) as sent:
        history.send_button.click()
    assert sent.args == ["\n".join(one.text for one in chosen)]


def test_deleting_can_be_undone(history, qtbot):
    """Delete asks for it and offers to undo; undo asks for the same sentences back."""
    history.list.selectAll()
    with qtbot.waitSignal(history.delete_requested) as deleted:
        history.delete_button.click()
    assert history.undo.text == "3 sentences deleted"
    assert history.undo.isVisible()
    with qtbot.waitSignal(history.undo_delete_requested) as undone:
        history.undo.buttons["Undo"].click()
    assert undone.args == deleted.args == [[3, 2, 1]]
    assert not history.undo.isVisible()


def test_nothing_selected_deletes_nothing(history, qtbot):
    """Del without a selection asks for nothing."""
    with qtbot.assertNotEmitted(history.delete_requested):
        history.list.delete_pressed.emit()
    assert not history.undo.isVisible()


@pytest.mark.parametrize(("rows", "ids"), [((), [3, 2, 1]), ((1,), [2])])
def test_export_takes_the_selection_or_all(history, qtbot, rows, ids):
    """Export means what is selected, and everything listed where nothing is."""
    for row in rows:
        history.list.setCurrentIndex(history.list.model().index(row, 0))
    vtt = history.export_button.menu().actions()[2]
    with qtbot.waitSignal(history.export_requested) as exported:
        vtt.trigger()
    assert exported.args == ["vtt", ids]
