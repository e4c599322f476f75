"""How the answers of one server are read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from engine.coordinator.adapters.factory import HttpProviders
from engine.coordinator.ports import Provider
from engine.coordinator.settings import CoordinatorSettings, Endpoint, EndpointKind
from engine.errors import Rejected
from engine.exchange import LlmRequest

HEAD = b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
ERROR = b'{"error": {"message": "model x not found, pull it", "code": "model_not_found"}}'
REQUEST = LlmRequest("x", {"model": "x", "messages": [{"role": "user", "content": "hi"}]})
Writing = Callable[[asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def served(write: Writing, **more: Any) -> AsyncIterator[tuple[Provider, asyncio.Event]]:
    """Give a way to a server that answers with what `write` does, and what its client's leaving
    sets.
    """
    has_left = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        with suppress(ConnectionError):
            await write(writer)
            while await reader.read(1 << 16):
                pass
        has_left.set()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    endpoint = Endpoint("a", EndpointKind.OPENAI, f"http://127.0.0.1:{port}/v1", **more)
    providers = HttpProviders()
    try:
        yield providers.open(endpoint, lambda: "", CoordinatorSettings()), has_left
    finally:
        await providers.aclose()
        await has_left.wait()
        server.close()
        await server.wait_closed()


def test_the_reason_of_an_error_is_read_to_its_end():
    """What a server says against a request may come in several pieces."""

    async def in_pieces(writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD % len(ERROR))
        for at in range(0, len(ERROR), 20):
            writer.write(ERROR[at : at + 20])
            await writer.drain()
            for _ in range(20):  # lets the other side read before there is more
                await asyncio.sleep(0)

    async def work() -> None:
        async with served(in_pieces) as (provider, _):
            with pytest.raises(Rejected, match="not found, pull it") as caught:
                await provider.send(REQUEST, "x")
            assert (caught.value.code, caught.value.body) == ("model_not_found", ERROR)

    asyncio.run(work())


def test_who_leaves_while_an_error_is_told_leaves_no_connection():
    """The request is ended at the server also where only the head of an error has come."""
    is_told = asyncio.Event()

    async def never_ends(writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD % len(ERROR))
        is_told.set()

    async def work() -> None:
        async with served(never_ends) as (provider, has_left):
            asking = asyncio.create_task(provider.send(REQUEST, "x"))
            await is_told.wait()
            for _ in range(20):
                await asyncio.sleep(0)
            asking.cancel()
            await asyncio.wait([asking])
            assert asking.cancelled()
            async with asyncio.timeout(5):
                await has_left.wait()

    asyncio.run(work())


def test_what_a_server_repeats_of_our_headers_goes_to_nobody():
    """Neither the words nor the body of its error, which clients get, have a header's value."""
    said = ERROR.replace(b"model x", b"model of tok-secret")

    async def repeats(writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD % len(said) + said)

    async def work() -> None:
        async with served(repeats, headers=(("X-Token", "tok-secret"),)) as (provider, _):
            with pytest.raises(Rejected, match=r"model of \*\*\* not found") as caught:
                await provider.send(REQUEST, "x")
            assert b"secret" not in (caught.value.body or b"")

    asyncio.run(work())
