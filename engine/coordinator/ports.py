"""What the coordinator needs from outside."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from engine.coordinator.settings import CoordinatorSettings, Endpoint
from engine.coordinator.snapshot import EndpointState, FoundServer
from engine.exchange import Dialect, LlmRequest, ServedModel


@dataclass(slots=True)
class Answer:
    """What one server sent: the head has come, and either all of the rest or a stream of it."""

    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    body: bytes = b""
    stream: AsyncGenerator[bytes, None] | None = None
    """Bytes as they come, cut anywhere; closing it cancels the request at the server. Raises
    Unreachable or TimedOut where the connection breaks."""
    dialect: Dialect = "openai"
    has_extra_usage: bool = False
    """The stream tells its tokens although the client did not ask for that: the event that does
    is not for the client, and taken out on the way."""


class Provider(Protocol):
    """A server that answers requests. Contract: `tests/contracts/test_provider.py`."""

    async def send(self, request: LlmRequest, model: str) -> Answer:
        """Return the answer of the server's `model`, in OpenAI's shape (or `request.native`'s).

        Everything in `request.body` goes along but the model's name. A server that was asked for
        a stream and answers whole gets `body`. Cancelling it closes the connection at once.
        Raises Unreachable, TimedOut, Overloaded (429, 503 with Retry-After, 529), Rejected (any
        other 4xx, with the server's own words, and what the server's API cannot express),
        KeyRefused (401 and 403), Refused (other 5xx), Damaged (an answer that is none).
        """
        ...

    async def models(self) -> tuple[ServedModel, ...]:
        """Return what the server lists; loads no model. Raises Unreachable, TimedOut, Refused,
        KeyRefused, Damaged, and Overloaded where it has too much to do even for that.
        """
        ...

    @property
    def state(self) -> tuple[EndpointState, str] | None:
        """What only the provider can know of its server, such as ASLEEP and why; else None."""
        ...

    async def aclose(self) -> None:
        """Close every connection. Never raises; may be called twice."""
        ...


class ProviderFactory(Protocol):
    """Opens providers of one kind or of all."""

    def open(
        self, endpoint: Endpoint, key: Callable[[], str], settings: CoordinatorSettings
    ) -> Provider:
        """Return the provider of `endpoint`; nothing is sent yet.

        key: returns the provider's key now, "" for none; called for each request, blocks never.
        """
        ...

    async def aclose(self) -> None:
        """Free what all providers share. Never raises; may be called twice."""
        ...


class ServerProber(Protocol):
    """Looks what answers at an address."""

    async def look(
        self, url: str, key: str = "", headers: Iterable[tuple[str, str]] = ()
    ) -> FoundServer:
        """Return what is there; loads no model, and never raises for what the server does.

        url: may have a login in it, which is used and not told. headers: sent along.
        """
        ...

    async def discover(self) -> tuple[FoundServer, ...]:
        """Return the model servers on the usual ports of this machine; silent ones are left out.

        All ports are asked at once, each for at most a second.
        """
        ...

    async def aclose(self) -> None:
        """Close every connection. Never raises; may be called twice."""
        ...


class AnswerStore(Protocol):
    """Where answers are kept for those who ask the same."""

    async def fetch(
        self, key: str, make: Callable[[], Awaitable[bytes]], ttl_s: float, stale_s: float
    ) -> bytes:
        """Return what is kept under `key`, or what `make()` makes, which is then kept.

        However many ask, here or in other processes, it is made once. What `make()` made serves
        for `ttl_s`, and `stale_s` longer while making fails with an OutsideError or Overloaded.
        Raises what `make()` raises.
        """
        ...

    async def get(self, key: str) -> bytes | None:
        """Return what is kept under `key` and has not ended, or None. Never raises."""
        ...

    async def put(self, key: str, answer: bytes, ttl_s: float) -> None:
        """Keep `answer`. Never raises."""
        ...
