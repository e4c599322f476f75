"""What the router needs from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from engine.exchange import Attempt, LlmRequest, Reply, ServedModel


class Server(Protocol):
    """One server as the router sees it; the coordinator's `EndpointView` is one in substance."""

    name: str
    address: str
    """Its URL, by which other hosts know it too; "" for the embedded one."""
    is_local: bool
    is_embedded: bool
    is_enabled: bool
    """It is switched on, and has the key that it needs."""
    is_usable: bool
    """It may be asked now: enabled, and not known to be down."""
    reason: str
    """Why it is not usable."""
    models: tuple[ServedModel, ...]
    first_token_ms: float | None
    token_ms: float | None
    requests: int
    failures: int


class Coordinator(Protocol):
    """Sends requests to servers."""

    @property
    def version(self) -> int:
        """Moves when servers, their usability or their models change."""
        ...

    def servers(self) -> tuple[Server, ...]:
        """Return the servers now; cheap enough for every request."""
        ...

    async def send(self, request: LlmRequest, model: str, trail: list[Attempt]) -> Reply:
        """Return the answer of `model` from whichever of its servers gives one.

        A stream is returned once its first piece is there. Every try is added to `trail` as it
        ends, also those before an error. Raises Rejected, Overloaded, Unreachable, TimedOut,
        Refused, Damaged.
        """
        ...

    async def first_look(self) -> None:
        """Return once it is known which servers there are, or after a few seconds."""
        ...

    async def probe(self, server: str) -> bool:
        """Ask whether `server` lives, without loading a model; False where it does not."""
        ...

    def price(self, model: str, server: str) -> tuple[float, float] | None:
        """Return USD for a million tokens in and out, or None where no price is known."""
        ...


class HealthChannel(Protocol):
    """Tells other hosts what is known of servers that both use."""

    def publish(self, message: dict[str, Any]) -> None:
        """Tell the others, soon. Never raises."""
        ...

    def listen(self, hear: Callable[[dict[str, Any]], None]) -> None:
        """Call `hear` with what others say, on the engines' loop, until `aclose()`."""
        ...

    async def aclose(self) -> None:
        """Listen no more. Never raises; may be called twice."""
        ...
