from __future__ import annotations

from datetime import UTC, datetime

import pytest
from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication, QTextDocument, QTextFormat
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.chat_values import ChatEntry, EntryState, Rating
from app.ui.playground_texts import ModelChoice
from app.ui.widgets.chat_answer import ChatAnswer
from app.ui.widgets.chat_body import ChatBody
from app.ui.widgets.chat_code import ChatCode
from app.ui.widgets.chat_composer import ChatComposer
from app.ui.widgets.chat_models import ModelPicker
from app.ui.widgets.chat_question import ChatQuestion
from app.ui.widgets.chat_rich_text import ChatRichText
from app.ui.widgets.chat_transcript import MOST_ROWS, ChatAnswers, ChatTranscript
from app.ui.widgets.chat_welcome import ChatWelcome
from app.ui.widgets.optional_number import OptionalNumber

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CHOICES = (
    ModelChoice("balanced", "Balanced", "Tiers"),
    ModelChoice("qwen:7b", "qwen:7b", "Local models", "48 tok/s"),
    ModelChoice("opus", "opus", "Cloud models"),
)


def entry(key, role, text, state=EntryState.DONE, **more):
    return ChatEntry(key, role, text, NOW, state=state, **more)


POPUP = pytest.mark.qt_log_ignore("This plugin does not support")
"""The offscreen platform has neither a stack of windows nor a keyboard to take."""


def settle():
    """Let every layout that another one waits for be made."""
    for _ in range(8):
        QApplication.processEvents()


@pytest.fixture
def shown(qtbot):
    """Return a function that shows a widget in a usual size."""

    def show(widget, width=600, height=500):
        qtbot.addWidget(widget)
        widget.resize(width, height)
        widget.show()
        qtbot.waitExposed(widget)
        return widget

    return show


def test_markdown_is_drawn_in_the_themes_type(theme, shown):
    """Headings, lists, tables and links come out as such, as tall as they are."""
    text = shown(ChatRichText(theme))
    text.show_markdown(
        "# Big\n\n- one\n- two\n\n> said\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n[x](http://a)"
    )
    blocks = []
    block = text.document().begin()
    while block.isValid():
        blocks.append(block)
        block = block.next()
    assert blocks[0].blockFormat().headingLevel() == 1
    assert blocks[1].textList() is not None
    assert any(
        each.blockFormat().intProperty(QTextFormat.Property.BlockQuoteLevel) for each in blocks
    )
    assert text.height() >= text.document().size().height() - 1
    text.grab()


def test_html_in_an_answer_is_text(theme, shown):
    """Nothing a model writes becomes a picture, a style or a script."""
    text = shown(ChatRichText(theme))
    text.show_markdown('<img src="file:///etc/passwd"><b>x</b> ![p](http://a/b.png)')
    assert "<b>x</b>" in text.toPlainText()
    assert "￼" not in text.toPlainText()
    kind = QTextDocument.ResourceType.ImageResource.value
    assert text.loadResource(kind, QUrl("file:///etc/passwd")).size() == 0


def test_links_open_outside_and_files_do_not(theme, shown, monkeypatch):
    """A web page opens in the browser; a path of this machine opens nothing."""
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    text = shown(ChatRichText(theme))
    for url in ("https://example.com", "file:///etc/passwd", "javascript:1"):
        text.anchorClicked.emit(QUrl(url))
    assert [url.toString() for url in opened] == ["https://example.com"]


def test_a_selection_survives_new_words(theme, shown):
    """Who marks a sentence to copy it keeps it while the answer goes on."""
    text = shown(ChatRichText(theme))
    text.show_markdown("one two")
    text.selectAll()
    text.show_markdown("one two three")
    assert text.textCursor().selectedText() == "one two"


def test_code_can_be_copied(theme, shown):
    """The button copies the code, and only that."""
    code = shown(ChatCode(theme))
    code.show_code("x = 1\ny = 2", "python")
    code.copy_button.click()
    assert QGuiApplication.clipboard().text() == "x = 1\ny = 2"
    assert code.language.text() == "python"


