"""One request for a language model and what comes back: the values that travel between engines."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

import msgspec

Dialect = Literal["openai", "anthropic"]
DONE = b"data: [DONE]\n\n"
"""The last event of a stream that ended well."""


class Task(StrEnum):
    """What is asked for."""

    CHAT = "chat"
    COMPLETION = "completion"
    EMBEDDING = "embedding"


class CacheWish(StrEnum):
    """Whether an answer may come from the cache."""

    USUAL = "usual"
    """As the settings say."""
    ALWAYS = "always"
    """Also where the answer is drawn at random."""
    NEVER = "never"
    """Neither looked up nor kept."""


@dataclass(frozen=True, slots=True)
class Native:
    """The request as the client wrote it, where that was in another dialect than OpenAI's.

    A server that speaks it gets this instead, and its answer goes back untouched.
    """

    dialect: Dialect
    body: dict[str, Any]
    headers: tuple[tuple[str, str], ...] = ()
    """Those that change what is answered, such as `anthropic-beta`."""


@dataclass(frozen=True, slots=True)
class LlmRequest:
    """One request on its way from a client to a server."""

    model: str
    """A model, an alias or a tier, as it was asked for."""
    body: dict[str, Any]
    """Everything that was sent, in OpenAI's shape; never changed, only replaced."""
    task: Task = Task.CHAT
    id: str = ""
    via: str = "chat"
    """The door it came by: "chat", "completion", "embedding", "messages", "responses",
    "playground", "ask", "library", ..."""
    client: str = ""
    """Name of the key with which it was asked; never the key."""
    came_s: float = 0.0
    """When it came, on the engine's clock."""
    session: str = ""
    """The conversation it belongs to; "" for none."""
    cache: CacheWish = CacheWish.USUAL
    deadline_s: float | None = None
    """How long the whole answer may take; None takes the settings'."""
    native: Native | None = None
    local_only: bool = False
    """Only servers of the user's own may have it; every other counts as not there."""
    context: frozenset[str] | None = None
    """What may be added to it, of "system", "date", "notes" and "memory"; None: as the settings
    say."""
    task_type: str = ""
    """What kind of task it is, such as "code-generation", as the client says; "" for nothing."""

    @property
    def is_stream(self) -> bool:
        """Whether the answer is wanted piece by piece."""
        return self.body.get("stream") is True

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The conversation so far; empty for what is no chat."""
        found = self.body.get("messages")
        return found if isinstance(found, list) else []


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer, as the server counted them."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    """Of the prompt's: those the server did not have to read again."""
    is_estimated: bool = False
    """The server did not come to tell them, as where the client left: these are about right."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at one server. Times are seconds since the request came."""

    endpoint: str
    model: str
    began_s: float
    ended_s: float
    outcome: Literal["answered", "failed", "busy", "rejected", "abandoned"]
    """"abandoned": another try was faster, or the client went away."""
    first_byte_s: float | None = None
    reason: str = ""
    is_hedge: bool = False
    unused: Usage | None = None
    """What an abandoned try had used by then, about; None where the reply tells it."""
    unused_usd: float | None = None
    """What that cost; None where no price is known."""


@dataclass(frozen=True, slots=True)
class Similar:
    """An earlier question that may be the same, and was answered."""

    id: str
    """Of its request, as the activity list has it."""
    likeness: float
    """0 to 1: the share of their words that both have."""
    at_s: float
    """When it was asked, seconds since 1970."""


@dataclass(slots=True, eq=False)
class Reply:
    """An answer: either all of it in `body`, or piece by piece from `stream`.

    Fields that are only known at the end (`usage`, `finish_reason`, `problem`, `ended_s`) are
    filled in when a stream has been read to its end.
    """

    model: str
    """The model that answered."""
    endpoint: str
    id: str = ""
    """The request's; the decision and the activity record have the same."""
    body: bytes = b""
    """JSON as the server wrote it; b"" for a stream."""
    stream: AsyncGenerator[bytes, None] | None = None
    """Server-sent events as bytes; every piece ends where an event ends."""
    dialect: Dialect = "openai"
    cached: Literal["", "hit", "stale", "joined"] = ""
    """Where it came from the response cache; "joined" is the answer of a request under way."""
    usage: Usage | None = None
    cost_usd: float | None = None
    """None where no price is known."""
    finish_reason: str = ""
    attempts: tuple[Attempt, ...] = ()
    first_byte_s: float | None = None
    """Seconds since the request came."""
    ended_s: float | None = None
    problem: str = ""
    """Why a stream broke off; the client was told in the stream."""
    similar: Similar | None = None
    """Where such suggestions are switched on, and the answer is not from the cache."""
    suggestion_id: str = ""
    """By which it can be rated, where parameters are learnt; "" where they are not."""
    is_over: bool = False
    """The last byte has been read, or nobody reads any more."""
    _waiting: list[Callable[[Reply], None]] = field(default_factory=list)

    def finish(self) -> None:
        """Say that nothing more comes. For whoever made this reply; the first call counts."""
        if not self.is_over:
            self.is_over = True
            for each in self._waiting:
                each(self)

    def when_over(self, call: Callable[[Reply], None]) -> None:
        """Call `call(self)` once nothing more comes: at once, where that is so already."""
        if self.is_over:
            call(self)
        else:
            self._waiting.append(call)

    def json(self) -> Any:
        """Return the answer as it was decoded. Raises ValueError for a stream."""
        if self.stream is not None:
            raise ValueError("this answer is a stream: iterate over it")
        return msgspec.json.decode(self.body)

    @property
    def text(self) -> str:
        """The first choice's words; "" where there are none."""
        choice = (self.json().get("choices") or [{}])[0]
        found = choice.get("message", {}).get("content") or choice.get("text")
        return found if isinstance(found, str) else ""

    async def aclose(self) -> None:
        """Read no more: what is under way at the server is cancelled. May be called twice."""
        if self.stream is not None:
            await self.stream.aclose()

    async def __aiter__(self) -> AsyncIterator[Any]:
        """Yield the decoded chunks of a stream, without the `[DONE]`."""
        if self.stream is None:
            raise ValueError("this answer is no stream: it was not asked for as one")
        async for piece in self.stream:
            for line in piece.splitlines():
                if line.startswith(b"data:") and not line.endswith(b"[DONE]"):
                    yield msgspec.json.decode(line[5:])


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model that some server can run, as far as the server says."""

    name: str
    """What the server calls it."""
    context_tokens: int | None = None
    capabilities: frozenset[str] | None = None
    """Of "chat", "completion", "embedding", "vision", "tools", "json", "reasoning"; None where
    the server does not say."""
    size_bytes: int | None = None
    is_loaded: bool | None = None
    details: str = ""
    """Such as "8.0B Q4_K_M"."""
