from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.chat_values import (
    ChatEntry,
    ChatParameters,
    ChatView,
    EntryState,
    PlaygroundSnapshot,
    Rating,
)
from app.ui.playground_panel import PlaygroundPanel
from app.ui.playground_side import PARAMETERS, WHY
from engine.router.snapshot import ConversationView, Decision, ModelView, Tier

NOW = datetime(2026, 3, 1, tzinfo=UTC)
MODELS = (
    ModelView("qwen:7b", endpoints=("Ollama",), is_local=True),
    ModelView("opus", endpoints=("Anthropic",)),
)
TALK = ChatView(
    "c1",
    "Talk",
    (
        ChatEntry(1, "user", "Why?", NOW),
        ChatEntry(2, "assistant", "Because.", NOW, model="qwen:7b", decision_id="d1"),
    ),
    stored=1,
)
WRITING = replace(
    TALK,
    entries=(*TALK.entries, ChatEntry(3, "assistant", "Wel", NOW, state=EntryState.STREAMING)),
)
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def snapshot(chat=None):
    return PlaygroundSnapshot(
        chat or ChatView(), MODELS, (Tier("balanced", "Balanced"),), "balanced", True
    )


@pytest.fixture
def panel(theme, qtbot):
    panel = PlaygroundPanel(theme)
    qtbot.addWidget(panel)
    panel.resize(1072, 800)
    panel.show()
    qtbot.waitExposed(panel)
    panel.activateWindow()
    panel.show_snapshot(snapshot())
    panel.setFocus()
    return panel


def press(panel, key, modifiers=Qt.KeyboardModifier.NoModifier):
    QTest.keyClick(panel.chat.composer.text, key, modifiers)


def test_a_question_goes_to_the_default_tier(panel, qtbot):
    """Who has chosen nothing asks it; the field is empty afterwards."""
    panel.chat.composer.write("Why?")
    with qtbot.waitSignal(panel.ask_requested) as asked:
        press(panel, Qt.Key.Key_Return)
    ask = asked.args[0]
    assert (ask.text, ask.models, ask.parameters) == ("Why?", ("balanced",), ChatParameters())
    assert panel.chat.composer.text.toPlainText() == ""


def test_two_models_are_asked_where_they_are_compared(panel, qtbot):
    """The second is another one from the start; chosen alike they are asked once."""
    press(panel, Qt.Key.Key_D, CTRL | SHIFT)
    assert panel.head.second.isVisible()
    assert panel.head.models == ("balanced", "qwen:7b")
    panel.head.choose("qwen:7b")
    assert panel.head.models == ("qwen:7b",)
    press(panel, Qt.Key.Key_D, CTRL | SHIFT)
    assert panel.head.models == ("qwen:7b",)


def test_parameters_go_along(panel, qtbot):
    """Those that are set; a mistake counts as not set."""
    fields = panel.side.parameters.fields
    fields["temperature"].setText("0.5")
    fields["seed"].setText("x")
    fields["max_tokens"].setText("64")
    panel.side.parameters.json.click()
    panel.side.parameters.system.setPlainText("Be brief ")
    panel.chat.composer.write("Why?")
    with qtbot.waitSignal(panel.ask_requested) as asked:
        press(panel, Qt.Key.Key_Return)
    wanted = ChatParameters("Be brief", temperature=0.5, max_tokens=64, is_json=True)
    assert asked.args[0].parameters == wanted
    assert panel.head.parameters_button.isChecked()
    panel.side.parameters.reset_button.click()
    assert panel.side.parameters.value == ChatParameters()


def test_escape_stops_then_closes(panel, qtbot):
    """First the answer that is written, then an edit, then what is open beside the chat."""
    panel.show_snapshot(snapshot(WRITING))
    press(panel, Qt.Key.Key_P, CTRL | SHIFT)
    assert panel.side.part == PARAMETERS
    with qtbot.waitSignal(panel.stop_requested):
        press(panel, Qt.Key.Key_Escape)
    panel.show_snapshot(snapshot(TALK))
    press(panel, Qt.Key.Key_Up)
    assert panel.chat.composer.is_editing
    press(panel, Qt.Key.Key_Escape)
    assert not panel.chat.composer.is_editing
    press(panel, Qt.Key.Key_Escape)
    assert panel.side.part is None


def test_escape_stops_an_answer_that_does_not_show_yet(panel, qtbot):
    """A question that was sent is stopped before any snapshot knows of it; after that, nothing."""
    panel.show_snapshot(snapshot(TALK))
    press(panel, Qt.Key.Key_P, CTRL | SHIFT)
    panel.chat.composer.write("And?")
    press(panel, Qt.Key.Key_Return)
    panel.show_snapshot(snapshot(replace(TALK, stored=2)))
    with qtbot.waitSignal(panel.stop_requested):
        press(panel, Qt.Key.Key_Escape)
    assert panel.side.part == PARAMETERS
    with qtbot.assertNotEmitted(panel.stop_requested):
        press(panel, Qt.Key.Key_Escape)
    assert panel.side.part is None