def test_code_grows_with_its_lines(theme, shown):
    """Lines are added to what is there; the block is as tall as they are."""
    code = shown(ChatCode(theme))
    code.show_code("a", "")
    low = code.text.height()
    code.show_code("a\nb\nc", "")
    assert code.text.toPlainText() == "a\nb\nc"
    assert code.text.height() > low
    code.show_code("z", "")
    assert code.text.toPlainText() == "z"
    assert code.text.height() == low


def test_only_the_last_part_of_an_answer_is_drawn_again(theme, shown, monkeypatch):
    """What is over stays the widget it was, and is not even looked at."""
    body = shown(ChatBody(theme))
    body.show_markdown("one\n\n```\ncode\n```\n\ntw", is_open=True)
    first, code, last = body.parts
    drawn = []
    monkeypatch.setattr(ChatRichText, "show_markdown", lambda self, text: drawn.append(self))
    body.show_markdown("one\n\n```\ncode\n```\n\ntwo", is_open=True)
    assert drawn == [last]
    assert body.parts == (first, code, last)


def test_text_that_turns_out_to_be_code_changes_its_widget(theme, shown):
    """A fence that comes replaces nothing but its own part."""
    body = shown(ChatBody(theme))
    body.show_markdown("one", is_open=True)
    body.show_markdown("```\none", is_open=True)
    assert [type(part) for part in body.parts] == [ChatCode]
    body.show_markdown("")
    assert body.parts == ()


def test_an_answer_shows_who_what_and_how_much(theme, shown):
    """The model, the figures, and buttons that know which answer they are of."""
    answer = shown(ChatAnswer(theme))
    answer.show_entry(
        entry(
            4,
            "assistant",
            "Yes",
            model="qwen:7b",
            endpoint="Ollama",
            asked="balanced",
            figures={"total_ms": 900.0},
            decision_id="d1",
        )
    )
    assert answer.who.whole_text == "qwen:7b on Ollama · balanced"
    assert answer.figures.whole_text == "900 ms"
    assert answer.state.isHidden()
    asked = []
    answer.why_wanted.connect(asked.append)
    answer.again_wanted.connect(asked.append)
    answer.delete_wanted.connect(asked.append)
    for button in (answer.why_button, answer.again_button, answer.delete_button):
        button.click()
    assert asked == [4, 4, 4]
    answer.copy_button.click()
    assert QGuiApplication.clipboard().text() == "Yes"


def test_an_answer_that_failed_says_why(theme, shown):
    """In words beside the state; an answer under way offers no buttons yet."""
    answer = shown(ChatAnswer(theme))
    answer.show_entry(entry(4, "assistant", "", EntryState.WAITING, asked="a"))
    assert not answer.copy_button.isVisible()
    answer.show_entry(entry(4, "assistant", "", EntryState.FAILED, problem="Key refused"))
    assert answer.problem.text() == "Key refused."
    assert answer.state.isVisible()
    assert answer.again_button.isVisible()
    assert not answer.copy_button.isEnabled()


def test_thoughts_are_shown_on_demand(theme, shown):
    """They are hidden until asked for."""
    answer = shown(ChatAnswer(theme))
    answer.show_entry(entry(4, "assistant", "Yes", reasoning="Let me see"))
    assert not answer.thoughts.isVisible()
    answer.thinking.click()
    assert answer.thoughts.text() == "Let me see"
    assert answer.thoughts.isVisible()


def test_a_question_is_no_wider_than_it_needs_to_be(theme, shown):
    """Short ones hug their words; long ones wrap and leave room at the left."""
    question = shown(ChatQuestion(theme))
    question.show_entry(entry(1, "user", "Hi"))
    settle()
    narrow = question.bubble.width()
    question.show_entry(entry(1, "user", "word " * 80))
    settle()
    assert narrow < question.bubble.width() <= question.width() * 0.85


def test_a_question_loses_the_lines_it_no_longer_needs(theme, shown):
    """In a page that was narrow for a while it is as high as before."""
    question = shown(ChatQuestion(theme), 900)
    question.show_entry(entry(1, "user", "word " * 12))
    settle()
    wide = question.words.height()
    question.resize(240, 400)
    settle()
    assert question.words.height() > wide
    question.resize(900, 400)
    settle()
    assert question.words.height() == wide


