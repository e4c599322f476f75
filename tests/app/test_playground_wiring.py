from __future__ import annotations

import asyncio

import pytest

from app.bridge import Bridge
from app.chat_turns import ChatTurns
from app.chat_values import Ask, EntryState, PlaygroundSnapshot, Rating
from app.playground_memory import PlaygroundMemory
from app.playground_wiring import PlaygroundWiring
from app.ui.playground_panel import PlaygroundPanel
from app.ui.voice_panel import VoicePanel
from engine.analytics.rewards import Signs
from engine.analytics.snapshot import SuggestionView
from engine.errors import Refused, Rejected
from engine.loop import BackgroundLoop
from tests.app.chat_rater import FakeRater
from tests.app.chat_router import FakeRouter


@pytest.fixture
def bridge(qapp, problems):
    loop = BackgroundLoop(on_error=problems.on_error)
    loop.start()
    bridge = Bridge(loop, problems)
    yield bridge
    bridge.close()
    assert loop.stop()


@pytest.fixture
def router():
    return FakeRouter()


@pytest.fixture
def turns():
    return ChatTurns()


@pytest.fixture
def rater():
    return FakeRater()


@pytest.fixture
def panel(theme, qtbot, bridge, turns, router, rater):
    panel = PlaygroundPanel(theme)
    qtbot.addWidget(panel)
    wiring = PlaygroundWiring(
        bridge, turns, router=lambda: router, rater=lambda: rater, not_ready="Wait"
    )
    wiring.connect_panel(panel)
    panel.wiring = wiring
    return panel


def keys(turns):
    return [entry.key for entry in turns.view().entries]


def is_over(turns, count):
    entries = turns.view().entries
    return len(entries) == count and not turns.view().is_under_way


def test_a_talk_from_the_first_question_to_the_undo(panel, turns, router, qtbot):
    """Everything the page asks for is done by the router and its store."""
    panel.ask_requested.emit(Ask("Hi", ("a",)))
    qtbot.waitUntil(lambda: is_over(turns, 2) and len(router.conversations.messages) == 2)
    panel.again_requested.emit(keys(turns)[1], Ask("", ("b",)))
    qtbot.waitUntil(lambda: is_over(turns, 2) and len(router.requests) == 2)
    qtbot.waitUntil(lambda: len(router.conversations.messages) == 3)
    qtbot.waitUntil(lambda: turns.view().entries[1].message_id is not None)
    panel.message_delete_requested.emit(keys(turns)[1])
    qtbot.waitUntil(lambda: len(turns.view().entries) == 1)
    panel.message_undo_requested.emit()
    qtbot.waitUntil(lambda: len(turns.view().entries) == 2)
    panel.rename_requested.emit("c1", "Greeting")
    qtbot.waitUntil(lambda: turns.view().title == "Greeting")
    panel.search_changed.emit("")
    qtbot.waitUntil(lambda: len(panel.list.list.views) == 1)
    panel.delete_requested.emit(["c1"])
    qtbot.waitUntil(lambda: turns.view().entries == ())
    panel.undo_delete_requested.emit(["c1"])
    qtbot.waitUntil(lambda: not router.conversations.deleted)
    panel.open_requested.emit(panel.list.list.views[0])
    qtbot.waitUntil(lambda: len(turns.view().entries) == 2)
    panel.new_requested.emit()
    qtbot.waitUntil(lambda: turns.view().entries == ())


def test_a_question_is_stopped_as_it_is_sent(panel, turns, router, bridge, qtbot):
    """Enter and Esc at once, while the question is still being kept: nobody is asked."""
    gate = router.conversations.gate = asyncio.Event()
    panel.ask_requested.emit(Ask("Hi", ("a",)))
    panel.stop_requested.emit()

    async def open_gate():
        gate.set()

    bridge.run(open_gate())
    qtbot.waitUntil(lambda: is_over(turns, 2))
    assert turns.view().entries[1].state is EntryState.STOPPED
    assert router.requests == []