def test_escape_stops_an_answer_that_was_asked_for_again(panel, qtbot):
    """It too is stopped before it shows."""
    panel.show_snapshot(snapshot(TALK))
    press(panel, Qt.Key.Key_R, CTRL)
    with qtbot.waitSignal(panel.stop_requested):
        press(panel, Qt.Key.Key_Escape)


def test_there_is_nothing_to_stop_once_an_answer_is_over(panel, qtbot):
    """Nor where the question came back into the field, as it could not be asked."""
    over = ChatEntry(3, "assistant", "Well", NOW)
    for show in (
        lambda: panel.show_snapshot(snapshot(replace(TALK, entries=(*TALK.entries, over)))),
        lambda: panel.take_text("And?"),
    ):
        panel.show_snapshot(snapshot(TALK))
        panel.chat.composer.write("And?")
        press(panel, Qt.Key.Key_Return)
        show()
        with qtbot.assertNotEmitted(panel.stop_requested):
            press(panel, Qt.Key.Key_Escape)


def test_an_edited_question_names_the_one_it_replaces(panel, qtbot):
    """Up takes it back; sent again it takes the place of the first."""
    panel.show_snapshot(snapshot(TALK))
    press(panel, Qt.Key.Key_Up)
    assert panel.chat.composer.text.toPlainText() == "Why?"
    QTest.keyClicks(panel.chat.composer.text, "!")
    with qtbot.waitSignal(panel.ask_requested) as asked:
        press(panel, Qt.Key.Key_Return)
    assert (asked.args[0].text, asked.args[0].replaces) == ("Why?!", 1)
    panel.chat.composer.write("Next")
    with qtbot.waitSignal(panel.ask_requested) as asked:
        press(panel, Qt.Key.Key_Return)
    assert asked.args[0].replaces is None


def test_the_last_answer_can_be_asked_for_again(panel, qtbot):
    """By its button and by its key, with what is chosen now; not while one is written."""
    panel.show_snapshot(snapshot(TALK))
    panel.head.choose("opus")
    with qtbot.waitSignal(panel.again_requested) as asked:
        press(panel, Qt.Key.Key_R, CTRL)
    assert (asked.args[0], asked.args[1].models) == (2, ("opus",))
    panel.show_snapshot(snapshot(WRITING))
    with qtbot.assertNotEmitted(panel.again_requested):
        press(panel, Qt.Key.Key_R, CTRL)


def test_why_asks_for_the_last_decision(panel, qtbot):
    """Or, where something is written, for where that would go; the same key closes it."""
    panel.show_snapshot(snapshot(TALK))
    with qtbot.waitSignal(panel.decision_wanted) as wanted:
        press(panel, Qt.Key.Key_I, CTRL)
    assert wanted.args == ["d1"]
    assert panel.side.part == WHY
    panel.show_decision(Decision("d1", NOW, "balanced", "chat", tier="balanced"))
    assert panel.side.decision.decision.id == "d1"
    press(panel, Qt.Key.Key_I, CTRL)
    assert panel.side.part is None
    panel.chat.composer.write("And?")
    with qtbot.waitSignal(panel.explain_wanted) as wanted:
        press(panel, Qt.Key.Key_I, CTRL)
    assert wanted.args[0].text == "And?"


def test_an_answers_buttons_reach_the_page(panel, qtbot):
    """Why, again and delete carry the answer they are of; deleting offers to undo."""
    panel.show_snapshot(snapshot(TALK))
    answer = panel.chat.transcript.answer(2)
    with qtbot.waitSignal(panel.decision_wanted):
        answer.why_button.click()
    with qtbot.waitSignal(panel.message_delete_requested) as deleted:
        answer.delete_button.click()
    assert deleted.args == [2]
    with qtbot.waitSignal(panel.message_undo_requested):
        panel.chat.undo.buttons["Undo"].click()
    assert panel.chat.undo.text == ""


def test_conversations_are_found_opened_renamed_and_deleted(panel, qtbot):
    """Everything the list offers is asked for; who deletes may undo."""
    views = (ConversationView("c1", "Talk", NOW, 2, "opus"),)
    panel.show_conversations(views)
    kept = panel.list
    with qtbot.waitSignal(panel.search_changed) as searched:
        press(panel, Qt.Key.Key_F, CTRL)
        QTest.keyClicks(kept.search, "ta")
        QTest.keyClick(kept.search, Qt.Key.Key_Return)
    assert searched.args == ["ta"]
    with qtbot.waitSignal(panel.open_requested) as opened:
        kept.list.opened.emit(views[0])
    assert opened.args == [views[0]]
    kept.list.setCurrentIndex(kept.list.model().index(0, 0))
    with qtbot.waitSignal(panel.delete_requested) as deleted:
        QTest.keyClick(kept.list, Qt.Key.Key_Delete)
    assert deleted.args == [["c1"]]
    with qtbot.waitSignal(panel.undo_delete_requested) as restored:
        kept.undo.buttons["Undo"].click()
    assert restored.args == [["c1"]]
    with qtbot.waitSignal(panel.new_requested):
        press(panel, Qt.Key.Key_N, CTRL)


