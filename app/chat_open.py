"""One conversation in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import takewhile

from app.chat_stream import Turn
from app.chat_values import ChatEntry, EntryState, Rating
from engine.errors import Refused
from engine.router.snapshot import MessageView

Written = ChatEntry | Turn
"""A message, or an answer that may still be written."""


@dataclass(slots=True, eq=False)
class Chat:
    """Its messages in order. For the engines' loop."""

    id: str = ""
    """"" while it is not kept."""
    title: str = ""
    entries: list[Written] = field(default_factory=list)
    tasks: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    """Answers under way, by their keys."""
    is_busy: bool = False
    """From a question on until the last of its answers is kept."""
    is_stopped: bool = False
    """Whether the answers to the question that it is busy with are not wanted any more."""

    def stop(self) -> None:
        """End the answers under way, and those that were about to begin."""
        self.is_stopped = True
        for task in self.tasks.values():
            task.cancel()

    def index_of(self, key: int) -> int:
        """Return where message `key` stands. Raises Refused where it is gone."""
        for index, each in enumerate(self.entries):
            if each.key == key:
                return index
        raise Refused("That message is no longer there")

    def end_of_question(self, key: int) -> int:
        """Return where the answers begin of which `key` is one. Raises Refused as above."""
        index = self.index_of(key)
        while index > 0 and entry_of(self.entries[index - 1]).role != "user":
            index -= 1
        return index

    def answers_to(self, key: int) -> tuple[ChatEntry, ...]:
        """Return the answers to question `key`. Raises Refused where it is gone."""
        after = (entry_of(each) for each in self.entries[self.index_of(key) + 1 :])
        return tuple(takewhile(lambda entry: entry.role != "user", after))

    def note_rating(self, key: int, suggestion_id: str, rating: Rating) -> None:
        """Take note of what is said of answer `key`. Raises Refused where it is gone."""
        index = self.index_of(key)
        each = self.entries[index]
        if isinstance(each, Turn):
            each.rated(rating)
        else:
            self.entries[index] = replace(each, suggestion_id=suggestion_id, rating=rating)

    def store(self, question: ChatEntry, message_id: int) -> None:
        """Take note of where a question is kept."""
        if question in self.entries:
            stored = replace(question, message_id=message_id)
            self.entries[self.entries.index(question)] = stored


@dataclass(frozen=True, slots=True)
class Removal:
    """What was taken out of a conversation, and where."""

    chat: Chat
    index: int
    entries: tuple[Written, ...]


def entry_of(each: Written) -> ChatEntry:
    """Return a message as it is now."""
    return each.entry() if isinstance(each, Turn) else each


def entry_in(message: MessageView, key: int) -> ChatEntry:
    """Return a message that was kept."""
    return ChatEntry(
        key,
        message.role,
        message.content,
        message.at,
        EntryState.STOPPED if message.figures.get("stopped") else EntryState.DONE,
        asked=message.model,
        model=message.model,
        reasoning=message.reasoning,
        figures=message.figures,
        decision_id=message.decision_id,
        message_id=message.id,
    )


def ids_of(entries: Iterable[Written]) -> list[int]:
    """Return the ids of those that are kept."""
    found = (entry_of(each).message_id for each in entries)
    return [each for each in found if each is not None]