def test_answers_stand_side_by_side_where_there_is_room(theme, shown):
    """In a narrow page they stand under each other."""
    pair = shown(ChatAnswers(theme), 900)
    pair.show_entries([entry(1, "assistant", "a"), entry(2, "assistant", "b")])
    settle()
    first, second = pair.answers[1], pair.answers[2]
    assert first.y() == second.y()
    pair.resize(400, 500)
    settle()
    assert second.y() > first.y()


def test_the_conversation_follows_new_words(theme, shown):
    """At its end it stays there; who scrolled up is left alone."""
    transcript = shown(ChatTranscript(theme), 600, 300)
    long = "\n\n".join(["words"] * 40)
    transcript.show_entries((entry(1, "user", "Hi"), entry(2, "assistant", long)))
    settle()
    bar = transcript.verticalScrollBar()
    assert bar.value() == bar.maximum() > 0
    bar.setValue(10)
    transcript.show_entries((entry(1, "user", "Hi"), entry(2, "assistant", long * 2)))
    settle()
    assert bar.value() == 10


def test_old_messages_come_when_they_are_scrolled_to(theme, shown):
    """A long conversation opens with its end; what is being read stays in place."""
    transcript = shown(ChatTranscript(theme), 600, 300)
    many = tuple(entry(n, "user", f"Question {n}") for n in range(50))
    transcript.show_entries(many)
    settle()
    assert len(transcript.rows) == MOST_ROWS
    transcript.verticalScrollBar().setValue(0)
    settle()
    assert len(transcript.rows) == 2 * MOST_ROWS
    assert transcript.verticalScrollBar().value() > 0


def test_rows_are_kept_while_an_answer_grows(theme, shown):
    """A new word makes no new widget; a deleted message takes its own away."""
    transcript = shown(ChatTranscript(theme))
    question = entry(1, "user", "Hi")
    transcript.show_entries((question, entry(2, "assistant", "a", EntryState.STREAMING)))
    rows = transcript.rows
    transcript.show_entries((question, entry(2, "assistant", "ab")))
    assert transcript.rows == rows
    transcript.show_entries((question,))
    assert transcript.rows == rows[:1]
    assert transcript.answer(2) is None


def test_enter_sends_and_shift_enter_does_not(theme, shown, qtbot):
    """Blank questions are not sent; the field grows with its lines."""
    composer = shown(ChatComposer(theme), 500, 120)
    sent = []
    composer.sent.connect(sent.append)
    field = composer.text
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert sent == []
    low = field.height()
    QTest.keyClicks(field, "one")
    QTest.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClicks(field, "two")
    assert field.height() > low
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert sent == ["one\ntwo"]


def test_the_button_stops_while_an_answer_is_written(theme, shown, qtbot):
    """It says so, and Enter sends nothing meanwhile."""
    composer = shown(ChatComposer(theme))
    sent = []
    composer.sent.connect(sent.append)
    composer.write("Hi")
    composer.show_under_way(True)
    assert composer.button.text() == "Stop"
    QTest.keyClick(composer.text, Qt.Key.Key_Return)
    assert sent == []
    with qtbot.waitSignal(composer.stop_wanted):
        composer.button.click()


def test_up_takes_the_last_question_back(theme, shown, qtbot):
    """In an empty field only; in a text it moves the cursor."""
    composer = shown(ChatComposer(theme))
    with qtbot.waitSignal(composer.last_wanted):
        QTest.keyClick(composer.text, Qt.Key.Key_Up)
    composer.write("text")
    with qtbot.assertNotEmitted(composer.last_wanted):
        QTest.keyClick(composer.text, Qt.Key.Key_Up)


@POPUP
def test_a_model_is_found_by_typing(theme, shown, qtbot):
    """The list opens from the keyboard, is searched, and Enter takes what is marked."""
    picker = shown(ModelPicker(theme, "Model", "Ctrl+M"), 220, 32)
    picker.show_choices(CHOICES, "balanced")
    assert picker.text() == "Balanced"
    QTest.keyClick(picker, Qt.Key.Key_Down)
    menu = picker.menu_list
    QTest.keyClicks(menu.search, "qw")
    with qtbot.waitSignal(picker.picked) as picked:
        QTest.keyClick(menu.search, Qt.Key.Key_Return)
    assert picked.args == ["qwen:7b"]
    assert (picker.value, picker.text()) == ("qwen:7b", "qwen:7b")
    assert not menu.isVisible()


