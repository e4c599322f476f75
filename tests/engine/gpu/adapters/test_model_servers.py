"""Model servers on this machine, as each product answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from engine.errors import Refused, Unreachable
from engine.gpu.adapters.model_servers import HttpModelServers
from engine.gpu.loaded_models import LoadedModel

GIB = 2**30
PAGES: dict[str, dict[str, Any]] = {
    "Ollama": {
        "/api/ps": {
            "models": [
                {
                    "name": "qwen3:8b",
                    "model": "qwen3:8b",
                    "size": 7 * GIB,
                    "size_vram": 6 * GIB,
                    "expires_at": "2026-03-01T12:05:00Z",
                },
                {"name": "tiny", "model": "tiny", "size_vram": 0},
            ]
        }
    },
    "llama-swap": {
        "/running": {
            "running": [
                {"model": "org/llama", "state": "ready"},
                {"model": "coming", "state": "starting"},
            ]
        }
    },
    "LM Studio": {
        "/api/v1/models": {
            "models": [
                {"key": "gemma", "size_bytes": 2 * GIB, "loaded_instances": [{"id": "gemma:2"}]},
                {"key": "other", "size_bytes": GIB, "loaded_instances": []},
            ]
        }
    },
    "llama.cpp": {
        "/models": {
            "data": [
                {"id": "phi", "status": {"value": "loaded"}},
                {"id": "big", "status": {"value": "unloaded"}},
            ]
        }
    },
}
ORDERS = {
    "Ollama": ("/api/generate", {"model": "qwen3:8b", "keep_alive": 0}),
    "llama-swap": ("/api/models/unload/org%2Fllama", {}),
    "LM Studio": ("/api/v1/models/unload", {"instance_id": "gemma:2"}),
    "llama.cpp": ("/models/unload", {"model": "phi"}),
}


class Server:
    """Answers GETs with pages, and keeps what it is ordered by POST."""

    def __init__(self, pages: Mapping[str, Any]) -> None:
        self.pages = pages
        self.orders: list[tuple[str, Any]] = []
        self.status = 200
        self.url = ""
        self.login = ""
        """What it must be sent."""

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """Answer one request."""
        if request.headers.get("authorization", "") != self.login:
            return web.Response(status=401)
        if request.method == "POST":
            self.orders.append((request.raw_path, await request.json()))
            return web.Response(status=self.status, text="{}")
        page = self.pages.get(request.path)
        if page is None:
            return web.Response(status=404, text="not here")
        return web.Response(text=page if isinstance(page, str) else json.dumps(page))


@asynccontextmanager
async def running(server: Server) -> AsyncIterator[Server]:
    """Run `server` on a free port of loopback."""
    runner = web.ServerRunner(web.Server(server.answer))
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        server.url = f"http://{host}:{port}"
        yield server
    finally:
        await runner.cleanup()


def asked(server: Server, ask: Callable[[HttpModelServers], Awaitable[Any]]) -> Any:
    """Return what `ask` gets of the servers at the address of `server`, twice the same."""

    async def go() -> Any:
        async with running(server):
            servers = HttpModelServers(addresses=lambda: [f"{server.url}/v1", server.url])
            try:
                return await ask(servers)
            finally:
                await servers.aclose()

    return asyncio.run(go())


async def look(servers: HttpModelServers) -> tuple[LoadedModel, ...]:
    """Ask what is loaded."""
    return await servers.loaded()


@pytest.mark.parametrize(
    ("product", "expected"),
    [
        ("Ollama", [("qwen3:8b", 6144), ("tiny", None)]),
        ("llama-swap", [("org/llama", None)]),
        ("LM Studio", [("gemma", 2048)]),
        ("llama.cpp", [("phi", None)]),
    ],
)
def test_loaded_models(product: str, expected: list[tuple[str, int | None]]):
    """What is in memory is told once, with its size where the server tells it."""
    server = Server(PAGES[product])
    found = asked(server, look)
    assert [(each.name, each.used_mib) for each in found] == expected
    assert {each.product for each in found} == {product}
    assert {each.server_url for each in found} == {server.url}


def test_signs_of_use():
    """Ollama puts off the end of a model with each use, which tells of it."""
    assert asked(Server(PAGES["Ollama"]), look)[0].used_mark == "2026-03-01T12:05:00Z"


@pytest.mark.parametrize("product", PAGES)
def test_unloading(product: str):
    """Each product is asked in its own way."""
    server = Server(PAGES[product])

    async def unload(servers: HttpModelServers) -> None:
        await servers.unload((await servers.loaded())[0])

    asked(server, unload)
    assert server.orders == [ORDERS[product]]


def test_server_that_refuses():
    """A server that says no is named, with what it was asked."""
    server = Server(PAGES["Ollama"])
    server.status = 500

    async def unload(servers: HttpModelServers) -> None:
        await servers.unload((await servers.loaded())[0])

    with pytest.raises(Refused, match=r"Ollama at .* does not unload qwen3:8b \(HTTP 500\)"):
        asked(server, unload)


def test_server_that_is_gone():
    """So is one that does not answer any more."""

    async def unload(servers: HttpModelServers) -> None:
        [model, _] = await servers.loaded()
        await servers.unload(replace(model, server_url="http://127.0.0.1:9"))

    with pytest.raises(Unreachable, match="asked to unload qwen3:8b"):
        asked(Server(PAGES["Ollama"]), unload)


@pytest.mark.parametrize(
    "pages",
    [
        {},
        {"/api/ps": "<html>hello</html>"},
        {"/api/ps": "[]"},
        {"/api/ps": {"models": "none"}},
        {"/models": {"data": [{"id": "the-only-one"}]}},
        {"/running": {"running": [5, {"state": "ready"}]}},
    ],
)
def test_other_servers(pages: dict[str, Any]):
    """A server of another kind, or one that answers nonsense, holds nothing to unload."""
    assert asked(Server(pages), look) == ()


def test_addresses_that_are_none():
    """Addresses that lead nowhere, or are none, are passed over."""

    async def go() -> tuple[LoadedModel, ...]:
        servers = HttpModelServers(addresses=lambda: ["", "nonsense", "http://127.0.0.1:9/v1"])
        try:
            return await servers.loaded()
        finally:
            await servers.aclose()

    assert asyncio.run(go()) == ()


def test_a_server_behind_a_login(caplog: pytest.LogCaptureFixture):
    """A hidden password goes by header; no address, error or log line has it."""
    server = Server(PAGES["Ollama"])
    server.login = "Basic c2VjcmV0"

    async def go() -> tuple[LoadedModel, str]:
        async with running(server):
            shown = server.url.replace("://", "://ada:***@")
            servers = HttpModelServers(
                addresses=lambda: [f"{shown}/v1"],
                headers=lambda url: {"authorization": server.login} if url == shown else {},
            )
            try:
                [model, _] = await servers.loaded()
                await servers.unload(model)
                server.status = 500
                with pytest.raises(Refused) as error:
                    await servers.unload(model)
                return model, str(error.value)
            finally:
                await servers.aclose()

    with caplog.at_level("DEBUG"):
        model, words = asyncio.run(go())
    assert model.server_url.startswith("http://ada:***@")
    assert len(server.orders) == 2
    assert "c2VjcmV0" not in words + caplog.text
