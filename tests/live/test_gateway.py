"""The gateway over real connections: what clients get, and what happens when they leave."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from pathlib import Path

import pytest

from engine.errors import Damaged, Overloaded, Refused, Rejected, TimedOut, Unreachable
from engine.gateway.snapshot import GatewayState
from tests.engine.gateway.fake_router import ENDPOINT, MODEL, FakeRouter, chunks, completion
from tests.live.gateway import ASK, PATIENCE_S, read_answer, running_gateway

pytestmark = pytest.mark.live

AT_ONCE_S = 0.1
"""A client that leaves ends the work for it within this time."""


async def wait_until(look, within_s: float = PATIENCE_S) -> None:
    """Return once `look()` is true."""
    async with asyncio.timeout(within_s):
        while not look():  # noqa: ASYNC110 - there is no event
            await asyncio.sleep(0.001)


def test_whole_answers_go_through_untouched(tmp_path: Path):
    """The body of the server's answer arrives as it was, with headers that say where from."""

    async def work() -> None:
        async with running_gateway(tmp_path) as running:
            answer = await running.ask(running.post(ASK | {"temperature": 0, "unknown": [1]}))
            assert answer.status == 200
            assert answer.json() == completion("Hello there")
            assert answer.headers["x-model"] == MODEL
            assert answer.headers["x-endpoint"] == ENDPOINT
            assert answer.headers["x-cache"] == "miss"
            (request,) = running.router.requests
            assert answer.headers["x-request-id"] == request.id
            assert request.client == "default"
            assert request.body == ASK | {"temperature": 0, "unknown": [1]}

    asyncio.run(work())


def test_streams_go_through_untouched(tmp_path: Path):
    """The events of a stream arrive byte by byte as they were, its end included."""

    async def work() -> None:
        async with running_gateway(tmp_path) as running:
            answer = await running.ask(running.post(ASK | {"stream": True}))
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert answer.body == b"".join(chunks(running.router.words))

    asyncio.run(work())


def test_first_piece_does_not_wait_for_the_second(tmp_path: Path):
    """Each piece goes out when it comes."""

    async def work() -> None:
        router = FakeRouter(hold=asyncio.Event())
        async with (
            running_gateway(tmp_path, router=router) as running,
            running.connection() as (reader, writer),
        ):
            writer.write(running.post(ASK | {"stream": True}))
            async with asyncio.timeout(PATIENCE_S):
                await reader.readuntil(chunks(router.words)[0])
            router.hold.set()
            async with asyncio.timeout(PATIENCE_S):
                await reader.readuntil(b"[DONE]\n\n\r\n0\r\n\r\n")

    asyncio.run(work())


@pytest.mark.parametrize("error", [Unreachable("gone"), ZeroDivisionError("secret words")])
def test_stream_that_breaks(tmp_path: Path, error: Exception, caplog: pytest.LogCaptureFixture):
    """A stream that ends in an error ends its connection: nobody takes it for whole."""

    async def work() -> None:
        router = FakeRouter(pieces=chunks(["x"])[:1], breaks=error)
        async with (
            running_gateway(tmp_path, router=router) as running,
            running.connection() as (reader, writer),
        ):
            writer.write(running.post(ASK | {"stream": True}))
            async with asyncio.timeout(PATIENCE_S):
                got = await reader.read()
            assert b'"content":"x"' in got
            assert not got.endswith(b"0\r\n\r\n")
            await running.until_idle()
            assert running.gateway.snapshot().counts["5xx"] == 1
            assert type(error).__name__ in caplog.text
            assert "secret words" not in caplog.text
            assert (await running.ask(running.post(ASK))).status == 200

    with caplog.at_level(logging.DEBUG):
        asyncio.run(work())


@pytest.mark.parametrize("is_stream", [False, True])
def test_client_that_leaves_ends_the_work(tmp_path: Path, is_stream: bool):
    """What is under way for a client that closes its connection is cancelled, and counted."""

    async def work() -> None:
        router = FakeRouter(hold=asyncio.Event())
        async with running_gateway(tmp_path, router=router) as running:
            async with running.connection() as (reader, writer):
                writer.write(running.post(ASK | {"stream": is_stream}))
                if is_stream:
                    await reader.readuntil(chunks(router.words)[0])
                await wait_until(lambda: router.requests)
            loop = asyncio.get_running_loop()
            left_s = loop.time()
            await wait_until(lambda: router.cancelled)
            assert loop.time() - left_s < 10 * AT_ONCE_S  # ten times: a busy machine
            await running.until_idle()
            assert running.gateway.snapshot().counts["499"] == 1

    asyncio.run(work())


@pytest.mark.parametrize(
    ("error", "status", "header"),
    [
        (Rejected("no such model", status=404, code="model_not_found"), 404, None),
        (Overloaded("all are busy", retry_after_s=2.4), 429, "3"),
        (Unreachable("nobody there"), 503, None),
        (TimedOut("too slow"), 504, None),
        (Refused("its key is wrong"), 502, None),
        (Damaged("it answered HTML"), 502, None),
        (ZeroDivisionError("secret words"), 500, None),
    ],
)
def test_errors_have_openai_s_shape(tmp_path: Path, error, status: int, header, caplog):
    """Every error has the right status, OpenAI's shape and, of a mistake of ours, no words."""

    async def work() -> None:
        async with running_gateway(tmp_path, router=FakeRouter(error=error)) as running:
            answer = await running.ask(running.post(ASK | {"stream": True}))
            assert answer.status == status
            told = answer.json()["error"]
            assert set(told) == {"message", "type", "param", "code"}
            assert answer.headers.get("retry-after") == header
            assert ("secret words" in told["message"]) is False
            assert "secret words" not in caplog.text

    with caplog.at_level(logging.DEBUG):
        asyncio.run(work())


