"""The coordinator over real connections: whatever one server does, another one answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest

from engine.book import Book
from engine.clock import SystemClock
from engine.coordinator.adapters.factory import HttpProviders
from engine.coordinator.price_table import PriceTable
from engine.coordinator.service import FastLLMCoordinator
from engine.coordinator.settings import CoordinatorSettings, Endpoint, EndpointKind, Price
from engine.errors import EngineError
from engine.exchange import DONE, Attempt, LlmRequest
from tests.engine.coordinator.fake_provider import FakeProber
from tests.engine.coordinator.world import Secrets, read
from tests.live.upstream import FAULTS, Upstream

MODEL = "mock-small"
HELLO = [{"role": "user", "content": "hello"}]
KINDS = (EndpointKind.OPENAI, EndpointKind.OLLAMA, EndpointKind.ANTHROPIC)
LATER = {"cut", "cut-utf8", "stall", "no-end", "bad-later", "error-later"}
"""What happens within a stream."""
SERVED = {"whole", "close"}
"""What does not keep a server from answering: a closed connection is opened again."""


def server(name: str, kind: EndpointKind, url: str, weight: float = 1.0) -> Endpoint:
    """Return the mock as a server of `kind`."""
    base = url if kind is EndpointKind.OLLAMA else f"{url}/v1"
    return Endpoint(name, kind, base, weight=weight, models=(MODEL,))


@asynccontextmanager
async def coordinated(
    folder: Path, *endpoints: Endpoint, secrets: Secrets | None = None
) -> AsyncIterator[FastLLMCoordinator]:
    """Run a coordinator among `endpoints`, whose patience is short."""
    book = Book(folder / "endpoints.toml", kind=Endpoint, table="endpoint")
    book.write(endpoints)
    coordinator = FastLLMCoordinator(
        settings=CoordinatorSettings(
            embedded=False, discover=False, first_byte_timeout_s=1, stall_timeout_s=1, deadline_s=4
        ),
        book=book,
        prices=PriceTable(Book(folder / "prices.toml", kind=Price, table="price"), ()),
        providers=HttpProviders(),
        prober=FakeProber(),
        answers=None,
        secrets=secrets or Secrets(),
        clock=SystemClock(),
        random=Random(1),
    )
    async with coordinator:
        await coordinator.first_look()
        yield coordinator


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("fault", [*sorted(FAULTS), "500", "503", "401"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_is_not_seen(tmp_path: Path, kind: EndpointKind, fault: str, is_stream: bool):
    """One server has the fault and the other answers; what breaks later is told in the stream."""

    async def work() -> None:
        async with Upstream() as bad, Upstream() as good:
            first = server("bad", kind, bad.url)
            second = server("good", EndpointKind.OPENAI, good.url, weight=0.0)
            async with coordinated(tmp_path, first, second) as coordinator:
                bad.faults.append(fault)
                trail: list[Attempt] = []
                body = {"model": MODEL, "messages": HELLO, "stream": is_stream, "max_tokens": 9}
                reply = await coordinator.send(LlmRequest(MODEL, body), MODEL, trail)
                said = await read(reply) if is_stream else reply.body
                assert trail[0].endpoint == "bad"
                if is_stream and fault in LATER:
                    assert reply.problem
                    assert b'"error"' in said
                    assert DONE not in said
                    return
                assert reply.problem == ""
                assert said.endswith(DONE) == is_stream
                if fault not in SERVED and fault not in LATER - {"cut"}:
                    assert [each.endpoint for each in trail] == ["bad", "good"], trail

    asyncio.run(work())


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("fault", ["tells-key", "error-later", "wrong"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_key_that_a_server_repeats_is_kept_nowhere(
    tmp_path: Path,
    kind: EndpointKind,
    fault: str,
    is_stream: bool,
    caplog: pytest.LogCaptureFixture,
):
    """Neither error nor snapshot, neither what was tried nor the log have the key in them."""
    key = "sk-very-secret-0123456789"

    async def work() -> None:
        async with Upstream(key="sk-another" if fault == "wrong" else "") as bad:
            secrets = Secrets({"endpoint.bad": key})
            endpoint = server("bad", kind, bad.url)
            async with coordinated(tmp_path, endpoint, secrets=secrets) as coordinator:
                bad.always = "" if fault == "wrong" else fault
                trail: list[Attempt] = []
                body = {"model": MODEL, "messages": HELLO, "stream": is_stream, "max_tokens": 9}
                told = []
                try:
                    reply = await coordinator.send(LlmRequest(MODEL, body), MODEL, trail)
                    told = [await read(reply) if is_stream else reply.body, reply.problem]
                except EngineError as error:
                    told = [str(error)]
                assert bad.asked.key == key
                assert key not in repr((told, trail, coordinator.snapshot()))
                assert key not in caplog.text

    with caplog.at_level(logging.DEBUG):
        asyncio.run(work())
