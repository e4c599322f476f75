from __future__ import annotations

import asyncio

import pytest

from app.chat_turns import ChatTurns
from app.chat_values import Ask, ChatParameters, EntryState
from engine.errors import Refused, Unreachable
from engine.exchange import DONE
from engine.router.snapshot import ConversationView
from tests.app.chat_router import NOW, FakeRouter, chunk

VIEW = ConversationView("c1", "Hi", NOW, 2)


@pytest.fixture
def router():
    return FakeRouter()


@pytest.fixture
def turns():
    return ChatTurns(now=lambda: NOW, new_id=lambda: "d1")


def texts(turns):
    return [(entry.role, entry.text) for entry in turns.view().entries]


async def until(is_so):
    while not is_so():  # noqa: ASYNC110 - a view that is pulled has no event
        await asyncio.sleep(0)


def test_an_answer_is_asked_for_shown_and_kept(turns, router):
    """The question and the answer stand in the conversation and in the store, with its figures."""
    asyncio.run(turns.ask(router, Ask("Hi", ("balanced",), ChatParameters(temperature=0.2))))
    view = turns.view()
    assert (view.conversation, view.title) == ("c1", "Hi")
    assert texts(turns) == [("user", "Hi"), ("assistant", "Hello there")]
    answer = view.entries[1]
    assert (answer.state, answer.model, answer.endpoint) == (
        EntryState.DONE,
        "balanced-model",
        "desk",
    )
    assert answer.figures["tokens_per_s"] == pytest.approx(40)
    assert answer.decision_id == "d1"
    assert router.conversations.told("c1") == texts(turns)
    assert router.requests[0].body == {
        "model": "balanced",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.2,
    }
    assert router.closed == 1


def test_words_show_before_the_answer_is_over(turns, router):
    """What has come is seen while the rest is on its way; the keys stay to the end."""

    async def work():
        router.gate = asyncio.Event()
        asking = asyncio.ensure_future(turns.ask(router, Ask("Hi", ("a",))))
        await until(lambda: turns.view().entries and turns.view().entries[-1].text)
        early = turns.view()
        assert early.entries[1].text == "Hello"
        assert early.is_under_way
        router.gate.set()
        await asking
        assert [one.key for one in turns.view().entries] == [one.key for one in early.entries]

    asyncio.run(work())
    assert not turns.view().is_under_way


def test_a_view_is_the_same_object_until_something_changes(turns, router):
    """Whoever draws need not compare."""
    assert turns.view() is turns.view()
    asyncio.run(turns.ask(router, Ask("Hi", ("a",))))
    assert turns.view() is turns.view()


def test_stopping_keeps_what_has_come(turns, router):
    """The stream is closed at once; the half answer stays, is kept, and is called stopped."""

    async def work():
        router.gate = asyncio.Event()
        asking = asyncio.ensure_future(turns.ask(router, Ask("Hi", ("a", "b"))))
        await until(lambda: len(turns.view().entries) == 3 and turns.view().entries[2].text)
        turns.stop()
        await asking

    asyncio.run(work())
    assert [one.state for one in turns.view().entries[1:]] == [EntryState.STOPPED] * 2
    assert texts(turns)[1] == ("assistant", "Hello")
    assert router.conversations.told("c1") == texts(turns)
    assert router.closed == 2


def test_an_answer_is_stopped_before_it_is_asked_for(turns, router):
    """While the question is still being kept: it stays, and no model hears of it."""

    async def work():
        router.conversations.gate = asyncio.Event()
        asking = asyncio.ensure_future(turns.ask(router, Ask("Hi", ("a", "b"))))
        await until(lambda: turns.view().is_under_way)
        turns.stop()
        router.conversations.gate.set()
        await asking
        assert router.requests == []
        assert [one.state for one in turns.view().entries[1:]] == [EntryState.STOPPED] * 2
        assert router.conversations.told("c1") == [("user", "Hi")]
        await turns.ask(router, Ask("Again", ("a",)))

    asyncio.run(work())
    assert texts(turns)[-2:] == [("user", "Again"), ("assistant", "Hello there")]


