"""Conversations are kept in order, found by their words, cut, deleted and brought back."""

from __future__ import annotations

from pathlib import Path

from engine.router.conversations import Conversations, NewMessage
from engine.storage import Database
from tests.conftest import FakeClock
from tests.engine.router.opened import with_database


def test_messages_come_back_in_order_and_whole(tmp_path: Path) -> None:
    """What was appended is there as it was, with its figures and its decision."""

    async def work(database: Database) -> None:
        clock = FakeClock()
        kept = Conversations(database, clock=clock)
        id = await kept.create(model="fast")
        answer = NewMessage(
            "assistant",
            "Paris",
            model="tiny",
            reasoning="France...",
            figures={"first_token_ms": 12.5},
            decision_id="d1",
        )
        await kept.append(id, NewMessage("user", "The capital of France?"), answer)
        first, second = await kept.history(id)
        assert (first.role, first.content, first.at) == (
            "user",
            "The capital of France?",
            clock.wall(),
        )
        assert (second.content, second.reasoning) == ("Paris", "France...")
        assert second.figures == {"first_token_ms": 12.5}
        assert second.decision_id == "d1"
        view = await kept.find(id)
        assert view is not None
        assert (view.title, view.messages, view.model) == ("The capital of France?", 2, "tiny")

    with_database(tmp_path, work)


def test_a_session_begins_with_its_first_message(tmp_path: Path) -> None:
    """Appending to an id that nobody created makes the conversation; a long title is cut."""

    async def work(database: Database) -> None:
        kept = Conversations(database, clock=FakeClock())
        await kept.append("client-7", NewMessage("user", "word " * 40))
        (view,) = await kept.list()
        assert view.id == "client-7"
        assert view.title == "word " * 11 + "word…"

    with_database(tmp_path, work)


def test_tool_messages_come_back_as_openai_has_them(tmp_path: Path) -> None:
    """A call and its result keep their fields; a plain message is a role and a text."""
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "c1"}]}
    result = {"role": "tool", "tool_call_id": "c1", "content": "4"}

    async def work(database: Database) -> object:
        kept = Conversations(database, clock=FakeClock())
        await kept.append(
            "s",
            NewMessage("user", "2 + 2?"),
            NewMessage("assistant", "", whole=call),
            NewMessage("tool", "4", whole=result),
        )
        return await kept.messages("s")

    expected = ({"role": "user", "content": "2 + 2?"}, call, result)
    assert with_database(tmp_path, work) == expected


def test_the_newest_messages_are_sent_along(tmp_path: Path) -> None:
    """A limit leaves out the oldest; a deleted conversation sends nothing."""

    async def work(database: Database) -> None:
        kept = Conversations(database, clock=FakeClock())
        await kept.append("s", *(NewMessage("user", str(number)) for number in range(5)))
        texts = [each["content"] for each in await kept.messages("s", limit=2)]
        assert texts == ["3", "4"]
        await kept.delete("s")
        assert await kept.messages("s") == ()

    with_database(tmp_path, work)


def test_conversations_are_found_by_title_and_text(tmp_path: Path) -> None:
    """A search finds words of any message and parts of titles, in any case."""

    async def work(database: Database) -> None:
        clock = FakeClock()
        kept = Conversations(database, clock=clock)
        for id, title, text in (("a", "Garden", "roses"), ("b", "", "Où est le café? 🥐")):
            clock.advance(1)
            await kept.create(id=id, title=title)
            await kept.append(id, NewMessage("user", text))
        assert [each.id for each in await kept.list()] == ["b", "a"]
        for query, ids in {
            "rose": ["a"],
            "GARD": ["a"],
            "cafe": ["b"],
            "": ["b", "a"],
            "%": [],
            "🥐": ["b"],
            "nothing": [],
        }.items():
            assert [each.id for each in await kept.search(query)] == ids, query

    with_database(tmp_path, work)


def test_deleting_can_be_undone(tmp_path: Path) -> None:
    """A deleted conversation is nowhere; restored it is as before; purged it is gone."""

    async def work(database: Database) -> None:
        kept = Conversations(database, clock=FakeClock())
        await kept.append("a", NewMessage("user", "hello"))
        await kept.rename("a", "Greeting")
        before = await kept.list()
        assert before[0].title == "Greeting"
        await kept.delete("a")
        assert await kept.list() == await kept.search("hello") == ()
        assert await kept.find("a") is None
        await kept.restore("a")
        assert await kept.list() == before
        await kept.delete("a")
        assert await kept.purge_deleted() == 1
        await kept.restore("a")
        assert await kept.list() == ()
        assert await kept.history("a") == ()

    with_database(tmp_path, work)


def test_deleted_conversation_that_goes_on_begins_anew(tmp_path: Path) -> None:
    """A client whose session was deleted is remembered again, without what was said before."""

    async def work(database: Database) -> None:
        kept = Conversations(database, clock=FakeClock())
        await kept.append("s", NewMessage("user", "a secret"))
        await kept.delete("s")
        await kept.append("s", NewMessage("user", "hello"))
        assert [each["content"] for each in await kept.messages("s")] == ["hello"]
        (view,) = await kept.list()
        assert (view.title, view.messages) == ("hello", 1)
        assert await kept.search("secret") == ()
        await kept.purge_deleted()
        assert [each.content for each in await kept.history("s")] == ["hello"]

    with_database(tmp_path, work)


def test_a_conversation_is_cut_for_another_try(tmp_path: Path) -> None:
    """From the chosen message on everything is hidden, and comes back when that is undone."""

    async def work(database: Database) -> None:
        kept = Conversations(database, clock=FakeClock())
        ids = await kept.append("a", *(NewMessage("user", text) for text in "wxyz"))
        cut = await kept.cut("a", ids[2])
        assert cut == ids[2:]
        assert [each.content for each in await kept.history("a")] == ["w", "x"]
        (view,) = await kept.list()
        assert view.messages == 2
        await kept.uncut(cut)
        assert [each.content for each in await kept.history("a")] == ["w", "x", "y", "z"]

    with_database(tmp_path, work)
