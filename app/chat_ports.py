"""What the Playground needs of the router."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from engine.exchange import LlmRequest, Reply
from engine.router.conversations import NewMessage
from engine.router.snapshot import ConversationView, Decision, MessageView


class ConversationStore(Protocol):
    """Where conversations are kept. Every method raises Refused or Damaged."""

    async def create(self, *, title: str = "", model: str = "", id: str = "") -> str:
        """Begin a conversation and return its id."""
        ...

    async def search(self, query: str, *, limit: int = 200) -> Sequence[ConversationView]:
        """Return the conversations with `query` in them, the one changed last first."""
        ...

    async def rename(self, id: str, title: str) -> None:
        """Give the conversation a title."""
        ...

    async def delete(self, id: str) -> None:
        """Hide the conversation."""
        ...

    async def restore(self, id: str) -> None:
        """Undo `delete`."""
        ...

    async def append(self, id: str, *messages: NewMessage) -> tuple[int, ...]:
        """Keep messages and return their ids."""
        ...

    async def history(self, id: str) -> Sequence[MessageView]:
        """Return the messages, the first one first."""
        ...

    async def cut(self, id: str, first: int) -> tuple[int, ...]:
        """Hide the message `first` and those after it; return their ids."""
        ...

    async def uncut(self, ids: Iterable[int]) -> None:
        """Bring back what was cut."""
        ...


class ChatRouter(Protocol):
    """What answers."""

    @property
    def conversations(self) -> ConversationStore:
        """Return where conversations are kept."""
        ...

    async def handle(self, request: LlmRequest) -> Reply:
        """Return the answer. Raises EngineError."""
        ...

    async def explain(self, request: LlmRequest) -> Decision:
        """Return where `request` would go; nothing is sent."""
        ...

    async def decision(self, id: str) -> Decision | None:
        """Return what was decided for a request, or None where that is forgotten."""
        ...
