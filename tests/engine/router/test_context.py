"""What is added to a request is what was wanted, fits, and is told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import Damaged
from engine.exchange import LlmRequest, Native, Task
from engine.router.context import ALL_OFF, Context
from engine.router.conversations import Conversations, NewMessage
from engine.router.notes import Notes
from engine.router.settings import ContextSettings
from engine.router.snapshot import ContextStep
from engine.storage import Database
from engine.tokens import prompt_tokens
from tests.conftest import FakeClock
from tests.engine.router.opened import with_database

ResultT = TypeVar("ResultT")
Enhanced = tuple[LlmRequest, tuple[ContextStep, ...]]
NOTHING = ContextSettings(memory=False)
QUESTION = {"role": "user", "content": "Where is the key of the garage?"}
LISBON = timezone(timedelta(hours=1), "WEST")


def asked(*messages: dict[str, Any], **fields: Any) -> LlmRequest:
    return LlmRequest("fast", {"messages": list(messages or (QUESTION,)), "top_k": 3}, **fields)


def enhanced(
    folder: Path,
    request: LlmRequest,
    chosen: ContextSettings,
    *,
    window_tokens: int | None = 4_000,
    before: Callable[[Conversations, Notes], Awaitable[object]] | None = None,
) -> Enhanced:
    """Return what becomes of `request`, after `before` has filled conversations and notes."""

    async def work(database: Database) -> Enhanced:
        conversations = Conversations(database, clock=FakeClock())
        notes = Notes(database, clock=FakeClock())
        if before is not None:
            await before(conversations, notes)
        context = Context(conversations=conversations, notes=notes, clock=FakeClock(), zone=LISBON)
        return await context.enhance(request, settings=chosen, window_tokens=window_tokens)

    return with_database(folder, work)


def detail(steps: tuple[ContextStep, ...], name: str) -> str:
    """Return what step `name` says."""
    return next(step.detail for step in steps if step.name == name)


async def a_talk(conversations: Conversations, notes: Notes) -> None:
    """Remember a turn of session "s", and a note."""
    await conversations.append("s", NewMessage("user", "I am Ada."), NewMessage("assistant", "Hi"))
    await notes.put("Garage", "The key hangs in the kitchen.")


@pytest.mark.parametrize(
    ("request_", "chosen"),
    [
        (asked(session="s"), NOTHING),
        (asked(), ContextSettings()),
        (asked(session="s", context=frozenset()), ContextSettings(date=True)),
        (asked(session="s", task=Task.COMPLETION), ContextSettings(date=True)),
        (LlmRequest("fast", {"messages": "odd"}), ContextSettings(date=True)),
        (LlmRequest("fast", {"messages": ["odd"]}), ContextSettings(date=True)),
        (LlmRequest("fast", {"messages": []}), ContextSettings(date=True)),
    ],
)
def test_a_request_to_which_nothing_is_added_is_the_same(
    tmp_path: Path, request_: LlmRequest, chosen: ContextSettings
) -> None:
    """With every step off, or no chat to add to, it is the very same object."""
    request, steps = enhanced(tmp_path, request_, chosen, before=a_talk)
    assert request is request_
    assert steps == ALL_OFF


def test_every_step_adds_its_part(tmp_path: Path) -> None:
    """Instructions, date, place and notes become one system message, memory comes after it."""
    chosen = ContextSettings(
        system_prompt=True, system_prompt_text="Be brief.", date=True, place="Lisbon", notes=True
    )
    request, steps = enhanced(tmp_path, asked(session="s"), chosen, before=a_talk)
    system, *rest = request.messages
    assert system == {
        "role": "system",
        "content": "Be brief.\n\n"
        "It is Sunday, 2026-03-01 13:00 (WEST, UTC+01:00). The user is in Lisbon.\n\n"
        "Notes of the user that may help:\n\n## Garage\nThe key hangs in the kitchen.",
    }
    assert [each["content"] for each in rest] == ["I am Ada.", "Hi", QUESTION["content"]]
    assert request.body["top_k"] == 3
    assert [step.name for step in steps] == ["system prompt", "date and place", "notes", "memory"]
    assert all(step.is_on and step.tokens > 0 for step in steps)
    assert detail(steps, "notes") == "Garage"
    assert detail(steps, "memory") == "2 of 2 earlier messages"


def test_the_tokens_of_the_steps_are_those_of_the_request(tmp_path: Path) -> None:
    """What the steps say they added is what the request has grown by."""
    before, chosen = asked(session="s"), ContextSettings(date=True, notes=True)
    request, steps = enhanced(tmp_path, before, chosen, before=a_talk)
    grown = prompt_tokens(request.body) - prompt_tokens(before.body)
    assert sum(step.tokens for step in steps) == grown > 0


def test_the_request_says_which_steps(tmp_path: Path) -> None:
    """What a request names is added, and nothing else."""
    request_ = asked(session="s", context=frozenset({"date", "notes", "unheard of"}))
    request, steps = enhanced(tmp_path, request_, ContextSettings(notes=True), before=a_talk)
    assert len(request.messages) == 2
    assert [step.name for step in steps if step.is_on] == ["date and place", "notes"]


def test_what_is_private_is_switched_on_by_the_user_only(tmp_path: Path) -> None:
    """A program cannot ask for notes and memory that the settings keep back."""
    request_ = asked(session="s", context=frozenset({"system", "date", "notes", "memory"}))
    chosen = ContextSettings(notes=False, memory=False)
    _, steps = enhanced(tmp_path, request_, chosen, before=a_talk)
    assert not {"notes", "memory"} & {step.name for step in steps if step.is_on}


def test_the_place_alone_tells_no_time(tmp_path: Path) -> None:
    """Where only the place is set, requests of two minutes are the same and can be cached."""
    request, _ = enhanced(tmp_path, asked(), ContextSettings(place="Lisbon"))
    assert request.messages[0]["content"] == "The user is in Lisbon."


@pytest.mark.parametrize("content", ["Be kind.", [{"type": "text", "text": "Be kind."}]])
def test_a_request_with_instructions_keeps_them(tmp_path: Path, content: object) -> None:
    """Its own system prompt stays, first; ours is not added, and the date comes after it."""
    chosen = ContextSettings(system_prompt=True, system_prompt_text="Be brief.", date=True)
    own = {"role": "developer", "content": content, "name": "x"}
    request, steps = enhanced(tmp_path, asked(own, QUESTION), chosen)
    assert len(request.messages) == 2
    assert request.messages[0]["role"] == "developer"
    assert request.messages[0]["name"] == "x"
    assert str(request.messages[0]["content"]).startswith(str(content).rstrip("]"))
    assert "2026-03-01" in str(request.messages[0]["content"])
    assert detail(steps, "system prompt") == "the request has its own"
    assert own["content"] == content


def test_a_request_with_a_history_gets_no_memory(tmp_path: Path) -> None:
    """A client that sends the conversation itself gets nothing said twice."""
    own = ({"role": "user", "content": "I am Ada."}, {"role": "assistant", "content": "Hi"})
    before = asked(*own, QUESTION, session="s")
    request, steps = enhanced(tmp_path, before, ContextSettings(), before=a_talk)
    assert request is before
    assert detail(steps, "memory") == "the request brings its own earlier messages"


@pytest.mark.parametrize(("share", "sent"), [(0.95, 4), (0.5, 2), (0.05, 0)])
def test_memory_takes_no_more_than_its_share(tmp_path: Path, share: float, sent: int) -> None:
    """Earlier messages fill their share of the window at most, however much more is free."""

    async def two_turns(conversations: Conversations, notes: Notes) -> None:
        for _ in range(2):
            turn = NewMessage("user", "x" * 80), NewMessage("assistant", "y" * 80)
            await conversations.append("s", *turn)

    chosen = ContextSettings(memory_share=share)
    request, _ = enhanced(tmp_path, asked(session="s"), chosen, window_tokens=140, before=two_turns)
    assert len(request.messages) == sent + 1


def test_a_changed_request_is_sent_as_changed(tmp_path: Path) -> None:
    """The client's own dialect is given up where something was added, else kept."""
    native = Native("anthropic", {"messages": []})
    request, _ = enhanced(tmp_path, asked(native=native), ContextSettings(date=True))
    assert request.native is None
    request, _ = enhanced(tmp_path, asked(native=native), ContextSettings(notes=True))
    assert request.native is native


