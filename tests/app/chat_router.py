"""A router for tests of the Playground: answers as it is told, and keeps what is said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from engine.errors import Refused
from engine.exchange import DONE, LlmRequest, Reply, Usage
from engine.router.conversations import NewMessage
from engine.router.snapshot import (
    Candidate,
    ConversationView,
    Decision,
    MessageView,
    ModelView,
    RouterSnapshot,
    Tier,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def chunk(words: str = "", **delta: Any) -> bytes:
    """Return one server-sent event with `words`."""
    content = {"content": words, **delta}
    body = {"choices": [{"index": 0, "delta": content, "finish_reason": None}]}
    return b"data: " + msgspec.json.encode(body) + b"\n\n"


class FakeConversations:
    """Conversations in a dictionary. `error` is raised by whatever writes.

    With a `gate`, a write is made only once that is set.
    """

    def __init__(self) -> None:
        self.titles: dict[str, str] = {}
        self.messages: dict[int, tuple[str, NewMessage]] = {}
        self.hidden: set[int] = set()
        self.deleted: set[str] = set()
        self.error: Refused | None = None
        self.gate: asyncio.Event | None = None

    def told(self, conversation: str) -> list[tuple[str, str]]:
        """Return (role, text) of the messages that are not hidden."""
        return [
            (message.role, message.content)
            for id, (of, message) in sorted(self.messages.items())
            if of == conversation and id not in self.hidden
        ]

    async def create(self, *, title: str = "", model: str = "", id: str = "") -> str:
        """Begin a conversation."""
        await self._check()
        made = id or f"c{len(self.titles) + 1}"
        self.titles[made] = title
        return made

    async def search(self, query: str, *, limit: int = 200) -> tuple[ConversationView, ...]:
        """Find by title."""
        return tuple(
            ConversationView(id, title, NOW, len(self.told(id)))
            for id, title in self.titles.items()
            if query in title and id not in self.deleted
        )

    async def rename(self, id: str, title: str) -> None:
        """Rename."""
        await self._check()
        self.titles[id] = title

    async def delete(self, id: str) -> None:
        """Hide a conversation."""
        await self._check()
        self.deleted.add(id)

    async def restore(self, id: str) -> None:
        """Bring it back."""
        self.deleted.discard(id)

    async def append(self, id: str, *messages: NewMessage) -> tuple[int, ...]:
        """Keep messages."""
        await self._check()
        ids = tuple(len(self.messages) + 1 + number for number in range(len(messages)))
        self.messages.update({each: (id, one) for each, one in zip(ids, messages, strict=True)})
        return ids

    async def history(self, id: str) -> tuple[MessageView, ...]:
        """Return what is not hidden."""
        return tuple(
            MessageView(
                number,
                one.role,
                one.content,
                NOW,
                one.model,
                one.reasoning,
                one.figures,
                one.decision_id,
            )
            for number, (of, one) in sorted(self.messages.items())
            if of == id and number not in self.hidden
        )

    async def cut(self, id: str, first: int) -> tuple[int, ...]:
        """Hide from `first` on."""
        await self._check()
        ids = tuple(
            number
            for number, (of, _) in sorted(self.messages.items())
            if of == id and number >= first and number not in self.hidden
        )
        self.hidden.update(ids)
        return ids

    async def uncut(self, ids: Iterable[int]) -> None:
        """Show again."""
        self.hidden.difference_update(ids)

    async def _check(self) -> None:
        if self.gate is not None:
            await self.gate.wait()
        if self.error:
            raise self.error


class FakeRouter:
    """Answers every request with `events`; with a `gate`, only once that is set."""

    def __init__(self) -> None:
        self.conversations = FakeConversations()
        self.requests: list[LlmRequest] = []
        self.events: list[bytes] = [chunk("Hello"), chunk(" there"), DONE]
        self.error: Exception | None = None
        self.gate: asyncio.Event | None = None
        self.closed = 0
        self.suggestion_id = ""
        self.shown = RouterSnapshot(
            taken_s=1.0,
            models=(
                ModelView("qwen:7b", endpoints=("Ollama",), is_local=True, tokens_per_s=48.0),
                ModelView("opus", endpoints=("Anthropic",)),
            ),
            tiers=(Tier("balanced", "Balanced"),),
        )

    def snapshot(self) -> RouterSnapshot:
        """Return the one snapshot there is."""
        return self.shown

    async def handle(self, request: LlmRequest) -> Reply:
        """Answer, or fail as told."""
        self.requests.append(request)
        if self.error:
            raise self.error
        reply = Reply(f"{request.model}-model", "desk", request.id)
        reply.suggestion_id = self.suggestion_id
        reply.stream = self._stream(reply)
        return reply

    async def explain(self, request: LlmRequest) -> Decision:
        """Decide for the first model."""
        self.requests.append(request)
        return Decision("", NOW, request.model, "chat", candidates=(Candidate("qwen:7b"),))

    async def decision(self, id: str) -> Decision | None:
        """Return a decision of that id."""
        return Decision(id, NOW, "balanced", "chat", tier="balanced", chosen="qwen:7b")

    async def _stream(self, reply: Reply) -> AsyncGenerator[bytes, None]:
        try:
            for number, event in enumerate(self.events):
                if self.gate is not None and number:
                    await self.gate.wait()
                yield event
            reply.usage = Usage(20, 40)
            reply.first_byte_s, reply.ended_s, reply.cost_usd = 0.2, 1.2, 0.01
        finally:
            self.closed += 1
