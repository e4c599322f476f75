"""A coordinator among fake servers, in a test's own time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from engine.book import Book
from engine.coordinator.ports import AnswerStore
from engine.coordinator.price_table import PriceTable
from engine.coordinator.service import FastLLMCoordinator
from engine.coordinator.settings import CoordinatorSettings, Endpoint, EndpointKind, Price
from engine.exchange import Attempt, LlmRequest, Reply
from tests.engine.coordinator.fake_provider import FakeProber, FakeProvider, FakeProviders
from tests.leaping import LeapingLoop, leap

ResultT = TypeVar("ResultT")
MODEL = "fake"


def endpoint(name: str, port: int = 1, **more: Any) -> Endpoint:
    """Return a server of the user's own."""
    return Endpoint(name, EndpointKind.OPENAI, f"http://{name}:{port}/v1", **more)


def chat(text: str = "hi", *, is_stream: bool = False, **more: Any) -> LlmRequest:
    """Return a request for a chat that has just come."""
    body: dict[str, Any] = {"model": MODEL, "messages": [{"role": "user", "content": text}]}
    if is_stream:
        body["stream"] = True
    now_s = asyncio.get_running_loop().time()
    return LlmRequest(MODEL, body, **{"id": "r1", "came_s": now_s, **more})


@dataclass
class Secrets:
    """A keychain in memory; `broken` is raised by every call."""

    kept: dict[str, str] = field(default_factory=dict)
    broken: Exception | None = None
    label: str = "memory"

    def read(self, name: str) -> str | None:
        self._check()
        return self.kept.get(name)

    def write(self, name: str, secret: str) -> None:
        self._check()
        self.kept[name] = secret

    def remove(self, name: str) -> None:
        self._check()
        self.kept.pop(name, None)

    def _check(self) -> None:
        if self.broken is not None:
            raise self.broken


class World:
    """Everything around one coordinator."""

    def __init__(self, folder: Path, loop: LeapingLoop, answers: AnswerStore | None = None) -> None:
        self.loop = loop
        self.book = Book(folder / "endpoints.toml", kind=Endpoint, table="endpoint")
        self.prices = PriceTable(Book(folder / "prices.toml", kind=Price, table="price"), ())
        self.providers = FakeProviders()
        self.prober = FakeProber()
        self.secrets = Secrets()
        self.answers = answers
        self.settings = CoordinatorSettings(embedded=False, discover=False)
        self.trail: list[Attempt] = []
        self.coordinator: FastLLMCoordinator

    def __getitem__(self, name: str) -> FakeProvider:
        """Return the server `name`."""
        return self.providers[name]

    @asynccontextmanager
    async def opened(
        self, *endpoints: Endpoint, waits: bool = True, **settings: Any
    ) -> AsyncIterator[FastLLMCoordinator]:
        """Run a coordinator that knows `endpoints`, after its first look if it `waits`."""
        if endpoints:
            self.book.write(endpoints)
        self.settings = replace(self.settings, **settings)
        self.coordinator = FastLLMCoordinator(
            settings=self.settings,
            book=self.book,
            prices=self.prices,
            providers=self.providers,
            prober=self.prober,
            answers=self.answers,
            secrets=self.secrets,
            clock=self.loop,
            random=Random(1),
        )
        async with self.coordinator:
            if waits:
                await self.coordinator.first_look()
            yield self.coordinator

    async def send(self, request: LlmRequest) -> Reply:
        """Send `request` for MODEL; `trail` has what was tried."""
        self.trail = []
        return await self.coordinator.send(request, MODEL, self.trail)

    def tried(self) -> list[tuple[str, str]]:
        """Return servers and outcomes of what was tried last."""
        return [(attempt.endpoint, attempt.outcome) for attempt in self.trail]

    def view(self, name: str) -> Any:
        """Return what the snapshot says of the server `name`."""
        found = {each.name: each for each in self.coordinator.snapshot().endpoints}
        return found[name]


async def read(reply: Reply) -> bytes:
    """Return everything that comes of a stream."""
    assert reply.stream is not None
    return b"".join([piece async for piece in reply.stream])


def run(folder: Path, work: Callable[[World], Awaitable[ResultT]]) -> ResultT:
    """Return what `work` returns in a world of its own; fail where it leaves a task behind."""

    async def within(loop: LeapingLoop) -> ResultT:
        return await work(World(folder, loop))

    return leap(within)
