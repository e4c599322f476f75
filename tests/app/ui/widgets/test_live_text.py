from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtGui import QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QApplication

from app.ui.widgets.live_text import LiveTextView, Paragraph, paragraphs
from engine.voice.snapshot import LiveText


@pytest.fixture
def view(theme, qtbot) -> LiveTextView:
    """Return a shown view of 400 x 120 pixels."""
    view = LiveTextView(theme)
    qtbot.addWidget(view)
    view.resize(400, 120)
    view.show()
    qtbot.waitExposed(view)
    return view


def format_of(view: LiveTextView, word: str) -> QTextCharFormat:
    cursor = view.document().find(word)
    assert not cursor.isNull()
    return cursor.charFormat()


def test_finals_stand_above_the_sentence_being_spoken(utterances):
    """What was said into the microphone comes first, then the live sentence; files stay out."""
    newest, older = utterances(2)
    from_file = replace(newest, source="lecture.mp4")
    live = LiveText(3, "And now", " this")
    assert paragraphs((older, from_file, newest), live) == (
        Paragraph("Sentence number 1."),
        Paragraph("Sentence number 2."),
        Paragraph("And now", " this"),
    )


def test_tentative_words_differ_by_shape(view):
    """Words that may change are italic and underlined with dots; those that stay are neither."""
    view.show_paragraphs((Paragraph("certain", "perhaps"),))
    firm, tentative = format_of(view, "certain"), format_of(view, "perhaps")
    assert not firm.fontItalic()
    assert firm.underlineStyle() == QTextCharFormat.UnderlineStyle.NoUnderline
    assert tentative.fontItalic()
    assert tentative.underlineStyle() == QTextCharFormat.UnderlineStyle.DotLine


def test_text_reads_as_plain_sentences(view):
    """A screen reader finds one line a sentence, tentative words included."""
    view.show_paragraphs((Paragraph("One."), Paragraph("Two", " three")))
    assert view.toPlainText() == "One.\nTwo three"


def test_only_what_changed_is_written_again(view):
    """Words on their way leave a selection in an earlier sentence alone."""
    view.show_paragraphs((Paragraph("One."), Paragraph("Two", " x")))
    cursor = view.textCursor()
    cursor.setPosition(0)
    cursor.setPosition(4, QTextCursor.MoveMode.KeepAnchor)
    view.setTextCursor(cursor)
    view.show_paragraphs((Paragraph("One."), Paragraph("Two three"), Paragraph("Four")))
    assert view.textCursor().selectedText() == "One."
    assert view.toPlainText() == "One.\nTwo three\nFour"


def test_a_selection_does_not_grow_with_new_sentences(view):
    """What is selected at the end stays what it was when a sentence is added."""
    view.show_paragraphs((Paragraph("One."),))
    view.selectAll()
    view.show_paragraphs((Paragraph("One."), Paragraph("Two.")))
    assert view.textCursor().selectedText() == "One."
    assert view.toPlainText() == "One.\nTwo."


def test_same_text_changes_nothing(view, qtbot):
    """Shown the same paragraphs again, the document is not touched."""
    view.show_paragraphs((Paragraph("One."),))
    with qtbot.assertNotEmitted(view.document().contentsChanged):
        view.show_paragraphs((Paragraph("One."),))


def test_less_text_removes_the_rest(view):
    """Fewer paragraphs leave nothing of the earlier ones behind."""
    view.show_paragraphs((Paragraph("One."), Paragraph("Two."), Paragraph("Three.")))
    view.show_paragraphs((Paragraph("One."),))
    assert view.toPlainText() == "One."
    view.show_paragraphs(())
    assert view.toPlainText() == ""


def many(count: int) -> tuple[Paragraph, ...]:
    return tuple(Paragraph(f"Sentence {number} goes on for a while.") for number in range(count))


def test_view_follows_new_words(view):
    """The newest words are in view as they come."""
    view.show_paragraphs(many(20))
    QApplication.processEvents()
    bar = view.verticalScrollBar()
    assert bar.maximum() > 0
    assert bar.value() == bar.maximum()


def test_view_stays_where_the_user_scrolled(view):
    """Whoever scrolled up to read is not torn away by new words."""
    view.show_paragraphs(many(20))
    QApplication.processEvents()
    view.verticalScrollBar().setValue(40)
    view.show_paragraphs(many(25))
    QApplication.processEvents()
    assert view.verticalScrollBar().value() == 40


def test_a_new_theme_recolours_what_is_written(view, theme):
    """Text already written takes the colours of the theme that is chosen."""
    view.show_paragraphs((Paragraph("One."),))
    try:
        theme.choose("light")
        assert view.toPlainText() == "One."
        found = format_of(view, "One").foreground().color().name()
        assert found == theme.tokens.text
    finally:
        theme.choose("dark")


def test_no_line_is_cut_through_at_the_top(view):
    """While the newest words are followed, nothing is drawn above the first whole line."""
    view.show_paragraphs(tuple(Paragraph(f"gypsy {number} jumps gladly") for number in range(9)))
    QApplication.processEvents()
    assert view.verticalScrollBar().value() > 0
    whole = view.first_whole_line()
    assert 0 <= whole.top() < whole.height()
    view.viewport().repaint()
    picture = view.viewport().grab().toImage()
    above = {picture.pixelColor(x, y).rgb() for y in range(whole.top()) for x in range(300)}
    assert len(above) <= 1