@pytest.mark.parametrize("is_edit", [True, False])
def test_an_answer_is_stopped_before_what_it_replaces_is_gone(turns, router, is_edit):
    """Asked anew and stopped at once, no model is asked a second time."""

    async def work():
        await turns.ask(router, Ask("Hi", ("a",)))
        question, answer = turns.view().entries
        router.conversations.gate = asyncio.Event()
        again = (
            turns.ask(router, Ask("Hi!", ("a",), replaces=question.key))
            if is_edit
            else turns.ask_again(router, answer.key, ("a",), ChatParameters())
        )
        asking = asyncio.ensure_future(again)
        await until(lambda: len(turns.view().entries) < 2)
        turns.stop()
        router.conversations.gate.set()
        await asking

    asyncio.run(work())
    assert len(router.requests) == 1
    assert texts(turns) == [("user", "Hi!" if is_edit else "Hi"), ("assistant", "")]
    assert turns.view().entries[1].state is EntryState.STOPPED


def test_two_models_answer_side_by_side(turns, router):
    """Both are asked the same, and each is told its own earlier answer."""

    async def work():
        await turns.ask(router, Ask("Hi", ("a", "b")))
        router.events = [chunk("Again"), DONE]
        await turns.ask(router, Ask("And?", ("b",)))

    asyncio.run(work())
    assert [request.model for request in router.requests] == ["a", "b", "b"]
    assert [one.model for one in turns.view().entries[1:3]] == ["a-model", "b-model"]
    assert len(router.requests[2].messages) == 3


def test_an_answer_that_fails_tells_why(turns, router):
    """The reason stands where the answer would; the next question does not carry it along."""
    router.error = Unreachable("Nobody is there: start Ollama")
    asyncio.run(turns.ask(router, Ask("Hi", ("a",))))
    answer = turns.view().entries[1]
    assert (answer.state, answer.problem) == (EntryState.FAILED, "Nobody is there: start Ollama")
    assert answer.decision_id == "d1"
    assert router.conversations.told("c1") == [("user", "Hi")]


def test_a_mistake_in_the_program_is_not_swallowed(turns, router):
    """It ends the answer and reaches whoever asked for it."""
    router.error = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        asyncio.run(turns.ask(router, Ask("Hi", ("a",))))
    assert not turns.view().is_under_way


def test_a_full_disk_does_not_stop_the_talk(turns, router):
    """The answer comes; that nothing is kept is told, until something is kept again."""
    router.conversations.error = Refused("the disk is full")
    asyncio.run(turns.ask(router, Ask("Hi", ("a",))))
    assert texts(turns)[1] == ("assistant", "Hello there")
    assert turns.view().problem == "This conversation is not kept: the disk is full"
    router.conversations.error = None
    asyncio.run(turns.ask(router, Ask("Again", ("a",))))
    assert turns.view().problem == ""


def test_a_second_question_waits_for_the_first(turns, router):
    """While an answer is written another question is refused with what to do."""

    async def work():
        router.gate = asyncio.Event()
        asking = asyncio.ensure_future(turns.ask(router, Ask("Hi", ("a",))))
        await until(lambda: turns.view().is_under_way and router.requests)
        with pytest.raises(Refused, match="Esc"):
            await turns.ask(router, Ask("Two", ("a",)))
        router.gate.set()
        await asking

    asyncio.run(work())


def test_a_second_question_waits_until_the_first_is_kept(turns, router):
    """It is refused from the beginning, as no answer may stand below the wrong question."""

    async def work():
        router.conversations.gate = asyncio.Event()
        asking = asyncio.ensure_future(turns.ask(router, Ask("Hi", ("a",))))
        await until(lambda: turns.view().is_under_way)
        asyncio.get_running_loop().call_soon(router.conversations.gate.set)
        with pytest.raises(Refused, match="Esc"):
            await turns.ask(router, Ask("Two", ("a",)))
        await asking

    asyncio.run(work())
    assert texts(turns) == [("user", "Hi"), ("assistant", "Hello there")]


def test_an_edited_question_takes_the_place_of_what_followed(turns, router):
    """Later messages go, from the store as well."""

    async def work():
        await turns.ask(router, Ask("One", ("a",)))
        await turns.ask(router, Ask("Two", ("a",)))
        first = turns.view().entries[0]
        await turns.ask(router, Ask("Uno", ("a",), replaces=first.key))

    asyncio.run(work())
    assert texts(turns) == [("user", "Uno"), ("assistant", "Hello there")]
    assert router.conversations.told("c1") == texts(turns)