@POPUP
def test_groups_are_passed_over(theme, shown, qtbot):
    """Down goes from one model to the next, over the names of the groups."""
    picker = shown(ModelPicker(theme, "Model", "Ctrl+M"), 220, 32)
    picker.show_choices(CHOICES, "balanced")
    picker.open_list()
    menu = picker.menu_list
    menu.grab()
    for _ in range(5):
        QTest.keyClick(menu.search, Qt.Key.Key_Down)
    QTest.keyClick(menu.search, Qt.Key.Key_Up)
    with qtbot.waitSignal(picker.picked) as picked:
        QTest.keyClick(menu.search, Qt.Key.Key_Return)
    assert picked.args == ["qwen:7b"]


@POPUP
def test_a_click_takes_a_model(theme, shown, qtbot):
    """Anywhere on its row."""
    picker = shown(ModelPicker(theme, "Model", "Ctrl+M"), 220, 32)
    picker.show_choices(CHOICES, "")
    picker.open_list()
    view = picker.menu_list.list
    place = view.visualRect(view.model().index(3, 0)).center()
    with qtbot.waitSignal(picker.picked) as picked:
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place))
    assert picked.args == ["qwen:7b"]


@pytest.mark.parametrize(
    ("text", "value", "is_wrong"),
    [
        ("", None, False),
        ("0.7", 0.7, False),
        ("0,7", 0.7, False),
        ("3", None, True),
        ("x", None, True),
    ],
)
def test_a_number_may_be_left_out(theme, shown, text, value, is_wrong):
    """Empty is no mistake; what is no number in the range is marked and not used."""
    field = shown(OptionalNumber("Temperature", float, 0, 2))
    field.setText(text)
    assert field.value == value
    assert bool(field.property("invalid")) is is_wrong


def test_an_idea_goes_into_the_field(theme, shown, qtbot):
    """It is written there, not sent."""
    welcome = shown(ChatWelcome(theme))
    with qtbot.waitSignal(welcome.idea_taken) as taken:
        welcome.ideas[1].click()
    assert taken.args[0].startswith("Write a Python function")


def test_thumbs_show_what_was_said(theme, shown, qtbot):
    """The thumb that was pressed is down until another picture says otherwise; names tell keys."""
    answer = shown(ChatAnswer(theme))
    thumbs = answer.rating.buttons
    answer.show_entry(entry(1, "assistant", "Yes"))
    assert not any(button.isEnabled() for button in thumbs.values())
    assert "See the page Parameters" in thumbs[Rating.UP].toolTip()
    answer.show_entry(entry(1, "assistant", "Yes", suggestion_id="s"))
    with qtbot.waitSignal(answer.rated) as rated:
        thumbs[Rating.DOWN].click()
    assert rated.args == [1, Rating.DOWN]
    assert not thumbs[Rating.DOWN].isChecked()
    answer.show_entry(entry(1, "assistant", "Yes", suggestion_id="s", rating=Rating.DOWN))
    assert thumbs[Rating.DOWN].isChecked()
    assert thumbs[Rating.DOWN].toolTip() == "Bad answer: take that back (Alt+Down: the last)"
    assert thumbs[Rating.DOWN].accessibleName() == "Bad answer"
    with qtbot.waitSignal(answer.rated) as rated:
        thumbs[Rating.DOWN].click()
    assert rated.args == [1, Rating.NONE]


def test_an_answer_that_failed_cannot_be_rated(theme, shown):
    """It says nothing of its parameters."""
    answer = shown(ChatAnswer(theme))
    answer.show_entry(entry(1, "assistant", "", EntryState.FAILED, suggestion_id="s"))
    assert not answer.rating.buttons[Rating.UP].isEnabled()


def test_every_way_to_copy_is_told(theme, shown, qtbot):
    """The button, that of a piece of code, and chosen words by the keyboard."""
    answer = shown(ChatAnswer(theme))
    answer.show_entry(entry(7, "assistant", "Some words\n\n```\ncode\n```"))
    words, code = answer.body.parts
    words.selectAll()
    for copy in (
        answer.copy_button.click,
        code.copy_button.click,
        lambda: QTest.keyClick(words, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier),
    ):
        with qtbot.waitSignal(answer.copied) as copied:
            copy()
        assert copied.args == [7]
