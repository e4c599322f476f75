"""A server and its provider, for the suites that every provider passes."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import msgspec

from engine.coordinator.adapters.factory import HttpProviders
from engine.coordinator.adapters.simulated import SimulatedProvider, SimulatedProviders
from engine.coordinator.adapters.simulated_servers import SimulatedServer
from engine.coordinator.ports import Answer, Provider
from engine.coordinator.settings import CoordinatorSettings, Endpoint, EndpointKind
from engine.exchange import DONE, LlmRequest, ServedModel, Task
from tests.live.upstream import Upstream

MODEL = "mock-small"
KEY = "sk-secret-1234567890"
USER = {"role": "user", "content": "Hello"}
SETTINGS = CoordinatorSettings(connect_timeout_s=2)
HTTP_KINDS = (EndpointKind.OPENAI, EndpointKind.OLLAMA, EndpointKind.ANTHROPIC)
EVERY_KIND = (*(str(each) for each in HTTP_KINDS), "simulated")
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "Tells the weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
]


@dataclasses.dataclass
class World:
    """One provider and, where there is one, the server it asks."""

    provider: Provider
    server: Upstream | None = None

    async def send(self, task: Task = Task.CHAT, **fields: Any) -> Answer:
        """Return the answer to a request of `fields`."""
        return await self.provider.send(request(task, **fields), MODEL)

    @property
    def open_requests(self) -> int:
        """Requests that the server still works on."""
        if isinstance(self.provider, SimulatedProvider):
            return self.provider.in_flight
        assert self.server is not None
        return sum(each.is_busy for each in self.server.connections)


def request(task: Task = Task.CHAT, **fields: Any) -> LlmRequest:
    """Return a request; a chat says hello where nothing else is said."""
    usual = {"messages": [USER]} if task is Task.CHAT else {}
    return LlmRequest("asked-for", {"model": "asked-for"} | usual | fields, task)


def endpoint_at(server: Upstream, kind: EndpointKind) -> Endpoint:
    """Return the endpoint of a mock server, as a user would enter it."""
    path = "/v1" if kind is EndpointKind.OPENAI else ""
    return Endpoint("mock", kind, server.url + path)


@asynccontextmanager
async def world(kind: str, *, is_slow: bool = False) -> AsyncIterator[World]:
    """Yield a world; is_slow: whose streams end after a minute only."""
    if kind == "simulated":
        simulated = SimulatedServer(
            Endpoint("mock", EndpointKind.OPENAI, "http://mock/v1"),
            product="mock",
            models=(ServedModel(MODEL), ServedModel("mock-large")),
            first_token_s=0.0,
            token_s=0.05 if is_slow else 0.0,
        )
        factory = SimulatedProviders(random=Random(1), servers=[simulated])
        yield World(factory.open(simulated.endpoint, lambda: "", SETTINGS))
        return
    async with Upstream(between_s=4.0 if is_slow else 0.0, key=KEY) as server:
        providers = HttpProviders()
        endpoint = endpoint_at(server, EndpointKind(kind))
        try:
            yield World(providers.open(endpoint, lambda: KEY, SETTINGS), server)
        finally:
            await providers.aclose()


def with_world(
    kind: str, work: Callable[[World], Awaitable[None]], *, is_slow: bool = False
) -> None:
    """Run `work`; fail where it leaves a task behind."""

    async def run() -> None:
        async with world(kind, is_slow=is_slow) as made:
            await work(made)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"left behind: {left}"

    asyncio.run(run())


async def whole(answer: Answer) -> dict[str, Any]:
    """Return a complete answer, decoded."""
    assert answer.stream is None
    found = msgspec.json.decode(answer.body)
    assert isinstance(found, dict)
    return found


async def chunks(answer: Answer) -> list[dict[str, Any]]:
    """Return the chunks of a stream that ended well."""
    assert answer.stream is not None
    text = b"".join([piece async for piece in answer.stream])
    assert text.endswith(DONE), text[-200:]
    events = text.removesuffix(DONE).split(b"\n\n")
    return [msgspec.json.decode(each[5:]) for each in events if each.startswith(b"data:")]


def said(found: list[dict[str, Any]]) -> str:
    """Return the words of all chunks."""
    deltas = [choice["delta"] for chunk in found for choice in chunk["choices"]]
    return "".join(delta.get("content") or "" for delta in deltas)