def test_a_damaged_memory_fails_no_request(tmp_path: Path) -> None:
    """A step whose database cannot be read says so; the others are taken."""

    class Broken(Conversations):
        async def messages(self, id: str, *, limit: int = 0) -> tuple[dict[str, Any], ...]:
            raise Damaged("router.sqlite is damaged")

    async def work(database: Database) -> Enhanced:
        clock = FakeClock()
        context = Context(
            conversations=Broken(database, clock=clock),
            notes=Notes(database, clock=clock),
            clock=clock,
        )
        chosen = ContextSettings(date=True)
        return await context.enhance(asked(session="s"), settings=chosen, window_tokens=4_000)

    request, steps = with_database(tmp_path, work)
    assert len(request.messages) == 2
    assert detail(steps, "memory") == "left out: router.sqlite is damaged"


class Remembered(Conversations):
    """Conversations that come from nowhere."""

    def __init__(self, kept: list[dict[str, Any]]) -> None:
        self._kept = kept

    async def messages(self, id: str, *, limit: int = 0) -> tuple[dict[str, Any], ...]:
        return tuple(self._kept)


class NoNotes(Notes):
    """No notes, and no database for them."""

    def __init__(self) -> None:
        pass


TEXTS = st.text(alphabet="abc d\nüß東", max_size=200)