def test_an_answer_can_be_asked_for_again(turns, router):
    """The question stays, all of its answers are replaced by those of the models chosen now."""

    async def work():
        await turns.ask(router, Ask("One", ("a", "b")))
        last = turns.view().entries[-1]
        router.events = [chunk("Better"), DONE]
        await turns.ask_again(router, last.key, ("c",), ChatParameters())

    asyncio.run(work())
    assert texts(turns) == [("user", "One"), ("assistant", "Better")]
    assert router.conversations.told("c1") == texts(turns)


def test_a_deleted_message_can_be_brought_back(turns, router):
    """It alone goes, and comes back to its place; a second undo does nothing."""

    async def work():
        await turns.ask(router, Ask("One", ("a",)))
        await turns.ask(router, Ask("Two", ("a",)))
        before = texts(turns)
        await turns.remove(router, turns.view().entries[1].key)
        assert texts(turns) == [before[0], *before[2:]]
        assert router.conversations.told("c1") == texts(turns)
        await turns.undo(router)
        assert texts(turns) == before
        await turns.undo(router)
        assert texts(turns) == before
        assert router.conversations.told("c1") == before

    asyncio.run(work())


def test_a_conversation_can_be_opened_again(turns, router):
    """Its messages come back as they were, stopped answers as stopped ones."""

    async def work():
        await turns.ask(router, Ask("Hi", ("balanced",)))
        before = texts(turns)
        turns.begin()
        assert turns.view().entries == ()
        await turns.open(router, VIEW)
        assert texts(turns) == before

    asyncio.run(work())
    assert turns.view().entries[1].model == "balanced-model"


def test_an_answer_goes_on_while_another_conversation_is_open(turns, router):
    """Who comes back finds it further, or over, and it is kept where it belongs."""

    async def work():
        router.gate = asyncio.Event()
        asking = asyncio.ensure_future(turns.ask(router, Ask("Hi", ("a",))))
        await until(lambda: len(turns.view().entries) == 2 and turns.view().entries[1].text)
        turns.begin()
        await turns.open(router, VIEW)
        assert turns.view().is_under_way
        turns.begin()
        router.gate.set()
        await asking
        await turns.open(router, VIEW)

    asyncio.run(work())
    assert texts(turns)[1] == ("assistant", "Hello there")
    assert router.conversations.told("c1") == texts(turns)


def test_a_conversation_that_was_left_as_it_began_is_found_as_it_is(turns, router):
    """Left while its first question is being kept, it is opened with the answer under way."""

    async def work():
        router.conversations.gate, router.gate = asyncio.Event(), asyncio.Event()
        asking = asyncio.ensure_future(turns.ask(router, Ask("Hi", ("a",))))
        await until(lambda: turns.view().is_under_way)
        turns.begin()
        router.conversations.gate.set()
        await until(lambda: router.requests)
        await turns.open(router, VIEW)
        assert turns.view().is_under_way
        router.gate.set()
        await asking

    asyncio.run(work())
    assert texts(turns) == [("user", "Hi"), ("assistant", "Hello there")]


def test_a_deleted_conversation_is_closed(turns, router):
    """What shows is an empty one; deleting another one leaves it open."""
    asyncio.run(turns.ask(router, Ask("Hi", ("a",))))
    turns.gone(["other"])
    assert turns.view().conversation == "c1"
    turns.gone(["c1"])
    assert turns.view().entries == ()


def test_a_renamed_conversation_shows_its_title(turns, router):
    """The open one at once; and the list is to be read again."""
    asyncio.run(turns.ask(router, Ask("Hi", ("a",))))
    stored = turns.view().stored
    turns.renamed("c1", "Greeting")
    assert turns.view().title == "Greeting"
    assert turns.view().stored > stored


def test_closing_the_application_ends_an_answer(turns, router):
    """Cancelled from outside, nothing goes on in the background."""

    async def work():
        router.gate = asyncio.Event()
        asking = asyncio.ensure_future(turns.ask(router, Ask("Hi", ("a",))))
        await until(lambda: len(turns.view().entries) == 2 and turns.view().entries[1].text)
        asking.cancel()
        await asyncio.wait([asking])
        assert asking.cancelled()
        await until(lambda: router.closed)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(work())
    assert not turns.view().is_under_way


def test_a_request_can_be_looked_at_before_it_is_sent(turns, router):
    """It holds the conversation so far and the question that is being written."""
    asyncio.run(turns.ask(router, Ask("Hi", ("a",))))
    request = turns.request("a", "And?", ChatParameters(system="Be brief"))
    assert [one["role"] for one in request.messages] == ["system", "user", "assistant", "user"]
