"""What every provider promises where the server, or the way there, is broken."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable

import pytest

from engine.coordinator.adapters import aiohttp_session, http_endpoint
from engine.coordinator.adapters.factory import HttpProviders
from engine.coordinator.ports import Answer
from engine.coordinator.settings import CoordinatorSettings, Endpoint, EndpointKind
from engine.errors import Damaged, EngineError, Refused, TimedOut, Unreachable
from tests.contracts.provider_worlds import (
    HTTP_KINDS,
    KEY,
    MODEL,
    SETTINGS,
    World,
    request,
    whole,
    with_world,
)
from tests.live.cache import until

every_api = pytest.mark.parametrize("kind", HTTP_KINDS)
whole_and_streamed = pytest.mark.parametrize("stream", [False, True])


def failing(kind: str, fault: str, *, stream: bool) -> tuple[EngineError, bytes]:
    """Return what a request with `fault` raises, and the bytes that came before."""
    caught: list[tuple[EngineError, bytes]] = []

    async def work(world: World) -> None:
        assert world.server is not None
        world.server.always = fault
        came = b""
        try:
            answer = await world.send(stream=stream)
            if answer.stream is not None:
                async for piece in answer.stream:
                    came += piece
        except EngineError as error:
            caught.append((error, came))
        await until(lambda: world.open_requests == 0)

    with_world(kind, work)
    assert caught, f"{fault} raised nothing"
    return caught[0]


@every_api
@whole_and_streamed
@pytest.mark.parametrize("fault", ["html", "empty", "bad-json"])
def test_answers_that_are_none_are_damaged(kind: str, stream: bool, fault: str):
    """A page for people, nothing at all or half a document is Damaged, and says what it was."""
    error, _ = failing(kind, fault, stream=stream)
    assert isinstance(error, Damaged)
    said = {"html": "web page", "empty": "nothing", "bad-json": "broken JSON"}
    assert said[fault] in str(error)


@every_api
@whole_and_streamed
@pytest.mark.parametrize("fault", ["cut", "cut-utf8"])
def test_connections_that_break_are_unreachable(kind: str, stream: bool, fault: str):
    """A break within an answer is Unreachable; in a stream after what had come by then."""
    error, came = failing(kind, fault, stream=stream)
    assert isinstance(error, Unreachable)
    assert "within the answer" in str(error)
    assert bool(came) is stream
    assert b"[DONE]" not in came


@pytest.mark.parametrize("kind", ["ollama", "anthropic"])
def test_no_part_of_a_character_is_passed_on(kind: str):
    """Where the connection breaks within a character, what was translated is still UTF-8."""
    _, came = failing(kind, "cut-utf8", stream=True)
    assert came.decode()
    assert came.endswith(b"\n\n")


@pytest.mark.parametrize("kind", ["ollama", "anthropic"])
def test_streams_that_stop_early_are_unreachable(kind: str):
    """A stream that ends politely before its own end mark is not taken for a whole answer."""
    error, came = failing(kind, "no-end", stream=True)
    assert isinstance(error, Unreachable)
    assert came
    assert b"[DONE]" not in came


@every_api
@whole_and_streamed
def test_errors_with_a_good_status_are_errors(kind: str, stream: bool):
    """An error that comes with status 200 is not taken for an answer."""
    error, _ = failing(kind, "error-body", stream=stream)
    assert isinstance(error, Refused)
    assert "out of memory" in str(error)


@every_api
@whole_and_streamed
def test_other_addresses_are_not_followed(kind: str, stream: bool):
    """A redirect, which could carry the key elsewhere, is Refused and names the address."""
    error, _ = failing(kind, "redirect", stream=stream)
    assert isinstance(error, Refused)
    assert "http://127.0.0.1:9/v1" in str(error)


@every_api
def test_a_stream_that_was_asked_for_may_come_whole(kind: str):
    """A server that answers whole though a stream was wanted gets its answer through."""

    async def work(world: World) -> None:
        assert world.server is not None
        world.server.always = "whole"
        answer = await whole(await world.send(stream=True))
        assert answer["choices"][0]["message"]["content"]

    with_world(kind, work)


@every_api
@pytest.mark.parametrize("fault", ["silent", "stall"])
def test_waiting_for_a_silent_server_can_be_given_up(kind: str, fault: str):
    """Whoever stops waiting, before the first byte or within a stream, ends it at the server."""

    async def work(world: World) -> None:
        assert world.server is not None
        server = world.server
        server.always = fault

        async def ask() -> None:
            answer = await world.send(stream=True)
            assert answer.stream is not None
            async for _ in answer.stream:
                pass

        asking = asyncio.ensure_future(ask())
        await until(lambda: server.counts[fault] == 1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await until(lambda: server.counts["aborted"] == 1)

    with_world(kind, work)


@every_api
@whole_and_streamed
def test_a_kept_connection_that_was_closed_is_replaced(kind: str, stream: bool):
    """A server that closes a kept connection instead of answering is asked once more."""

    async def work(world: World) -> None:
        assert world.server is not None
        await world.send()
        world.server.faults.append("close")
        answer = await world.send(stream=stream)
        if answer.stream is not None:
            assert await read(answer)
        assert world.server.counts["requests"] == 3
        assert world.server.counts["connections"] == 2

    with_world(kind, work)


@every_api
def test_nothing_is_sent_a_third_time(kind: str):
    """A new connection that ends without an answer is Unreachable, and not tried again."""

    async def work(world: World) -> None:
        assert world.server is not None
        world.server.always = "close"
        with pytest.raises(Unreachable, match="broke off"):
            await world.send()
        assert world.server.counts["requests"] == 1
        world.server.always = ""
        await world.send()
        world.server.always = "close"
        with pytest.raises(Unreachable):
            await world.send()
        assert world.server.counts["requests"] == 4

    with_world(kind, work)


def test_a_server_that_had_begun_is_not_asked_again(monkeypatch: pytest.MonkeyPatch):
    """A kept connection that ends later than a race does is left to those who choose servers."""
    monkeypatch.setattr(aiohttp_session, "RACE_S", -1.0)

    async def work(world: World) -> None:
        assert world.server is not None
        await world.send()
        world.server.always = "close"
        with pytest.raises(Unreachable):
            await world.send()
        assert world.server.counts["requests"] == 2

    with_world("openai", work)


def test_keys_that_a_server_repeats_are_taken_out():
    """A server that quotes the key in an error does not make it appear in ours."""

    async def work(world: World) -> None:
        assert world.server is not None
        key = "sk-this-must-never-show"
        providers = HttpProviders()
        endpoint = Endpoint("mock", EndpointKind.OPENAI, world.server.url + "/v1")
        provider = providers.open(endpoint, lambda: key, SETTINGS)
        with pytest.raises(Refused, match=r"\[key\]") as caught:
            await provider.send(request(), MODEL)
        assert key not in str(caught.value)
        await providers.aclose()

    with_world("openai", work)


def test_answers_may_be_too_large(monkeypatch: pytest.MonkeyPatch):
    """An answer beyond the limit is Damaged instead of filling the memory."""
    monkeypatch.setattr(http_endpoint, "LARGEST_ANSWER_BYTES", 100)
    error, _ = failing("openai", "", stream=False)
    assert isinstance(error, Damaged)
    assert "100 bytes" in str(error)


def asked_at(
    url: str,
    kind: EndpointKind = EndpointKind.OPENAI,
    *,
    key: str = KEY,
    connect_timeout_s: float = 2.0,
) -> EngineError:
    """Return what asking at `url` raises."""
    settings = CoordinatorSettings(connect_timeout_s=connect_timeout_s)

    async def run() -> EngineError:
        providers = HttpProviders()
        provider = providers.open(Endpoint("mock", kind, url), lambda: key, settings)
        try:
            with pytest.raises(EngineError) as caught:
                await provider.send(request(), MODEL)
            with pytest.raises(type(caught.value)):
                await provider.models()
        finally:
            await providers.aclose()
        return caught.value

    return asyncio.run(run())


@every_api
def test_nobody_there(kind: EndpointKind):
    """A port without a server is Unreachable and says what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but not listening
        error = asked_at(f"http://127.0.0.1:{taken.getsockname()[1]}", kind)
    assert isinstance(error, Unreachable)
    assert "(Connection refused)" in str(error)
    assert "start the server" in str(error)


