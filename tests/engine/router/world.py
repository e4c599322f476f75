"""A router whose servers, activity list and time are the test's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import msgspec

from engine.activity import ActivityQuery, ActivityRecord
from engine.activity_begun import RequestsBegun
from engine.book import Book
from engine.clock import Clock
from engine.exchange import Attempt, LlmRequest, Reply, ServedModel, Usage
from engine.router.board import Board
from engine.router.catalogue import Catalogue
from engine.router.health import Health
from engine.router.ports import Advisor
from engine.router.rows import Known, rows_of
from engine.router.service import LLMRouter
from engine.router.settings import RouterSettings
from engine.router.snapshot import ModelEntry, Tier
from engine.router.track import Tracks

ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class FakeServer:
    name: str
    models: tuple[ServedModel, ...] = ()
    address: str = ""
    is_local: bool = True
    is_embedded: bool = False
    is_enabled: bool = True
    is_usable: bool = True
    reason: str = ""
    first_token_ms: float | None = None
    token_ms: float | None = None
    requests: int = 0
    failures: int = 0


def server(name: str, *models: str | ServedModel, **fields: Any) -> FakeServer:
    """Return a server with `models`; one given by name tells nothing of itself."""
    served = tuple(ServedModel(each) if isinstance(each, str) else each for each in models)
    return FakeServer(name, served, **fields)


def embedded() -> FakeServer:
    """Return the built-in model as the coordinator shows it."""
    model = ServedModel(
        "smollm2-135m-instruct", 2_048, frozenset({"chat", "completion"}), details="tiny"
    )
    return server("built-in", model, is_embedded=True)


def chat(model: str, text: str = "Hello", **fields: Any) -> LlmRequest:
    """Return a request that a client may send."""
    body = {"model": model, "messages": [{"role": "user", "content": text}], **fields}
    return LlmRequest(model, body, id="req-1", came_s=1000.0)


class FakeCoordinator:
    """Answers with "<model> says hello", or with what `says` has for a model: an error is raised.

    `version` moves when a test says `use`.
    """

    def __init__(self, *servers: FakeServer, clock: Clock) -> None:
        self._servers = servers
        self._clock = clock
        self.version = 1
        self.says: dict[str, BaseException | Callable[[LlmRequest], Awaitable[Reply]]] = {}
        self.prices: dict[tuple[str, str], tuple[float, float]] = {}
        self.sent: list[tuple[str, LlmRequest]] = []
        self.dead: set[str] = set()
        self.probed: list[str] = []

    def use(self, *servers: FakeServer) -> None:
        self._servers = servers
        self.version += 1

    def servers(self) -> tuple[FakeServer, ...]:
        return self._servers

    def price(self, model: str, server: str) -> tuple[float, float] | None:
        return self.prices.get((model, server))

    async def first_look(self) -> None:
        pass

    async def probe(self, server: str) -> bool:
        self.probed.append(server)
        return server not in self.dead

    async def send(self, request: LlmRequest, model: str, trail: list[Attempt]) -> Reply:
        self.sent.append((model, request))
        said = self.says.get(model)
        home = next(
            (each.name for each in self._servers if any(m.name == model for m in each.models)), ""
        )
        if isinstance(said, BaseException):
            trail.append(Attempt(home, model, 0.0, 0.1, "failed", reason=str(said)))
            raise said
        if said is not None:
            return await said(request)
        return self.answer(request, model, home, trail)

    def answer(self, request: LlmRequest, model: str, home: str, trail: list[Attempt]) -> Reply:
        """Return what a server that is well answers."""
        if request.is_stream:
            return self._stream(request, model, home, trail)
        message = {"role": "assistant", "content": f"{model} says hello"}
        body = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
        trail.append(Attempt(home, model, 0.0, 0.5, "answered", 0.2))
        reply = Reply(model, home, request.id, msgspec.json.encode(body), usage=Usage(9, 3))
        reply.first_byte_s, reply.ended_s, reply.finish_reason = 0.2, 0.5, "stop"
        reply.attempts = tuple(trail)
        reply.finish()
        return reply

    def _stream(self, request: LlmRequest, model: str, home: str, trail: list[Attempt]) -> Reply:
        async def pieces() -> AsyncGenerator[bytes, None]:
            try:
                for word in (model, " says", " hello"):
                    yield event({"choices": [{"index": 0, "delta": {"content": word}}]})
                trail.append(Attempt(home, model, 0.0, 0.5, "answered", 0.2))
                reply.usage, reply.ended_s, reply.finish_reason = Usage(9, 3), 0.5, "stop"
                yield b"data: [DONE]\n\n"
            except GeneratorExit:
                trail.append(Attempt(home, model, 0.0, 0.3, "abandoned", 0.2))
                raise
            finally:
                reply.finish()

        reply = Reply(model, home, request.id, stream=pieces(), first_byte_s=0.2)
        return reply


def event(value: Any) -> bytes:
    return b"data: " + msgspec.json.encode(value) + b"\n\n"


@dataclass
class FakeActivity:
    keeps_texts: bool = True
    records: list[ActivityRecord] = field(default_factory=list)
    stored: dict[str, ActivityRecord] = field(default_factory=dict)
    begun: RequestsBegun = field(default_factory=RequestsBegun)
    clears: int = 0

    def add(self, record: ActivityRecord) -> None:
        self.begun.end(record.id)
        self.records.append(record)

    async def export(self, query: ActivityQuery) -> AsyncGenerator[ActivityRecord, None]:
        for record in reversed(list(self.stored.values())):
            yield record

    async def record(self, id: str) -> ActivityRecord | None:
        return self.stored.get(id)


@dataclass
class FakeChannel:
    """Other hosts: what was published, and `hear` to speak for them."""

    published: list[dict[str, Any]] = field(default_factory=list)
    hear: Callable[[dict[str, Any]], None] | None = None
    is_closed: bool = False

    def publish(self, message: dict[str, Any]) -> None:
        self.published.append(message)

    def listen(self, hear: Callable[[dict[str, Any]], None]) -> None:
        self.hear = hear

    async def aclose(self) -> None:
        self.is_closed = True


@dataclass
class World:
    """A router and all around it."""

    folder: Path
    clock: Clock
    coordinator: FakeCoordinator
    activity: FakeActivity = field(default_factory=FakeActivity)
    channel: FakeChannel | None = None
    advisor: Advisor | None = None
    settings: RouterSettings = field(default_factory=RouterSettings)

    def router(self) -> LLMRouter:
        return LLMRouter(
            settings=self.settings,
            coordinator=self.coordinator,
            models=self.models(),
            tiers=self.tiers(),
            data=self.folder,
            activity=self.activity,  # type: ignore[arg-type]
            channel=self.channel,
            clock=self.clock,
            random=Random(7),
            advisor=self.advisor,
        )

    def models(self) -> Book[ModelEntry]:
        return Book(self.folder / "models.toml", kind=ModelEntry, table="model")

    def tiers(self) -> Book[Tier]:
        return Book(self.folder / "tiers.toml", kind=Tier, table="tier")

    def run(self, work: Callable[[LLMRouter], Awaitable[ResultT]]) -> ResultT:
        """Return what `work` does with a router that runs; nothing may be left behind."""

        async def whole() -> ResultT:
            async with self.router() as router:
                result = await work(router)
            left = asyncio.all_tasks() - {asyncio.current_task()}
            assert not left, f"left behind: {left}"
            return result

        return asyncio.run(whole())


async def until(condition: Callable[[], object], within_s: float = 600.0) -> None:
    """Return once `condition()` holds; for a loop whose time leaps."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - time leaps, so nothing is polled
            await asyncio.sleep(0.5)


def world(
    folder: Path,
    clock: Clock,
    *servers: FakeServer,
    settings: Mapping[str, Any] | None = None,
    **fields: Any,
) -> World:
    """Return a world with `servers`."""
    chosen = replace(RouterSettings(), **(settings or {}))
    return World(folder, clock, FakeCoordinator(*servers, clock=clock), settings=chosen, **fields)


def board(
    *servers: FakeServer,
    clock: Clock,
    tiers: tuple[Tier, ...] = (),
    entries: tuple[ModelEntry, ...] = (),
    prices: Mapping[tuple[str, str], tuple[float, float]] | None = None,
    health: Health | None = None,
    tracks: Tracks | None = None,
    **settings: Any,
) -> Board:
    """Return what can be asked for of `servers`, without a router."""
    asked, catalogue = prices or {}, Catalogue(entries)
    known = Known(
        catalogue,
        lambda model, name: asked.get((model, name)),
        health or Health(clock=clock, half_life_s=60.0),
        tracks or Tracks(clock=clock, half_life_s=60.0),
    )
    rows = rows_of(servers, known)
    named = {tier.name: tier for tier in tiers}
    return Board(rows, named, catalogue, replace(RouterSettings(), **settings))
