"""What the prober finds: each program by what only it says, and an honest word for all else."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from engine.coordinator.adapters import httpx_prober
from engine.coordinator.adapters.httpx_prober import HttpxProber
from engine.coordinator.settings import EndpointKind
from engine.coordinator.snapshot import FoundServer
from tests.live.cache import until
from tests.live.upstream import Upstream

PRODUCTS = {
    "ollama": "Ollama 0.9.1",
    "llama.cpp": "llama.cpp b6000-abc",
    "vllm": "vLLM 0.11.0",
    "lm-studio": "LM Studio",
    "llama-swap": "llama-swap",
    "other": "",
}


def probing(
    work: Callable[[HttpxProber, Upstream], Awaitable[None]], product: str = "other"
) -> None:
    """Run `work` with a prober that looks at a mock server's port."""

    async def run() -> None:
        async with Upstream(product=product) as server:
            prober = HttpxProber(ports=[server.port])
            try:
                await work(prober, server)
            finally:
                await prober.aclose()
                await prober.aclose()

    asyncio.run(run())


@pytest.mark.parametrize("product", PRODUCTS)
def test_programs_are_told_apart(product: str):
    """Each server is found, with its name, its kind, its address and its models."""

    async def work(prober: HttpxProber, server: Upstream) -> None:
        [found] = await prober.discover()
        is_ollama = product == "ollama"
        assert found.ok
        assert found.product == PRODUCTS[product]
        assert found.kind == (EndpointKind.OLLAMA if is_ollama else EndpointKind.OPENAI)
        assert found.url == server.url + ("" if is_ollama else "/v1")
        assert [each.name for each in found.models] == ["mock-small", "mock-large"]
        assert "2 models" in found.message
        assert found.answered_ms is not None
        again = await prober.look(server.url)
        assert (again.product, again.url) == (found.product, found.url)

    probing(work, product)


@pytest.mark.parametrize("product", PRODUCTS)
def test_looking_changes_nothing(product: str):
    """Only GETs are sent, and none to a path where a model would be loaded."""

    async def work(prober: HttpxProber, server: Upstream) -> None:
        await prober.discover()
        await prober.look(server.url)
        assert {each.method for each in server.seen} == {"GET"}
        harmless = {"/v1/models", "/api/version", "/api/tags", "/api/ps", "/api/v0/models"}
        assert {each.path for each in server.seen} <= harmless | {"/running", "/props", "/version"}

    probing(work, product)


def test_a_server_of_another_kind_is_asked_once():
    """What lists no models is left alone after one question, and is not discovered."""

    async def work(prober: HttpxProber, server: Upstream) -> None:
        server.always = "html"
        assert await prober.discover() == ()
        assert len(server.seen) == 1

    probing(work)


def test_details_of_programs():
    """llama.cpp tells its window, LM Studio what is loaded, llama-swap what runs."""
    seen: dict[str, FoundServer] = {}
    for product in ("llama.cpp", "lm-studio", "llama-swap", "ollama"):

        async def work(prober: HttpxProber, server: Upstream, name: str = product) -> None:
            [seen[name]] = await prober.discover()

        probing(work, product)
    assert seen["llama.cpp"].models[0].context_tokens == 4096
    assert seen["lm-studio"].models[0].context_tokens == 32_768
    assert seen["lm-studio"].models[0].is_loaded is False
    assert seen["llama-swap"].models[0].is_loaded is False
    assert seen["ollama"].models[0].is_loaded is True
    assert seen["ollama"].models[0].details == "8.0B Q4_K_M"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("html", "web page"),
        ("empty", "lists no models"),
        ("bad-json", "lists no models"),
        ("redirect", "has moved: enter http://127.0.0.1:9/v1"),
        ("500", "says 500"),
        ("429", "says 429"),
        ("401", "wants a key"),
        ("404", "no /models at this address"),
        ("close", "not in HTTP"),
    ],
)
def test_what_is_wrong_is_said(fault: str, said: str):
    """For each thing that answers and is no model server, a person reads what it is."""

    async def work(prober: HttpxProber, server: Upstream) -> None:
        server.always = fault
        found = await prober.look(server.url)
        assert not found.ok
        assert said in found.message

    probing(work)


def test_keys_are_tried_and_not_told():
    """A right key opens the list; a wrong one is not accepted, and never part of the message."""

    async def work(prober: HttpxProber, server: Upstream) -> None:
        server.key = "sk-right"
        assert (await prober.look(server.url, "sk-right")).ok
        found = await prober.look(server.url, "sk-wrong-and-secret")
        assert "does not accept this key" in found.message
        assert "secret" not in found.message

    probing(work)


