"""Who the gateway lets in, over real connections, and what it does with bad and slow senders."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.gateway.adapters import aiohttp_server
from engine.gateway.door import CONNECTIONS_PER_REQUEST, SPARE_CONNECTIONS
from engine.gateway.ports import Call, Result
from tests.engine.gateway.fake_router import FakeRouter
from tests.live.gateway import ASK, PATIENCE_S, read_answer, running_gateway

pytestmark = pytest.mark.live

MIB = 1024 * 1024
HUGE_BYTES = 200 * MIB


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"authorization": ""}, 401, "invalid_api_key"),
        ({"authorization": "Bearer uat-guess"}, 401, "invalid_api_key"),
        ({"authorization": "Basic dXNlcjpwYXNz"}, 401, "invalid_api_key"),
        ({"host": "evil.example"}, 403, "host_not_allowed"),
        ({"host": "127.0.0.1.evil.example:11480"}, 403, "host_not_allowed"),
        ({"host": "192.168.1.7"}, 403, "host_not_allowed"),
        ({"host": "localhost:99"}, 200, None),
        ({"host": "[::1]:99"}, 200, None),
        ({"host": "my.box"}, 200, None),
        ({"origin": "https://evil.example"}, 403, "origin_not_allowed"),
        ({"origin": "null"}, 403, "origin_not_allowed"),
        ({"origin": "http://localhost:3000"}, 200, None),
    ],
)
def test_who_may_call(tmp_path: Path, headers: dict[str, str], status: int, code: str | None):
    """Only who has a key, calls by a known name and comes from no foreign page is answered."""

    async def work() -> None:
        settings = {"hosts": "my.box", "origins": "http://localhost:3000"}
        async with running_gateway(tmp_path, **settings) as running:
            answer = await running.ask(running.post(ASK, **headers))
            assert answer.status == status
            if code is not None:
                assert answer.json()["error"]["code"] == code
                assert running.router.requests == []
                assert running.gateway.snapshot().counts["refused"] == 1
            allowed = answer.headers.get("access-control-allow-origin")
            assert allowed == (headers.get("origin") if status == 200 else None)

    asyncio.run(work())


def test_key_of_anthropic_s_clients(tmp_path: Path):
    """The key may come as x-api-key."""

    async def work() -> None:
        async with running_gateway(tmp_path) as running:
            request = running.post(ASK, authorization="", x_api_key=running.key)
            assert (await running.ask(request)).status == 200

    asyncio.run(work())


@pytest.mark.parametrize("name", ["Host", "Authorization"])
def test_header_twice(tmp_path: Path, name: str):
    """Where a header that decides comes twice, neither counts."""

    async def work() -> None:
        async with running_gateway(tmp_path) as running:
            told = f"{name}: Bearer x\r\n\r\n".encode()
            answer = await running.ask(running.post(ASK).replace(b"\r\n\r\n", b"\r\n" + told, 1))
            assert answer.status in (400, 401)
            assert running.router.requests == []

    asyncio.run(work())


def test_health_is_open_and_nothing_else(tmp_path: Path):
    """Everybody may ask for health; metrics and models need the key."""

    async def work() -> None:
        async with running_gateway(tmp_path) as running:
            statuses = {
                path: (await running.ask(running.head("GET", path, authorization=""))).status
                for path in ("/health", "/metrics", "/v1/models", "/nothing")
            }
            assert statuses == {"/health": 200, "/metrics": 401, "/v1/models": 401, "/nothing": 401}

    asyncio.run(work())


def test_preflight(tmp_path: Path):
    """A browser may ask without a key what a page on the list may do; other pages may nothing."""

    async def work() -> None:
        async with running_gateway(tmp_path, origins="http://a.test") as running:
            question = {
                "authorization": "",
                "access_control_request_method": "POST",
                "access_control_request_headers": "authorization,content-type",
            }
            path = "/v1/chat/completions"
            ask = running.head("OPTIONS", path, origin="http://a.test", **question)
            answer = await running.ask(ask)
            assert answer.status == 204
            assert answer.headers["access-control-allow-headers"] == "authorization,content-type"
            foreign = running.head("OPTIONS", path, origin="http://b.test", **question)
            assert (await running.ask(foreign)).status == 403

    asyncio.run(work())


async def send_chunks(writer: asyncio.StreamWriter, pieces: AsyncIterator[bytes]) -> None:
    """Send `pieces` as a chunked body, as long as somebody takes them."""
    async for piece in pieces:
        writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        await writer.drain()


async def zeros(size: int) -> AsyncIterator[bytes]:
    """Yield `size` bytes."""
    for _ in range(size // MIB):
        yield bytes(MIB)


@pytest.mark.parametrize("how", ["declared", "chunked", "packed"])
def test_body_that_is_too_large(tmp_path: Path, how: str):
    """200 MB are refused with 413 however they come, without being kept."""

    async def work() -> None:
        async with (
            running_gateway(tmp_path, largest_body_mib=1) as running,
            running.connection() as (reader, writer),
        ):
            path = "/v1/chat/completions"
            if how == "declared":
                writer.write(running.head("POST", path, content_length=str(HUGE_BYTES)))
            elif how == "chunked":
                writer.write(running.head("POST", path, transfer_encoding="chunked"))
                sending = asyncio.ensure_future(send_chunks(writer, zeros(HUGE_BYTES)))
            else:
                bomb = gzip.compress(bytes(HUGE_BYTES))
                writer.write(running.post(bomb, content_encoding="gzip"))
            answer = await read_answer(reader)
            assert answer.status == 413
            assert answer.json()["error"]["code"] == "request_too_large"
            assert answer.headers["connection"] == "close"
            if how == "chunked":
                sending.cancel()
                await asyncio.wait([sending])
                if not sending.cancelled():
                    sending.exception()

    asyncio.run(work())


def test_client_that_asks_before_it_sends(tmp_path: Path):
    """`Expect: 100-continue` is answered: with the go-ahead, or with what is wrong."""

    async def work() -> None:
        async with (
            running_gateway(tmp_path, largest_body_mib=1) as running,
            running.connection() as (reader, writer),
        ):
            request = running.post(ASK, expect="100-continue")
            head, _, body = request.partition(b"\r\n\r\n")
            writer.write(head + b"\r\n\r\n")
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(body)
            assert (await read_answer(reader)).status == 200

    asyncio.run(work())


@pytest.mark.parametrize(
    "sent",
    [b"", b"POST /v1/chat", b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: "],
    ids=["nothing", "a line", "some lines"],
)
def test_slow_head(tmp_path: Path, sent: bytes):
    """Who does not deliver a head in time is closed, also while letters drip in."""

    async def work() -> None:
        async with (
            running_gateway(tmp_path, head_timeout_s=0.5) as running,
            running.connection() as (reader, writer),
        ):
            writer.write(sent)
            dripping = asyncio.ensure_future(drip(writer if sent else None))
            async with asyncio.timeout(PATIENCE_S):
                told = await reader.read()
            assert told.startswith(b"HTTP/1.1 408") is bool(sent)
            dripping.cancel()
            await asyncio.wait([dripping])

    asyncio.run(work())


async def drip(writer: asyncio.StreamWriter | None) -> None:
    """Send a letter now and then."""
    while writer is not None:
        writer.write(b"x")
        await asyncio.sleep(0.05)


def test_slow_second_head(tmp_path: Path):
    """A connection that was good once is closed too when its next head does not end."""

    async def work() -> None:
        async with (
            running_gateway(tmp_path, head_timeout_s=0.5) as running,
            running.connection() as (reader, writer),
        ):
            writer.write(running.post(ASK))
            assert (await read_answer(reader)).status == 200
            await asyncio.sleep(1.0)  # longer than a head may take: idle is fine
            writer.write(running.post(ASK))
            assert (await read_answer(reader)).status == 200
            writer.write(b"GET /health HTTP/1.1\r\n")
            async with asyncio.timeout(PATIENCE_S):
                assert (await reader.read()).startswith(b"HTTP/1.1 408")

    asyncio.run(work())


@pytest.mark.parametrize("is_dripping", [False, True])
def test_slow_body(tmp_path: Path, is_dripping: bool):
    """Who begins a body and does not go on, or only by drops, is told so and closed."""

    async def work() -> None:
        async with (
            running_gateway(tmp_path, body_timeout_s=0.5) as running,
            running.connection() as (reader, writer),
        ):
            writer.write(running.head("POST", content_length="5000") + b"{")
            dripping = asyncio.ensure_future(drip(writer if is_dripping else None))
            answer = await read_answer(reader)
            assert answer.status == 408
            assert running.router.requests == []
            dripping.cancel()
            await asyncio.wait([dripping])

    asyncio.run(work())


def test_too_many_at_once(tmp_path: Path):
    """Who comes when all places are taken is told when to come again; health still answers."""

    async def work() -> None:
        router = FakeRouter(hold=asyncio.Event())
        async with running_gateway(tmp_path, router=router, most_requests=2) as running:
            waiting = [asyncio.ensure_future(running.ask(running.post(ASK))) for _ in range(2)]
            async with asyncio.timeout(PATIENCE_S):
                while len(router.requests) < 2:  # noqa: ASYNC110 - there is no event
                    await asyncio.sleep(0.001)
            answer = await running.ask(running.post(ASK))
            assert (answer.status, answer.headers["retry-after"]) == (503, "1")
            assert answer.json()["error"]["type"] == "service_unavailable"
            assert (await running.ask(running.head("GET", "/health"))).status == 200
            router.hold.set()
            assert [each.status for each in await asyncio.gather(*waiting)] == [200, 200]
            assert (await running.ask(running.post(ASK))).status == 200

    asyncio.run(work())


@pytest.mark.parametrize("how", ["declared", "chunked"])
def test_too_much_at_once(tmp_path: Path, how: str):
    """Bodies share one limit: who goes beyond it is told when to come again, and has room then."""
    large = {**ASK, "user": "x" * 700_000}

    async def work() -> None:
        router = FakeRouter(hold=asyncio.Event())
        async with running_gateway(tmp_path, router=router, most_held_mib=1) as running:
            waiting = asyncio.ensure_future(running.ask(running.post(large)))
            async with asyncio.timeout(PATIENCE_S):
                while not router.requests:  # noqa: ASYNC110 - there is no event
                    await asyncio.sleep(0.001)
            small = asyncio.ensure_future(running.ask(running.post(ASK)))
            if how == "declared":
                answer = await running.ask(running.post(large))
            else:
                head = running.head("POST", transfer_encoding="chunked")
                body = json.dumps(large).encode()
                answer = await running.ask(head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
            assert (answer.status, answer.headers["retry-after"]) == (503, "1")
            assert "most_held_mib" in answer.json()["error"]["message"]
            router.hold.set()
            assert [each.status for each in await asyncio.gather(waiting, small)] == [200, 200]
            await running.until_idle()
            assert (await running.ask(running.post(large))).status == 200

    asyncio.run(work())


def test_form_with_a_file(tmp_path: Path):
    """A file of a form lies on the disk while it is worked on, and no longer."""
    seen = []

    async def take(call: Call) -> Result:
        assert call.form is not None
        upload = call.form.files["file"]
        seen.append(upload)
        assert upload.path.read_bytes() == b"sound" * 100_000
        assert upload.path.stat().st_mode & 0o777 == 0o600
        assert call.form.fields == {"model": ("whisper-1",), "granularity": ("word", "segment")}
        return Result(body=b"{}")

    async def work() -> None:
        routes = {("POST", "/v1/audio/transcriptions"): take}
        async with running_gateway(tmp_path, routes=routes) as running:
            answer = await running.ask(running.post(form(), "/v1/audio/transcriptions", **FORM))
            assert answer.status == 200
        (upload,) = seen
        assert (upload.name, upload.content_type) == ("../../a b.wav", "audio/wav")
        assert upload.size_bytes == 500_000
        assert not upload.path.parent.exists()

    asyncio.run(work())


FORM = {"content_type": "multipart/form-data; boundary=xyz"}


def form(*, end: bytes = b"--xyz--\r\n") -> bytes:
    """Return the body of a form with a file."""
    fields = [("model", "whisper-1"), ("granularity", "word"), ("granularity", "segment")]
    parts = [
        f'--xyz\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()
        for name, text in fields
    ]
    head = (
        b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="../../a b.wav"\r\n'
        b"Content-Type: audio/wav\r\n\r\n"
    )
    return b"".join(parts) + head + b"sound" * 100_000 + b"\r\n" + end


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (form(end=b""), FORM["content_type"], 400),
        (b"--xyz\r\nnonsense", FORM["content_type"], 400),
        (b"", FORM["content_type"], 400),
        (form(), "multipart/form-data", 400),
        (form(), "multipart/form-data; boundary=" + "y" * 100, 400),
        (form() * 40, FORM["content_type"], 413),
        (b"".join([form(end=b"")[:300]] * 100), FORM["content_type"], 400),
    ],
    ids=["cut", "nonsense", "empty", "no boundary", "long boundary", "large", "many"],
)
def test_bad_forms(tmp_path: Path, body: bytes, kind: str, status: int):
    """A form that cannot be read is refused; nothing of it stays."""

    async def take(call: Call) -> Result:
        raise AssertionError("this form is none")

    async def work() -> None:
        routes = {("POST", "/v1/audio/transcriptions"): take}
        async with running_gateway(tmp_path, routes=routes, largest_audio_mib=1) as running:
            path = "/v1/audio/transcriptions"
            assert (await running.ask(running.post(body, path, content_type=kind))).status == status

    asyncio.run(work())


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\nHost: localhost\r\nA: " + b"a" * 20_000 + b"\r\n\r\n", 431),
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 431),
        (b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 500 + b"\r\n", 400),
        (b"GET /health HTTP/1.1\r\n\r\n", 400),
        (b"GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n", 200),
        (b"GET http://localhost/health HTTP/1.1\r\nHost: localhost\r\n\r\n", 200),
        (b"CONNECT example.com:443 HTTP/1.1\r\nHost: localhost\r\n\r\n", 401),
        (b"POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400),
        (
            b"POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
        ),
    ],
    ids=str,
)
def test_what_is_no_request(tmp_path: Path, raw: bytes, status: int):
    """What cannot be read as HTTP is refused in OpenAI's shape, and quoted nowhere."""

    async def work() -> None:
        async with running_gateway(tmp_path) as running:
            answer = await running.ask(raw)
            assert answer.status == status
            if status != 200:
                assert answer.json()["error"]["message"]

    asyncio.run(work())


