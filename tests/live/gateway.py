"""A gateway on a free loopback port with a router of the test, and clients that say anything."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from engine.activity import ActivityRecord
from engine.clock import SystemClock
from engine.gateway import chat, embeddings, models
from engine.gateway.adapters.aiohttp_server import AiohttpServer
from engine.gateway.client_keys import ClientKeys
from engine.gateway.ports import Handler
from engine.gateway.service import Gateway
from engine.gateway.settings import GatewaySettings
from tests.engine.gateway.fake_router import MODEL, FakeRouter

PATIENCE_S = 30.0
"""For what happens at once, on a busy machine."""
ASK = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]}


@dataclass
class Written:
    """Keeps what a gateway writes down."""

    records: list[ActivityRecord] = field(default_factory=list)

    def add(self, record: ActivityRecord) -> None:
        """Keep `record`."""
        self.records.append(record)


@dataclass
class Answer:
    """What came back, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the decoded body."""
        return json.loads(self.body)


@dataclass
class Running:
    """A gateway that listens."""

    gateway: Gateway
    router: FakeRouter
    activity: Written

    @property
    def url(self) -> str:
        """The base address, with `/v1`."""
        url = self.gateway.snapshot().url
        assert url is not None
        return url

    @property
    def port(self) -> int:
        """The port it listens at."""
        port = urlsplit(self.url).port
        assert port is not None
        return port

    @property
    def key(self) -> str:
        """The key that opens it."""
        return self.gateway.keys.key_file.read_text(encoding="utf-8").strip()

    def head(
        self, method: str = "POST", path: str = "/v1/chat/completions", **headers: str
    ) -> bytes:
        """Return the head of a request; names of headers have `_` for `-`, "" leaves one out."""
        usual = {"host": f"127.0.0.1:{self.port}", "authorization": f"Bearer {self.key}"}
        every = usual | {name.replace("_", "-"): text for name, text in headers.items()}
        lines = [f"{name}: {text}" for name, text in every.items() if text]
        return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode()

    def post(self, body: object, path: str = "/v1/chat/completions", **headers: str) -> bytes:
        """Return a whole request with `body` as JSON, or as it is where it is bytes."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        told = {"content_type": "application/json", "content_length": str(len(content))}
        return self.head("POST", path, **(told | headers)) + content

    async def ask(self, request: bytes) -> Answer:
        """Send `request` on a connection of its own and return the answer."""
        async with self.connection() as (reader, writer):
            writer.write(request)
            return await read_answer(reader)

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """Open a connection, closed in the end."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield reader, writer
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def until_idle(self) -> None:
        """Wait until no request is under way."""
        async with asyncio.timeout(PATIENCE_S):
            while self.gateway.snapshot().in_flight:  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.001)


@contextlib.asynccontextmanager
async def running_gateway(
    folder: Path,
    *,
    router: FakeRouter | None = None,
    routes: Mapping[tuple[str, str], Handler] | None = None,
    **settings: Any,
) -> AsyncIterator[Running]:
    """Return a gateway in `folder` that listens, closed in the end."""
    router, clock, activity = router or FakeRouter(), SystemClock(), Written()
    every = {**chat.routes(router), **embeddings.routes(router), **models.routes(router, clock)}
    gateway = Gateway(
        settings=GatewaySettings(**({"port": 0} | settings)),
        routes={**every, **(routes or {})},
        keys=ClientKeys(folder, clock=clock),
        server=AiohttpServer,
        clock=clock,
        version="1.2.3",
        activity=activity,
    )
    async with gateway:
        yield Running(gateway, router, activity)


async def read_answer(reader: asyncio.StreamReader, *, has_body: bool = True) -> Answer:
    """Return the next answer on a connection, its body whole."""
    async with asyncio.timeout(PATIENCE_S):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        headers = {
            name.lower(): text.strip() for name, _, text in (line.partition(":") for line in lines)
        }
        body = b""
        if not has_body or first.split()[1] in ("204", "304"):
            pass
        elif "content-length" in headers:
            body = await reader.readexactly(int(headers["content-length"]))
        elif headers.get("transfer-encoding") == "chunked":
            while size := int(await reader.readline(), 16):
                body += (await reader.readexactly(size + 2))[:-2]
            await reader.readline()
        else:
            body = await reader.read()
    return Answer(int(first.split()[1]), headers, body)