def test_names_ports_and_tls(monkeypatch: pytest.MonkeyPatch):
    """A port without a server, a server without TLS and a name nobody knows are told apart."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        silent_port = taken.getsockname()[1]

        async def work(prober: HttpxProber, server: Upstream) -> None:
            nobody = await prober.look(f"127.0.0.1:{silent_port}")
            assert "Nobody answers" in nobody.message
            plain = await prober.look(server.url.replace("http:", "https:"))
            assert "try http://" in plain.message

            def fail(*wanted: object, **more: object) -> None:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

            monkeypatch.setattr(socket, "getaddrinfo", fail)
            unknown = await prober.look("http://models.test")
            assert "is not known" in unknown.message
            typo = await prober.look("not an address")
            assert "is no address" in typo.message
            assert not any(each.ok for each in (nobody, plain, unknown, typo))

        probing(work)


def test_a_silent_server_is_given_up(monkeypatch: pytest.MonkeyPatch):
    """A port that takes the question and says nothing is left out, and does not hold others up."""
    monkeypatch.setattr(httpx_prober, "DISCOVER_TIMEOUT_S", 0.05)
    monkeypatch.setattr(httpx_prober, "LOOK_TIMEOUT_S", 0.05)

    async def work(prober: HttpxProber, server: Upstream) -> None:
        async with Upstream(product="vllm") as other:
            both = HttpxProber(ports=[server.port, other.port])
            server.always = "silent"
            found = await prober.look(server.url)
            assert "did not answer in time" in found.message
            assert await prober.discover() == ()
            monkeypatch.setattr(httpx_prober, "DISCOVER_TIMEOUT_S", 5.0)
            server.always = "404"
            assert [each.product for each in await both.discover()] == ["vLLM 0.11.0"]
            await both.aclose()

    probing(work)


def test_a_silent_server_behind_https_is_given_up(monkeypatch: pytest.MonkeyPatch):
    """A handshake that is never answered is a matter of time, not of TLS, and leaves nothing."""
    monkeypatch.setattr(httpx_prober, "LOOK_TIMEOUT_S", 0.05)

    async def work(prober: HttpxProber, server: Upstream) -> None:
        left = asyncio.Event()

        async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()
            await writer.wait_closed()
            left.set()

        async with await asyncio.start_server(hold, "127.0.0.1", 0) as silent:
            port = silent.sockets[0].getsockname()[1]
            found = await prober.look(f"https://127.0.0.1:{port}")
            assert "did not answer in time" in found.message
            async with asyncio.timeout(5):
                await left.wait()

    probing(work)


def test_an_ollama_without_models_says_how_to_get_one():
    """A fresh Ollama is found, and the message names the command."""

    async def work(prober: HttpxProber, server: Upstream) -> None:
        server.models = ()
        [found] = await prober.discover()
        assert found.ok
        assert "ollama pull" in found.message

    probing(work, "ollama")


@pytest.mark.parametrize("key", ["", "sk-wrong"])
def test_anthropics_way_to_refuse_is_asked_for_once_more(key: str):
    """A server that refuses in Anthropic's shape is asked again as Anthropic's, and no more."""
    asked: list[bytes] = []
    body = b'{"type":"error","error":{"type":"authentication_error","message":"no key"}}'
    head = b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: %d"

    here: set[asyncio.StreamWriter] = set()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        here.add(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                asked.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(head % len(body) + b"\r\n\r\n" + body)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        here.discard(writer)

    async def run() -> None:
        server = await asyncio.start_server(refuse, "127.0.0.1", 0)
        prober = HttpxProber(ports=())
        port = server.sockets[0].getsockname()[1]
        found = await prober.look(f"http://127.0.0.1:{port}", key)
        await prober.aclose()
        await until(lambda: not here)
        server.close()
        assert not found.ok
        assert "key" in found.message
        assert [b"anthropic-version" in each for each in asked] == [False, True]

    asyncio.run(run())


def test_headers_and_a_login_go_along():
    """They are sent with every question, and what is told of the server has none of them."""

    async def work(prober: HttpxProber, server: Upstream) -> None:
        url = server.url.replace("://", "://me:geheim@")
        found = await prober.look(url, "", (("X-Token", "tok-secret"),))
        assert found.ok
        assert not any(each in repr(found) for each in ("geheim", "tok-secret"))
        assert server.seen
        for each in server.seen:
            assert each.headers["authorization"] == "Basic bWU6Z2VoZWlt"
            assert each.headers["x-token"] == "tok-secret"
        bad = await prober.look("ftp://me:geheim@host", "")
        assert "geheim" not in repr(bad)
        unsendable = await prober.look(url, "", (("X-Token", "a\nb"),))
        assert "headers cannot be sent" in unsendable.message

    probing(work)