@pytest.mark.parametrize(
    "body",
    [b"zz\r\n", b"5\r\nabc", zlib.compress(b"x")[:4]],
    ids=["no size", "short", "no gzip"],
)
def test_broken_bodies(tmp_path: Path, body: bytes):
    """A body that breaks its own rules is refused, whatever way it is coded."""

    async def work() -> None:
        async with (
            running_gateway(tmp_path, body_timeout_s=0.5) as running,
            running.connection() as (reader, writer),
        ):
            path = "/v1/chat/completions"
            if body.startswith((b"zz", b"5")):
                writer.write(running.head("POST", path, transfer_encoding="chunked") + body)
            else:
                writer.write(running.post(body, content_encoding="gzip"))
            assert (await read_answer(reader)).status in (400, 408)
            assert running.router.requests == []

    asyncio.run(work())


def test_too_many_connections(tmp_path: Path):
    """Connections beyond what requests could ever use are closed; the others go on."""

    async def work() -> None:
        async with running_gateway(tmp_path, most_requests=1) as running:
            room = 1 * CONNECTIONS_PER_REQUEST + SPARE_CONNECTIONS
            async with contextlib.AsyncExitStack() as opened:
                first = await opened.enter_async_context(running.connection())
                first[1].write(running.head("GET", "/health"))
                assert (await read_answer(first[0])).status == 200
                for _ in range(room - 1):
                    await opened.enter_async_context(running.connection())
                reader, _ = await opened.enter_async_context(running.connection())
                async with asyncio.timeout(PATIENCE_S):
                    assert await reader.read() == b""
                assert running.gateway.snapshot().connections <= room
                first[1].write(running.head("GET", "/health"))
                assert (await read_answer(first[0])).status == 200

    asyncio.run(work())


