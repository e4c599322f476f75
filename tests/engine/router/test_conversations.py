"""Conversations are kept in order, found by their words, cut, deleted and brought back."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


IDS, WORDS = ("a", "b"), ("apple", "pear", "plum")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(("append", "append", "delete", "restore", "cut", "uncut", "purge")),
        st.sampled_from(IDS),
        st.sampled_from(WORDS),
        st.integers(0, 3),
    ),
    max_size=25,
)


class Told:
    """What a person should find, kept without any database."""

    def __init__(self) -> None:
        self.lines: dict[str, list[tuple[int, str]]] = {}
        """Of every conversation that was not removed for good: numbers and words."""
        self.hidden: dict[str, set[int]] = {id: set() for id in IDS}
        """Messages that were cut."""
        self.deleted: set[str] = set()

    def shown(self, id: str) -> list[tuple[int, str]]:
        """Return the messages that there are."""
        return [line for line in self.lines.get(id, []) if line[0] not in self.hidden[id]]

    def begin_anew(self, id: str) -> None:
        """Begin a conversation that was deleted: nothing of it comes back."""
        if id in self.deleted:
            self.deleted.discard(id)
            self.hidden[id] |= {number for number, _ in self.lines[id]}

    def purge(self) -> None:
        """Remove what is hidden."""
        for id in self.deleted:
            del self.lines[id]
        self.deleted.clear()
        for id in self.lines:
            self.lines[id] = self.shown(id)


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_any_order_of_changes_shows_what_is_there(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, str, int]]
) -> None:
    """However conversations go on, are cut, deleted, brought back and purged: lists, messages and
    the search show what a slow model without a database says, and what is purged stays away.
    """

    async def work(database: Database) -> None:
        kept, told = Conversations(database, clock=FakeClock()), Told()
        cuts: dict[str, tuple[int, ...]] = dict.fromkeys(IDS, ())
        for what, id, word, place in steps:
            if what == "append":
                told.begin_anew(id)
                (number,) = await kept.append(id, NewMessage("user", word))
                told.lines.setdefault(id, []).append((number, word))
            elif what == "delete":
                await kept.delete(id)
                told.deleted |= {id} & told.lines.keys()
            elif what == "restore":
                await kept.restore(id)
                told.deleted.discard(id)
            elif what == "cut" and len(told.shown(id)) > place:
                cuts[id] = await kept.cut(id, told.shown(id)[place][0])
                assert cuts[id] == tuple(number for number, _ in told.shown(id)[place:])
                told.hidden[id] |= set(cuts[id])
            elif what == "uncut":
                await kept.uncut(cuts[id])
                told.hidden[id] -= set(cuts[id])
            elif what == "purge":
                await kept.purge_deleted()
                told.purge()
            await check(kept, told)

    with_database(tmp_path_factory.mktemp("router"), work)


async def check(kept: Conversations, told: Told) -> None:
    """Compare all that can be asked."""
    there = told.lines.keys() - told.deleted
    assert {view.id: view.messages for view in await kept.list()} == {
        id: len(told.shown(id)) for id in there
    }
    for id in there:
        assert [(each.id, each.content) for each in await kept.history(id)] == told.shown(id)
        words = [each["content"] for each in await kept.messages(id)]
        assert words == [word for _, word in told.shown(id)]
    for id in told.deleted:
        assert await kept.messages(id) == ()
    for word in WORDS:
        titled = {view.id for view in await kept.list() if word in view.title}
        said = {id for id in there if word in [each for _, each in told.shown(id)]}
        assert {view.id for view in await kept.search(word)} == titled | said