@every_api
def test_names_that_nobody_knows(kind: EndpointKind, monkeypatch: pytest.MonkeyPatch):
    """A name without an address is Unreachable, and asked for once."""
    looked_up = []

    def fail(*wanted: object, **more: object) -> None:
        looked_up.append(wanted)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    error = asked_at("http://models.test", kind)
    assert isinstance(error, Unreachable)
    assert "its name is not known" in str(error)
    assert len(looked_up) == 2  # for the request, and for the list


def test_ways_that_lead_nowhere(monkeypatch: pytest.MonkeyPatch):
    """A server that takes no connection has TimedOut after the time that is set for it."""

    async def hang(loop: object, connection: socket.socket, address: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.SelectorEventLoop, "sock_connect", hang)
    error = asked_at("http://127.0.0.1:9", connect_timeout_s=0.1)
    assert isinstance(error, TimedOut)


def test_tls_where_there_is_none():
    """A server without TLS behind an https address is Unreachable, with the remedy."""

    async def work(world: World) -> None:
        assert world.server is not None
        providers = HttpProviders()
        url = world.server.url.replace("http:", "https:")
        provider = providers.open(Endpoint("mock", EndpointKind.OPENAI, url), str, SETTINGS)
        with pytest.raises(Unreachable, match="http://"):
            await provider.send(request(), MODEL)
        await providers.aclose()

    with_world("openai", work)


