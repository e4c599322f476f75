"""What the router needs from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from engine.exchange import Attempt, LlmRequest, Reply, ServedModel
from engine.router.snapshot import ParameterChoice, Tier


class Server(Protocol):
    """One server as the router sees it; the coordinator's `EndpointView` is one in substance."""

    @property
    def name(self) -> str:
        """What logs and decisions call it."""
        ...

    @property
    def address(self) -> str:
        """Its URL, by which other hosts know it too; "" for the embedded one."""
        ...

    @property
    def is_local(self) -> bool:
        """It runs on the user's own machines."""
        ...

    @property
    def is_embedded(self) -> bool:
        """It is the application's own model."""
        ...

    @property
    def is_enabled(self) -> bool:
        """It is switched on, and has the key that it needs."""
        ...

    @property
    def is_usable(self) -> bool:
        """It may be asked now: enabled, and not known to be down."""
        ...

    @property
    def reason(self) -> str:
        """Why it is not usable."""
        ...

    @property
    def models(self) -> tuple[ServedModel, ...]:
        """What it lists."""
        ...

    @property
    def first_token_ms(self) -> float | None:
        """To the first token; None where that is not known."""
        ...

    @property
    def token_ms(self) -> float | None:
        """For each further token; likewise."""
        ...

    @property
    def requests(self) -> int:
        """Those it was sent."""
        ...

    @property
    def failures(self) -> int:
        """Those it failed."""
        ...


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


class Advice(Protocol):
    """Parameters for one request to one model, and where it is told what came of them."""

    @property
    def request(self) -> LlmRequest:
        """The request as it is to go; the same object where nothing is filled in."""
        ...

    @property
    def choice(self) -> ParameterChoice:
        """What was chosen, and why."""
        ...

    @property
    def wants_words(self) -> bool:
        """Whether `over` is to be told the words of the answer."""
        ...

    def drop(self) -> None:
        """Forget it: nobody answered. Never raises."""
        ...

    def refuse(self, reason: str) -> None:
        """Learn that the model does not take the parameters, and does without. Never raises."""
        ...

    def over(self, reply: Reply, words: str) -> None:
        """Learn from an answer that is over. Never raises."""
        ...


class Advisor(Protocol):
    """Chooses parameters that requests leave open, by what was learnt from earlier answers."""

    def advise(self, request: LlmRequest, model: str, tier: Tier | None) -> Advice | None:
        """Return what to fill in; None where nothing is learnt. Cheap; never raises.

        tier: that was asked for; None where a model was named.
        """
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