def test_decisions_are_shown(panel, qtbot):
    """That of an answer, and that of a question before it is sent."""
    panel.decision_wanted.emit("d7")
    qtbot.waitUntil(lambda: panel.side.decision.decision is not None)
    assert panel.side.decision.decision.id == "d7"
    panel.explain_wanted.emit(Ask("Hi", ("fast",)))
    qtbot.waitUntil(lambda: panel.side.decision.decision.asked == "fast")


def test_what_cannot_be_done_is_told(panel, turns, router, qtbot):
    """In the strip of the page."""
    router.conversations.error = Refused("the disk is full")
    panel.rename_requested.emit("c1", "x")
    qtbot.waitUntil(lambda: panel.strip.text == "the disk is full")
    panel.message_delete_requested.emit(99)
    qtbot.waitUntil(lambda: "no longer there" in panel.strip.text)


def test_a_question_that_was_not_asked_goes_back_into_the_field(panel, turns, router, qtbot):
    """Nothing that was written is lost."""
    panel.ask_requested.emit(Ask("Hi", ("a",), replaces=99))
    qtbot.waitUntil(lambda: panel.chat.composer.text.toPlainText() == "Hi")


def test_before_the_engines_are_there_the_user_is_told_to_wait(theme, qtbot, bridge, turns):
    """And keeps what was written."""
    panel = PlaygroundPanel(theme)
    qtbot.addWidget(panel)
    wiring = PlaygroundWiring(bridge, turns, router=lambda: None, not_ready="Wait")
    wiring.connect_panel(panel)
    panel.ask_requested.emit(Ask("Hi", ("a",)))
    assert panel.strip.text == "Wait"
    assert panel.chat.composer.text.toPlainText() == "Hi"
    panel.search_changed.emit("x")
    assert panel.strip.text == "Wait"


def test_a_spoken_sentence_is_sent_to_the_playground(theme, qtbot, bridge):
    """The page opens with the sentence in its field."""
    from app.ui.main_window import MainWindow
    from app.wiring import Wiring

    window = MainWindow(theme)
    qtbot.addWidget(window, before_close_func=lambda window: window.allow_close())
    wiring = Wiring(window, theme, bridge)
    window.page_built.connect(wiring.add)
    window.open_title(VoicePanel.title)
    window.panel.send_requested.emit("Some spoken words.")
    assert isinstance(window.panel, PlaygroundPanel)
    assert window.panel.chat.composer.text.toPlainText() == "Some spoken words."


def test_what_is_set_is_there_in_the_next_run(theme, qtbot, bridge, turns, router, tmp_path):
    """Each conversation has its own system prompt; a new one begins without, and all is kept."""
    path = tmp_path / "playground.json"

    def page():
        panel = PlaygroundPanel(theme)
        qtbot.addWidget(panel)
        memory = PlaygroundMemory(path)
        wiring = PlaygroundWiring(
            bridge, turns, router=lambda: router, not_ready="Wait", memory=memory
        )
        wiring.connect_panel(panel)
        panel.wiring = wiring
        return panel

    def feed(panel):
        panel.show_snapshot(PlaygroundSnapshot(turns.view(), is_ready=True))

    first = page()
    fields = first.side.parameters
    fields.system.setPlainText("Be brief.")
    fields.fields["temperature"].setText("0.3")
    first.chat._send("Hi")
    qtbot.waitUntil(lambda: is_over(turns, 2) and len(router.conversations.messages) == 2)
    feed(first)
    assert router.requests[0].body["messages"][0] == {"role": "system", "content": "Be brief."}
    first._begin()
    qtbot.waitUntil(lambda: not turns.view().entries)
    feed(first)
    assert (fields.value.system, fields.value.temperature) == ("", 0.3)
    qtbot.waitUntil(lambda: path.exists() and '"Be brief."' in path.read_text(), timeout=5_000)
    second = page()
    assert second.side.parameters.value.temperature == 0.3
    feed(second)
    qtbot.waitUntil(lambda: len(second.list.list.views) == 1)
    second._open(second.list.list.views[0])
    qtbot.waitUntil(lambda: len(turns.view().entries) == 2)
    feed(second)
    assert second.side.parameters.value.system == "Be brief."