@pytest.mark.parametrize("url", ["", "nonsense", "ftp://127.0.0.1/", "http://[broken/v1"])
def test_addresses_that_are_none(url: str):
    """What cannot be an address is Refused when it is used, and asks to be corrected."""
    error = asked_at(url)
    assert isinstance(error, Refused)
    assert "correct it" in str(error)


def test_keys_that_cannot_be_sent():
    """A key with a line break in it is Refused without being shown."""
    error = asked_at("http://127.0.0.1:9", key="sk-secret\nX-Evil: 1")
    assert isinstance(error, Refused)
    assert "secret" not in str(error)


async def read(answer: Answer) -> list[bytes]:
    """Return the pieces of a stream."""
    assert answer.stream is not None
    return [piece async for piece in answer.stream]


def with_strange_server(
    answer: bytes, work: Callable[[str], Awaitable[None]], *, closes: bool = True
) -> None:
    """Run `work` with the address of a server that says `answer` to everybody."""
    answered = asyncio.Semaphore(0)

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(answer)
        if not closes:
            await reader.read()  # until the other side has enough
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        answered.release()

    async def run() -> None:
        async with await asyncio.start_server(say, "127.0.0.1", 0) as server:
            await work(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
            async with asyncio.timeout(5):
                await answered.acquire()

    asyncio.run(run())


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 OK yes\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: lots\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nx: " + b"x" * 100_000 + b"\r\n\r\n{}",
    ],
    ids=["ssh", "no status", "no length", "huge header"],
)
def test_what_is_no_http_is_damaged(answer: bytes):
    """A server that speaks something else is Damaged, not a mistake of the program."""

    async def work(url: str) -> None:
        providers = HttpProviders()
        provider = providers.open(Endpoint("mock", EndpointKind.OPENAI, url), str, SETTINGS)
        with pytest.raises(Damaged, match="no HTTP"):
            await provider.send(request(), MODEL)
        await providers.aclose()

    with_strange_server(answer, work)


def test_broken_chunks_are_unreachable():
    """A stream whose pieces have no proper length breaks off as a connection does."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked"

    async def work(url: str) -> None:
        providers = HttpProviders()
        provider = providers.open(Endpoint("mock", EndpointKind.OPENAI, url), str, SETTINGS)
        with pytest.raises((Unreachable, Damaged)):
            await read(await provider.send(request(stream=True), MODEL))
        await providers.aclose()

    with_strange_server(head + b"\r\n\r\nzz\r\nhello\r\n", work)


def test_answers_that_never_end_are_given_up(monkeypatch: pytest.MonkeyPatch):
    """An answer without a length is read up to the limit only, though more would come."""
    monkeypatch.setattr(http_endpoint, "LARGEST_ANSWER_BYTES", 1000)
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked"

    async def work(url: str) -> None:
        providers = HttpProviders()
        provider = providers.open(Endpoint("mock", EndpointKind.OPENAI, url), str, SETTINGS)
        async with asyncio.timeout(5):
            with pytest.raises(Damaged, match="1000 bytes"):
                await provider.send(request(), MODEL)
        await providers.aclose()

    chunk = b"200\r\n" + b" " * 0x200 + b"\r\n"
    with_strange_server(head + b"\r\n\r\n" + chunk * 3, work, closes=False)


def test_lists_have_a_time_limit(monkeypatch: pytest.MonkeyPatch):
    """A server that does not list its models in time has TimedOut."""
    monkeypatch.setattr(http_endpoint, "LIST_TIMEOUT_S", 0.01)

    async def work(world: World) -> None:
        assert world.server is not None
        world.server.always = "silent"
        with pytest.raises(TimedOut):
            await world.provider.models()

    with_world("openai", work)


def test_nothing_is_asked_after_closing():
    """Once the factory is closed, a request is Unreachable and opens no connection."""

    async def work(world: World) -> None:
        assert world.server is not None
        providers = HttpProviders()
        endpoint = Endpoint("mock", EndpointKind.OPENAI, world.server.url + "/v1")
        provider = providers.open(endpoint, lambda: KEY, SETTINGS)
        await provider.send(request(), MODEL)
        await providers.aclose()
        await providers.aclose()
        with pytest.raises(Unreachable, match="closing"):
            await provider.send(request(), MODEL)
        assert world.server.counts["requests"] == 1

    with_world("openai", work)