def test_client_that_does_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Who takes nothing of an answer for long is closed, and the work for it ends."""
    monkeypatch.setattr(aiohttp_server, "LONGEST_PAUSE_S", 0.2)

    async def work() -> None:
        router = FakeRouter(pieces=[b"data: " + bytes(MIB) + b"\n\n"] * 64)
        async with (
            running_gateway(tmp_path, router=router, head_timeout_s=0.5) as running,
            running.connection() as (_, writer),
        ):
            writer.transport.pause_reading()
            writer.write(running.post(ASK | {"stream": True}))
            async with asyncio.timeout(PATIENCE_S):
                while not router.cancelled:  # noqa: ASYNC110 - there is no event
                    await asyncio.sleep(0.01)
            await running.until_idle()
            assert running.gateway.snapshot().counts["499"] == 1
            writer.transport.abort()

    asyncio.run(work())


@pytest.mark.parametrize(
    "path",
    [
        b"/v1/%ff",
        b"/v1/models/%ff%00",
        b"/v1/models/\xff",
        b"/v1/models/%ED%A0%80",
        b"/v1/models/%0d%0ax-evil:%201",
        b"/v1/models?%ff=%ff&a",
        b"//evil.example/v1/models",
        b"/%2e%2e/%2e%2e/etc/passwd",
        b"*",
        b"/v1/%",
    ],
)
def test_odd_paths(tmp_path: Path, path: bytes):
    """Whatever stands in a path, it is found, or refused in the right shape."""

    async def work() -> None:
        async with running_gateway(tmp_path) as running:
            sent = running.head("GET", "/PATH").replace(b"/PATH", path)
            answer = await running.ask(sent)
            assert answer.status in (200, 400, 404)
            assert "x-evil" not in answer.headers
            if answer.status != 200:
                assert answer.json()["error"]["message"]

    asyncio.run(work())


@pytest.mark.parametrize("name", ["Authorization", "Host", "X-Session-Id", "Content-Type"])
def test_odd_header_texts(tmp_path: Path, name: str):
    """Bytes that are no text are no reason to stumble."""

    async def work() -> None:
        async with running_gateway(tmp_path) as running:
            told = f"\r\n{name}: ".encode() + b"Bearer \xff\xfe\r\n\r\n"
            usual = {name.lower().replace("-", "_"): ""}
            sent = running.post(ASK, **usual).replace(b"\r\n\r\n", told, 1)
            assert (await running.ask(sent)).status < 500

    asyncio.run(work())