def test_a_conversation_goes_on_with_whom_it_was(panel):
    """Opened again, the model or tier that was asked last is chosen; that can be changed."""
    asked = replace(TALK, entries=(replace(TALK.entries[0], asked="opus"), TALK.entries[1]))
    panel.show_snapshot(snapshot(asked))
    assert panel.head.models == ("opus",)
    panel.head.choose("qwen:7b")
    panel.show_snapshot(snapshot(replace(asked, title="Other")))
    assert panel.head.models == ("qwen:7b",)


def test_pages_turn_while_writing(panel):
    """Page Up and Page Down move the conversation, not the cursor."""
    long = replace(TALK.entries[1], text="\n\n".join(["words"] * 90))
    panel.show_snapshot(snapshot(replace(TALK, entries=(TALK.entries[0], long))))
    for _ in range(8):
        QApplication.processEvents()
    bar = panel.chat.transcript.verticalScrollBar()
    press(panel, Qt.Key.Key_PageUp)
    assert bar.value() == bar.maximum() - bar.pageStep()
    press(panel, Qt.Key.Key_PageDown)
    assert bar.value() == bar.maximum()


def test_the_list_is_read_when_something_was_kept(panel, qtbot):
    """Once for each change, not with each word."""
    with qtbot.waitSignal(panel.search_changed):
        panel.show_snapshot(snapshot(TALK))
    with qtbot.assertNotEmitted(panel.search_changed):
        panel.show_snapshot(snapshot(WRITING))


def test_an_empty_page_says_what_to_do(panel):
    """Who would answer, and ideas that are written into the field."""
    assert "2 models are ready" in panel.chat.welcome.hint.text()
    panel.chat.welcome.ideas[0].click()
    assert panel.chat.composer.text.toPlainText().startswith("Compare")
    assert panel.list.empty.text.startswith("No conversations yet")


def test_spoken_text_is_added_to_what_is_written(panel):
    """Nothing that was written before is lost."""
    panel.chat.composer.write("Shorten this:")
    panel.take_text("Some spoken words.")
    assert panel.chat.composer.text.toPlainText() == "Shorten this:\nSome spoken words."


@pytest.mark.parametrize(("width", "is_list"), [(1072, True), (672, False)])
def test_the_list_shows_where_there_is_room(panel, width, is_list):
    """In the smallest window it comes when asked for, and nothing is cut off."""
    panel.resize(width, 560)
    QApplication.processEvents()
    assert panel.list.isVisible() is is_list
    assert panel.head.new_button.isVisible() is not is_list
    press(panel, Qt.Key.Key_B, CTRL)
    assert panel.list.isVisible() is not is_list
    assert panel.minimumSizeHint().width() <= width


def test_in_a_small_window_what_is_opened_takes_the_page(panel, qtbot):
    """The chat comes back when it is closed; spoken text brings it back too."""
    panel.resize(672, 560)
    press(panel, Qt.Key.Key_P, CTRL | SHIFT)
    assert not panel.chat.isVisible()
    assert panel.minimumSizeHint().width() <= 672
    panel.side.close_button.click()
    assert panel.chat.isVisible()
    press(panel, Qt.Key.Key_P, CTRL | SHIFT)
    panel.take_text("Hello")
    assert panel.chat.isVisible()


def test_the_same_snapshot_gives_the_same_picture(panel, paint_count):
    """Drawn again, nothing is painted again."""
    wanted = snapshot(TALK)
    panel.show_snapshot(wanted)
    for _ in range(8):
        QApplication.processEvents()
    count = paint_count(panel.chat.transcript.viewport())
    panel.show_snapshot(wanted)
    panel.show_snapshot(replace(wanted))
    QApplication.processEvents()
    assert count.paints == 0


def test_it_says_when_nothing_is_kept(panel):
    """For as long as that is so."""
    panel.show_snapshot(snapshot(replace(TALK, problem="This conversation is not kept: disk full")))
    assert "disk full" in panel.chat.not_kept.text
    panel.show_snapshot(snapshot(TALK))
    assert panel.chat.not_kept.text == ""


def test_the_last_answer_is_rated_by_the_keyboard(panel, qtbot):
    """Alt+Up and Alt+Down; a second press takes it back. Without a suggestion nothing happens."""
    said = []
    panel.rated.connect(lambda key, rating: said.append((key, rating)))
    panel.show_snapshot(snapshot(TALK))
    press(panel, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert said == []
    question, answer = TALK.entries
    for rating in (Rating.NONE, Rating.UP):
        shown = replace(answer, suggestion_id="sug_1", rating=rating)
        panel.show_snapshot(snapshot(replace(TALK, entries=(question, shown))))
        press(panel, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
        press(panel, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert said == [(2, Rating.UP), (2, Rating.DOWN), (2, Rating.NONE), (2, Rating.DOWN)]


def test_copying_the_last_answer_is_told(panel, qtbot):
    """With the key of the answer."""
    panel.show_snapshot(snapshot(TALK))
    with qtbot.waitSignal(panel.copied) as copied:
        press(panel, Qt.Key.Key_C, CTRL | SHIFT)
    assert copied.args == [2]
