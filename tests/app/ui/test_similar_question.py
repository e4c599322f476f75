"""From an answer to that of an earlier, similar question."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.chat_stream import Turn
from app.chat_values import ChatEntry, ChatView, PlaygroundSnapshot
from app.ui.activity_panel import ActivityPanel
from app.ui.playground_panel import PlaygroundPanel
from engine.exchange import Reply, Similar
from tests.app.ui.test_activity_panel import READY, FakeList, show
from tests.app.ui.test_playground_panel import NOW

SIMILAR = Similar("r297", 0.8333, 5.0)


@pytest.fixture
def activity(theme, qtbot):
    """Return the page and what answers it."""
    panel, source = ActivityPanel(theme), FakeList(300)
    qtbot.addWidget(panel)
    panel.page_wanted.connect(source.wishes.append)
    panel.resize(1_072, 800)
    panel.show()
    qtbot.waitExposed(panel)
    return panel, source


def test_the_entry_has_what_the_reply_says():
    """The suggestion stands at the answer from its first word on."""
    turn = Turn(7, "fast", NOW)
    assert turn.entry().similar is None
    turn.answered_by(Reply("m", "e", "d1", similar=SIMILAR))
    assert turn.entry().similar is SIMILAR


def test_an_answer_points_to_an_earlier_one(theme, qtbot):
    """Only where there is one; the link names the earlier request, and says how like it was."""
    panel = PlaygroundPanel(theme)
    qtbot.addWidget(panel)
    plain = ChatEntry(2, "assistant", "Because.", NOW)
    entries = (ChatEntry(1, "user", "Why?", NOW), plain, replace(plain, key=3, similar=SIMILAR))
    panel.show_snapshot(PlaygroundSnapshot(ChatView("c1", "Talk", entries)))
    assert panel.chat.transcript.answer(2).similar.isHidden()
    answer = panel.chat.transcript.answer(3)
    assert not answer.similar.isHidden()
    assert answer.similar.toolTip().startswith("83% of the telling words are the same")
    with qtbot.waitSignal(panel.similar_wanted) as wanted:
        answer.similar.click()
    assert wanted.args == ["r297"]


def test_the_activity_page_opens_it(activity, qtbot):
    """The list is searched for it, whatever was filtered before, and its whole is asked for."""
    panel, source = activity
    show(panel, source)
    panel.filters.choose("outcome", "failed")
    with qtbot.waitSignal(panel.record_wanted) as wanted:
        panel.open_request("r297")
    assert wanted.args == ["r297"]
    assert panel.table.chosen == "r297"
    assert (panel.filters.query.text, panel.filters.query.outcome) == ("r297", "")
    assert panel.filters.search.text() == "r297"
    show(panel, source, replace(READY, version=READY.version + 1))
    assert panel.table.chosen == "r297"
