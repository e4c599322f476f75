from __future__ import annotations

import pytest
from PySide6.QtCore import Qt as QtCoreQt
from PySide6.QtGui import Qt

from app.chat_values import ChatEntry, EntryState
from app.ui.plain_texts import MOST_LETTERS, plain_tip, shortened
from app.ui.widgets.chat_answer import ChatAnswer
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.fact_grid import FactGrid
from app.ui.widgets.problem_strip import ProblemStrip
from app.ui.widgets.state_strip import StateStrip
from tests.app.ui.test_playground_panel import NOW

HTML = 'box says 502: <img src="file:///etc/passwd"><b>gone</b>'


def test_a_tip_shows_html_as_the_letters_it_is():
    """What a server says is never a page to draw; plain words stay as they are."""
    assert plain_tip("2 < 3") == "2 < 3"
    tip = plain_tip(f"{HTML}\nand more")
    assert Qt.mightBeRichText(tip)
    assert "<img" not in tip
    assert "&lt;img" in tip
    assert "<br>and more" in tip


def test_a_long_value_is_cut():
    """A model's name of a thousand letters makes no page wide."""
    assert shortened("gpt-4o") == "gpt-4o"
    assert len(shortened("x" * 1_000)) == MOST_LETTERS


@pytest.mark.parametrize("kind", [StateStrip, ProblemStrip])
def test_strips_draw_no_page(theme, qtbot, kind):
    """A problem that came from outside is read as text."""
    strip = kind(theme)
    qtbot.addWidget(strip)
    assert strip._text.textFormat() is QtCoreQt.TextFormat.PlainText


def test_an_answer_that_failed_draws_no_page(theme, qtbot):
    """Neither what went wrong nor what the model thought is taken for HTML."""
    answer = ChatAnswer(theme)
    qtbot.addWidget(answer)
    state = EntryState.FAILED
    answer.show_entry(ChatEntry(1, "assistant", "", NOW, state=state, problem=HTML, reasoning=HTML))
    for label in (answer.problem, answer.thoughts):
        assert label.textFormat() is QtCoreQt.TextFormat.PlainText
        assert "<b>gone</b>" in label.text()
    assert "<img" not in answer.state.toolTip()


def test_shortened_words_draw_no_page(theme, qtbot):
    """What is cut off stands in a tooltip, as letters."""
    label, facts = ElidedLabel(), FactGrid("Facts")
    for widget in (label, facts):
        qtbot.addWidget(widget)
    label.resize(40, 20)
    label.show_text(HTML)
    facts.show_facts([("Asked for", f"{HTML}{HTML}", "A model")])
    assert "<img" not in label.toolTip()
    assert "<img" not in facts._rows[0][1].toolTip()