@settings(max_examples=200)
@given(
    system=st.none() | TEXTS,
    question=TEXTS,
    earlier=st.lists(st.tuples(TEXTS, TEXTS, st.booleans()), max_size=6),
    window_tokens=st.integers(0, 400),
    share=st.floats(0.05, 0.95),
    prompt=TEXTS,
)
def test_nothing_is_added_beyond_the_window(
    system: str | None,
    question: str,
    earlier: list[tuple[str, str, bool]],
    window_tokens: int,
    share: float,
    prompt: str,
) -> None:
    """It never exceeds the window, unless the request did by itself; its own messages all stay;
    no call of a tool is separated from its result.
    """
    kept: list[dict[str, Any]] = []
    for number, (ask, answer, has_call) in enumerate(earlier):
        kept.append({"role": "user", "content": ask})
        if has_call:
            calls = [{"id": f"c{number}", "function": {"name": "f", "arguments": answer}}]
            kept.append({"role": "assistant", "content": None, "tool_calls": calls})
            kept.append({"role": "tool", "tool_call_id": f"c{number}", "content": answer})
        kept.append({"role": "assistant", "content": answer})
    own = [] if system is None else [{"role": "system", "content": system}]
    own.append({"role": "user", "content": question})
    before = asked(*own, session="s")
    chosen = ContextSettings(
        system_prompt=True,
        system_prompt_text=prompt,
        date=True,
        place="Málaga",
        memory_share=share,
    )
    context = Context(
        conversations=Remembered(kept), notes=NoNotes(), clock=FakeClock(), zone=LISBON
    )
    request, steps = asyncio.run(
        context.enhance(before, settings=chosen, window_tokens=window_tokens)
    )
    tokens = prompt_tokens(request.body)
    assert tokens <= max(window_tokens, prompt_tokens(before.body))
    assert sum(step.tokens for step in steps) == tokens - prompt_tokens(before.body)
    messages = request.messages
    assert messages[-1] == own[-1]
    if system is not None:
        assert messages[0]["content"].startswith(system)
    memory = [each for each in messages[:-1] if each["role"] != "system"]
    assert memory == kept[len(kept) - len(memory) :]
    calls_sent = [one["id"] for each in memory for one in each.get("tool_calls") or ()]
    assert calls_sent == [each["tool_call_id"] for each in memory if each["role"] == "tool"]
