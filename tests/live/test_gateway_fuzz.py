"""Ten thousand requests that make no sense: no mistake of ours, and no key where it must not be."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from pathlib import Path
from random import Random

import msgspec
import pytest

from engine.clock import SystemClock
from engine.exchange import LlmRequest, Reply
from engine.gateway import messages, responses
from engine.gateway.response_shelf import ResponseShelf
from tests.engine.gateway.fake_router import FakeRouter
from tests.live.fuzz import odd_call, odd_request
from tests.live.gateway import ASK, Answer, Running, read_answer, running_gateway

pytestmark = pytest.mark.live

REQUESTS = 5000
"""Of each kind."""
CALLERS = 25
SILENCE_S = 0.3
"""What is half a request waits for its other half; a test need not wait for long."""
INTERNAL = 500


class Sending(FakeRouter):
    """Writes every request as a server's adapter does, before it is answered."""

    async def handle(self, request: LlmRequest) -> Reply:
        """Answer what can be sent."""
        msgspec.json.encode(request.body | {"model": "m"})
        self.requests.clear()
        return await super().handle(request)


@contextlib.asynccontextmanager
async def running(folder: Path):
    """Return a gateway with every family of endpoints."""
    router = Sending()

    def count(body: object) -> int:
        return len(str(body))

    routes = {
        **messages.routes(router, count=count),
        **responses.routes(router, shelf=ResponseShelf(), count=count, clock=SystemClock()),
    }
    limits = {"head_timeout_s": 0.5, "body_timeout_s": 0.5, "largest_body_mib": 1}
    async with running_gateway(folder, router=router, routes=routes, **limits) as gateway:
        yield gateway


def check(answer: Answer, sent: bytes, key: str) -> None:
    """Fail where an answer is a mistake of ours, no error in a known shape, or tells a key."""
    assert answer.status != INTERNAL, sent
    assert key.encode() not in answer.body, sent
    assert key not in str(answer.headers), sent
    if answer.status >= 400 and answer.body:
        told = answer.json()
        assert isinstance(told["error"]["message"], str), sent


def test_bodies(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """Whatever body comes, it is answered, or refused in the right shape."""

    async def call(gateway: Running, random: Random, seen: Counter[int]) -> None:
        async with gateway.connection() as (reader, writer):
            for _ in range(REQUESTS // CALLERS):
                path, body = odd_call(random)
                sent = gateway.post(body, path)
                writer.write(sent)
                answer = await read_answer(reader)
                check(answer, sent, gateway.key)
                seen[answer.status] += 1

    async def work() -> None:
        seen: Counter[int] = Counter()
        async with running(tmp_path) as gateway:
            await asyncio.gather(*(call(gateway, Random(n), seen) for n in range(CALLERS)))
            await told_nothing(gateway, caplog)
        assert seen[200] > REQUESTS // 10  # what is good among them is answered
        assert seen[400] > REQUESTS // 4

    with caplog.at_level(logging.DEBUG):
        asyncio.run(work())


def test_raw_bytes(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """Whatever bytes come, the answer is one, or the connection ends; the next is served."""

    async def call(gateway: Running, random: Random) -> None:
        for _ in range(REQUESTS // CALLERS):
            path, body = odd_call(random)
            sent = odd_request(gateway.post(body, path), random)
            async with gateway.connection() as (reader, writer):
                writer.write(sent)
                has_body = not sent.startswith(b"HEAD")
                with contextlib.suppress(TimeoutError, EOFError, ConnectionError):
                    async with asyncio.timeout(SILENCE_S):
                        check(await read_answer(reader, has_body=has_body), sent, gateway.key)

    async def work() -> None:
        async with running(tmp_path) as gateway:
            await asyncio.gather(*(call(gateway, Random(n)) for n in range(CALLERS)))
            await told_nothing(gateway, caplog)
            assert (await gateway.ask(gateway.post(ASK))).status == 200

    with caplog.at_level(logging.DEBUG):
        asyncio.run(work())


async def told_nothing(gateway: Running, caplog: pytest.LogCaptureFixture) -> None:
    """Fail where the key stands in the log or the snapshot, or a request is still under way."""
    await gateway.until_idle()
    assert gateway.key not in caplog.text
    assert gateway.key not in repr(gateway.gateway.snapshot())
    assert gateway.gateway.snapshot().counts["5xx"] == 0
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