def test_what_is_said_and_done_with_answers_is_learnt(panel, turns, router, rater, qtbot):
    """Thumbs by the user's wish; copied, asked again and edited by themselves."""
    router.suggestion_id = "sug_1"
    panel.ask_requested.emit(Ask("Hi", ("a",)))
    qtbot.waitUntil(lambda: is_over(turns, 2) and not turns._chat.is_busy)
    question, answer = keys(turns)
    panel.rated.emit(answer, Rating.UP)
    qtbot.waitUntil(lambda: rater.told == [("sug_1", Signs(thumbs="up"))])
    assert turns.view().entries[1].rating is Rating.UP
    panel.copied.emit(answer)
    qtbot.waitUntil(lambda: rater.told[1:] == [("sug_1", Signs(copied=True))])
    router.suggestion_id = "sug_2"
    panel.again_requested.emit(answer, Ask("", ("a",)))
    qtbot.waitUntil(lambda: rater.told[2:] == [("sug_1", Signs(regenerated=True))])
    qtbot.waitUntil(lambda: is_over(turns, 2) and not turns._chat.is_busy)
    panel.ask_requested.emit(Ask("Hello", ("a",), replaces=question))
    qtbot.waitUntil(lambda: rater.told[3:] == [("sug_2", Signs(edited=True))])


def test_a_question_that_cannot_be_asked_again_says_nothing_of_its_answer(
    panel, turns, router, rater, bridge, qtbot
):
    """While another answer is written, an edit is refused, and the answer was not edited."""
    router.suggestion_id = "sug_1"
    panel.ask_requested.emit(Ask("Hi", ("a",)))
    qtbot.waitUntil(lambda: is_over(turns, 2) and not turns._chat.is_busy)
    question, answer = keys(turns)
    gate = router.gate = asyncio.Event()
    panel.ask_requested.emit(Ask("More", ("a",)))
    qtbot.waitUntil(lambda: turns.view().is_under_way)
    panel.ask_requested.emit(Ask("Hello", ("a",), replaces=question))
    qtbot.waitUntil(lambda: "stop it first" in panel.strip.text)

    async def open_gate():
        gate.set()

    bridge.run(open_gate())
    qtbot.waitUntil(lambda: is_over(turns, 4) and not turns._chat.is_busy)
    panel.copied.emit(answer)
    qtbot.waitUntil(lambda: rater.told == [("sug_1", Signs(copied=True))])


def test_a_rating_that_does_not_count_is_told(panel, turns, router, rater, qtbot):
    """In the strip of the page; it does not show under the answer."""
    router.suggestion_id = "sug_1"
    panel.ask_requested.emit(Ask("Hi", ("a",)))
    qtbot.waitUntil(lambda: is_over(turns, 2))
    rater.error = Rejected("too old", status=410)
    panel.rated.emit(keys(turns)[1], Rating.DOWN)
    qtbot.waitUntil(lambda: panel.strip.text == "too old")
    assert turns.view().entries[1].rating is Rating.NONE


def test_ratings_are_there_when_a_conversation_is_opened_again(panel, turns, router, rater, qtbot):
    """They are asked for by the ids of its requests."""
    panel.ask_requested.emit(Ask("Hi", ("a",)))
    qtbot.waitUntil(lambda: is_over(turns, 2) and not turns._chat.is_busy)
    request = turns.view().entries[1].decision_id
    rater.views[request] = SuggestionView("sug_1", 0.0, "m", "chat", {}, terms={"rated": 0.0})
    panel.search_changed.emit("")
    qtbot.waitUntil(lambda: len(panel.list.list.views) == 1)
    panel.open_requested.emit(panel.list.list.views[0])
    qtbot.waitUntil(lambda: turns.view().entries[1].rating is Rating.DOWN)


def test_nothing_can_be_rated_before_the_engines_are_there(theme, qtbot, bridge, turns):
    """The user is told to wait."""
    panel = PlaygroundPanel(theme)
    qtbot.addWidget(panel)
    PlaygroundWiring(bridge, turns, router=lambda: None, not_ready="Wait").connect_panel(panel)
    panel.rated.emit(1, Rating.UP)
    assert panel.strip.text == "Wait"