def test_connection_serves_again_after_an_error(tmp_path: Path):
    """A refused request does not cost the client its connection."""

    async def work() -> None:
        async with (
            running_gateway(tmp_path) as running,
            running.connection() as (reader, writer),
        ):
            for body, status in ((b"{", 400), (json.dumps(ASK).encode(), 200), (b"[]", 400)):
                writer.write(running.post(body))
                assert (await read_answer(reader)).status == status

    asyncio.run(work())


def test_pipelined_requests_are_answered_in_order(tmp_path: Path):
    """Requests sent without waiting get their answers one after the other."""

    async def work() -> None:
        async with (
            running_gateway(tmp_path) as running,
            running.connection() as (reader, writer),
        ):
            writer.write(running.post(ASK) + running.head("GET", "/health") + running.post(b"x"))
            got = [(await read_answer(reader)).status for _ in range(3)]
            assert got == [200, 200, 400]

    asyncio.run(work())


def test_methods(tmp_path: Path):
    """HEAD has no body, OPTIONS and a wrong method tell which there are, other paths are 404."""

    async def work() -> None:
        async with running_gateway(tmp_path) as running:
            async with running.connection() as (reader, writer):
                writer.write(running.head("HEAD", "/v1/models"))
                assert (await read_answer(reader, has_body=False)).status == 200
                writer.write(running.head("OPTIONS", "/v1/models"))
                assert (await read_answer(reader)).headers["allow"] == "GET, HEAD, OPTIONS"
                writer.write(running.head("DELETE", "/v1/chat/completions"))
                wrong = await read_answer(reader)
                assert (wrong.status, wrong.headers["allow"]) == (405, "OPTIONS, POST")
                writer.write(running.head("GET", "/v2/models"))
                assert (await read_answer(reader)).status == 404
                writer.write(running.head("GET", "/v1/models/org%2Flarge?x=1"))
                assert (await read_answer(reader)).json()["id"] == "org/large"

    asyncio.run(work())


def test_key_revoked_while_running(tmp_path: Path):
    """A key that another process revokes opens nothing soon after; the others still do."""

    async def work() -> None:
        from engine.clock import SystemClock
        from engine.gateway.client_keys import ClientKeys

        async with running_gateway(tmp_path) as running:
            others = ClientKeys(tmp_path, clock=SystemClock())
            key = others.add("editor")
            request = running.post(ASK, authorization=f"Bearer {key}")

            async def status() -> int:
                return (await running.ask(request)).status

            async with asyncio.timeout(PATIENCE_S):
                while await status() != 200:  # noqa: ASYNC110 - there is no event
                    await asyncio.sleep(0.05)
                others.revoke("editor")
                while await status() != 401:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            assert running.router.requests[-1].client == "editor"
            assert (await running.ask(running.post(ASK))).status == 200

    asyncio.run(work())


def test_drain_lets_running_answers_end(tmp_path: Path):
    """Closing takes no more connections, and waits for the answers that are under way."""

    async def work() -> None:
        router = FakeRouter(hold=asyncio.Event())
        async with running_gateway(tmp_path, router=router, drain_s=PATIENCE_S) as running:
            async with running.connection() as (reader, writer), running.connection() as (idle, _):
                writer.write(running.post(ASK | {"stream": True}))
                await reader.readuntil(chunks(router.words)[0])
                port = running.port
                closing = asyncio.ensure_future(running.gateway.aclose())
                assert await idle.read() == b""
                with pytest.raises(ConnectionRefusedError):
                    await asyncio.open_connection("127.0.0.1", port)
                assert running.gateway.snapshot().state is GatewayState.DRAINING
                assert not closing.done()
                router.hold.set()
                await reader.readuntil(b"[DONE]\n\n\r\n0\r\n\r\n")
                await closing
            assert running.gateway.snapshot().state is GatewayState.OFF

    asyncio.run(work())


def test_drain_ends(tmp_path: Path):
    """An answer that never ends is cut when the time for closing is over."""

    async def work() -> None:
        router = FakeRouter(hold=asyncio.Event())
        async with running_gateway(tmp_path, router=router, drain_s=0.0) as running:
            async with running.connection() as (reader, writer):
                writer.write(running.post(ASK | {"stream": True}))
                await reader.readuntil(chunks(router.words)[0])
                await running.gateway.aclose()
                assert router.streams_open == 0
                with contextlib.suppress(ConnectionError):
                    assert b"[DONE]" not in await reader.read()

    asyncio.run(work())


def test_taken_port_is_told(tmp_path: Path):
    """Where the port is taken another is used, and the reason says so."""

    async def work() -> None:
        async with running_gateway(tmp_path / "1") as first:
            async with running_gateway(tmp_path / "2", port=first.port) as second:
                assert second.port != first.port
                assert str(first.port) in second.gateway.snapshot().reason
                assert (await second.ask(second.post(ASK))).status == 200

    asyncio.run(work())


def test_sixty_four_at_once(tmp_path: Path):
    """Many clients at once get each their own answer."""

    async def work() -> None:
        async with running_gateway(tmp_path) as running:

            async def one(number: int) -> int:
                answer = await running.ask(running.post(ASK | {"user": str(number)}))
                return answer.status

            assert set(await asyncio.gather(*map(one, range(64)))) == {200}
            assert {request.body["user"] for request in running.router.requests} == {
                str(number) for number in range(64)
            }
            assert len({request.id for request in running.router.requests}) == 64
            await running.until_idle()
            assert running.gateway.snapshot().counts["2xx"] == 64

    asyncio.run(work())
