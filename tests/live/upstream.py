"""A model server that speaks three APIs, fast enough to measure a gateway by, and fails on wish.

In a test's own process: `async with Upstream() as server: ... server.url`. In its own:
`python -m tests.live.upstream [--port N] [--tokens N] [--first-token-ms N] [--between-ms N]
[--faults 429=0.1,500=0.05] [--seed N]`, which prints `{"url": ...}` when it listens.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from types import TracebackType
from typing import Any

from tests.live.upstream_answers import JSON, SSE, Spoken, encode, error_body, speak

FAULTS = {
    "429": "too many requests, with Retry-After",
    "silent": "takes the request and never answers",
    "stall": "a stream that says nothing more after two pieces",
    "cut": "the connection breaks after two pieces, or in the middle of a whole answer",
    "cut-utf8": "the connection breaks within a character",
    "close": "the connection ends without an answer",
    "no-end": "a stream that ends as if it were complete, before its end",
    "html": "a page for people, with status 200",
    "empty": "status 200 and nothing else",
    "bad-json": "half a JSON document, with status 200",
    "bad-stream": "bytes that are no event stream, as one",
    "error-event": "an error within the stream, as its first event",
    "error-body": "an error with status 200",
    "whole": "the complete answer, though a stream was asked for",
    "redirect": "another address",
    "bad-later": "a stream that goes on as something else after two pieces",
    "error-later": "a stream that breaks off with an error, which repeats the key it was sent",
    "tells-key": "an error that repeats the key it was sent",
}
"""What may be wished for; any other number is a status with an error in the API's own shape."""
RATE_LIMITS = (
    b"x-request-id: req_1\r\nx-ratelimit-limit-requests: 1000\r\n"
    b"x-ratelimit-remaining-requests: 999\r\nx-ratelimit-reset-requests: 60ms\r\n"
)
NONE: Iterator[str] = iter(())
TLS_HELLO = b"\x16\x03"
LISTS = ("/v1/models", "/api/tags")
NO_EVENT = b"\x00\xff this is no event\n\n"
HTML = b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"
REASONS = {200: b"OK", 307: b"Temporary Redirect", 404: b"Not Found", 429: b"Too Many Requests"}


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes

    def json(self) -> Any:
        """Return what was asked."""
        return json.loads(self.body)

    @property
    def key(self) -> str:
        """What it was sent with, "" for none."""
        shown = self.headers.get("authorization", "").removeprefix("Bearer ")
        return shown or self.headers.get("x-api-key", "")


@dataclass
class Upstream:
    """A server on a free loopback port. A test may set any attribute at any time."""

    models: tuple[str, ...] = ("mock-small", "mock-large")
    tokens: int = 16
    first_token_s: float = 0.0
    between_s: float = 0.0
    """Between two pieces of a stream; 0 sends all at once."""
    key: str = ""
    """The only key it takes; "" asks for none."""
    retry_after: str = "2"
    product: str = "ollama"
    """Which server's harmless GETs it answers: ollama, llama.cpp, vllm, lm-studio, llama-swap."""
    faults: deque[str] = field(default_factory=deque)
    """Of the next requests, one each; "" for none."""
    always: str = ""
    """The fault of every request that has none of its own."""
    of_model: dict[str, Iterator[str]] = field(default_factory=dict)
    """The faults of requests for a model, by its name; one each, "" for none."""
    unknown_fields: tuple[str, ...] = ()
    """A request with one of these is refused."""
    shares: dict[str, float] = field(default_factory=dict)
    """Faults by chance."""
    random: Random = field(default_factory=lambda: Random(1))
    port: int = 0
    tls: ssl.SSLContext | None = None
    keeps: bool = True
    """Whether what came is kept in `seen`; off where it is measured."""
    seen: list[Seen] = field(default_factory=list)
    listing: str = ""
    """What every request for the list of models gets; a fault of above."""
    aborted_s: list[float] = field(default_factory=list)
    """When clients left before the end: monotonic seconds, which all of a machine share."""
    counts: Counter[str] = field(default_factory=Counter)
    """requests, connections, aborted (the client left before the end), and each fault."""

    async def __aenter__(self) -> Upstream:
        self.connections: set[_Connection] = set()
        self.spoken: dict[tuple[str, bytes], bytes] = {}
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self), "127.0.0.1", self.port, ssl=self.tls, backlog=1024
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        tasks = [each.answering for each in self.connections if each.answering is not None]
        self.drop_connections()
        await self._server.wait_closed()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        """Its address, without a path."""
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}"

    @property
    def asked(self) -> Seen:
        """The last request."""
        return self.seen[-1]

    def drop_connections(self) -> None:
        """Close every connection at once, those that wait for a request too."""
        for each in list(self.connections):
            each.transport.abort()

    def fault_for(self, headers: dict[str, str]) -> str:
        """Return the next fault, and count it."""
        fault = headers.get("x-mock") or (self.faults.popleft() if self.faults else self.always)
        if not fault and self.shares:
            drawn = self.random.random()
            for name, share in self.shares.items():
                drawn -= share
                if drawn < 0:
                    fault = name
                    break
        self.counts[fault or "good"] += 1
        return fault

    def got(self, path: str) -> dict[str, Any] | None:
        """Return what a GET of `path` finds; None for nothing."""
        listed: list[dict[str, Any]] = [
            {"id": each, "object": "model", "owned_by": "mock"} for each in self.models
        ]
        found: dict[str, Any] = {"/health": {"status": "ok"}, "/__counts": dict(self.counts)}
        found["/__aborted"] = {"at_s": self.aborted_s}
        found["/v1/models"] = found["/models"] = {"object": "list", "data": listed}
        match self.product:
            case "ollama":
                found["/api/version"] = {"version": "0.9.1"}
                details = {"parameter_size": "8.0B", "quantization_level": "Q4_K_M"}
                tags = [
                    {"name": m, "model": m, "size": 4096, "details": details} for m in self.models
                ]
                found["/api/tags"] = {"models": tags}
                found["/api/ps"] = {"models": tags[:1]}
            case "llama.cpp":
                settings = {"n_ctx": 4096}
                found["/props"] = {
                    "default_generation_settings": settings,
                    "total_slots": 4,
                    "model_path": "/models/mock.gguf",
                    "build_info": "b6000-abc",
                }
            case "vllm":
                found["/version"] = {"version": "0.11.0"}
                for each in listed:
                    each |= {"owned_by": "vllm", "max_model_len": 8192}
            case "lm-studio":
                found["/api/v0/models"] = {
                    "object": "list",
                    "data": [
                        each | {"type": "vlm", "state": "not-loaded", "max_context_length": 32768}
                        for each in listed
                    ],
                }
            case "llama-swap":
                found["/running"] = {"running": []}
        return found.get(path)


class _Connection(asyncio.Protocol):
    """Reads requests and answers them, one after the other."""

    def __init__(self, server: Upstream) -> None:
        self.server = server
        self.answering: asyncio.Task[None] | None = None
        self._buffer = b""

    @property
    def is_busy(self) -> bool:
        """Whether a request is being answered."""
        return self.answering is not None and not self.answering.done()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.server.counts["connections"] += 1
        self.server.connections.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self.server.connections.discard(self)
        if self.answering is not None and not self.answering.done():
            self.server.aborted_s.append(time.monotonic())
            self.server.counts["aborted"] += 1
            self.answering.cancel()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._buffer.startswith(TLS_HELLO):
            self._write(400, "text/plain", b"Client sent TLS to a plain server")
            self.transport.close()
            return
        head_ends = self._buffer.find(b"\r\n\r\n")
        while head_ends >= 0:
            head = self._buffer[:head_ends]
            low = head.lower()
            at = low.find(b"\r\ncontent-length:")
            length = int(low[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            ends = head_ends + 4 + length
            if len(self._buffer) < ends:
                return
            body, self._buffer = self._buffer[head_ends + 4 : ends], self._buffer[ends:]
            self._take(head, body)
            head_ends = self._buffer.find(b"\r\n\r\n")

    def _take(self, head: bytes, body: bytes) -> None:
        server = self.server
        server.counts["requests"] += 1
        line, _, rest = head.partition(b"\r\n")
        path = line.split(b" ")[1].decode().partition("?")[0]
        if not (server.keeps or server.faults or server.always or server.shares or server.key):
            ready = server.spoken.get((path, body))
            if ready is not None:
                self.transport.write(ready)
                return
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (each.partition(":") for each in rest.decode().split("\r\n"))
        }
        seen = Seen(line.split(b" ")[0].decode(), path, headers, body)
        if server.keeps:
            server.seen.append(seen)
        self.answering = asyncio.ensure_future(self._answer(seen))

    async def _answer(self, seen: Seen) -> None:
        server = self.server
        if server.key and server.key != seen.key:
            self._fail(seen.path, 401, f"Incorrect API key provided: {seen.key}")
            return
        if server.listing and seen.path in LISTS and await self._misbehave(seen, server.listing):
            return
        fault = server.fault_for(seen.headers)
        if fault and await self._misbehave(seen, fault):
            return
        if seen.method == "GET" or seen.path == "/api/show":
            found = server.got(seen.path) if seen.method == "GET" else _shown(seen)
            if found is None:
                self._write(404, "text/plain", b"404 page not found")
            else:
                self._write(200, JSON, encode(found))
            return
        await self._speak(seen, fault)

    async def _speak(self, seen: Seen, fault: str) -> None:
        server = self.server
        try:
            asked = seen.json()
            own = next(server.of_model.get(asked.get("model"), NONE), "")
            if own and await self._misbehave(seen, own):
                return
            fault = own or fault
            if fault == "whole":
                asked["stream"] = False
            spoken = speak(seen.path, asked, server.tokens)
        except (ValueError, TypeError, AttributeError, KeyError, IndexError):
            self._fail(seen.path, 400, "We could not parse the JSON body of your request.")
            return
        except LookupError:
            self._write(404, "text/plain", b"404 page not found")
            return
        if asked.get("model") not in server.models:
            message = f"The model `{asked.get('model')}` does not exist"
            self._fail(seen.path, 404, message, "model_not_found")
            return
        if odd := next((each for each in server.unknown_fields if each in asked), None):
            self._fail(seen.path, 400, f"Unrecognized request argument supplied: {odd}")
            return
        await asyncio.sleep(server.first_token_s)
        if spoken.is_stream:
            await self._stream(spoken, fault, seen)
        else:
            self._whole(spoken, fault)
        if not (fault or server.first_token_s or server.between_s or server.keeps):
            server.spoken[seen.path, seen.body] = self._complete(spoken)

    def _complete(self, spoken: Spoken) -> bytes:
        if not spoken.is_stream:
            return _response(200, spoken.content_type, spoken.pieces[0], RATE_LIMITS)
        return _stream_head(spoken) + b"".join(map(_piece, spoken.pieces)) + b"0\r\n\r\n"

    def _whole(self, spoken: Spoken, fault: str) -> None:
        written = _response(200, spoken.content_type, spoken.pieces[0], RATE_LIMITS)
        if fault in ("cut", "cut-utf8"):
            self._write_raw(written[: -len(spoken.pieces[0]) // 2])
            self.transport.close()
        else:
            self._write_raw(written)

    async def _stream(self, spoken: Spoken, fault: str, seen: Seen) -> None:
        pieces = list(spoken.pieces)
        if fault in ("stall", "cut", "no-end", "bad-later", "error-later"):
            del pieces[3:]
        if fault == "cut-utf8":
            at = next(n for n, each in enumerate(pieces) if not each.isascii())
            first = next(n for n, byte in enumerate(pieces[at]) if byte > 127)
            pieces = [*pieces[:at], pieces[at][: first + 1]]
        if self.server.between_s == 0 and not fault:
            self._write_raw(self._complete(spoken))
            return
        self._write_raw(_stream_head(spoken))
        for each in pieces:
            self._write_raw(_piece(each))
            await asyncio.sleep(self.server.between_s)
        if fault == "stall":
            await asyncio.Event().wait()
        if fault == "bad-later":
            self._write_raw(_piece(NO_EVENT))
        if fault == "error-later":
            self._write_raw(_piece(_error_piece(seen)))
        if fault in ("cut", "cut-utf8"):
            self.transport.close()
        else:
            self._write_raw(b"0\r\n\r\n")

    async def _misbehave(self, seen: Seen, fault: str) -> bool:
        """Return whether `fault` was the whole answer."""
        if fault == "silent":
            await asyncio.Event().wait()
        elif fault == "close":
            self.transport.close()
        elif fault == "html":
            self._write(200, "text/html; charset=utf-8", HTML)
        elif fault == "empty":
            self._write(200, JSON, b"")
        elif fault == "bad-json":
            self._write(200, JSON, b'{"id":"chatcmpl-1","choi')
        elif fault == "bad-stream":
            self._write(200, SSE, NO_EVENT)
        elif fault == "error-event":
            self._write(200, SSE, b"data: " + error_body(seen.path, 500, "out of memory") + b"\n\n")
        elif fault == "tells-key":
            self._fail(seen.path, 500, f"the key {seen.key} has no luck today")
        elif fault == "error-body":
            self._write(200, JSON, error_body(seen.path, 500, "out of memory"))
        elif fault == "redirect":
            self._write(307, JSON, b"", b"location: http://127.0.0.1:9/v1\r\n")
        elif fault.isdigit():
            self._fail(seen.path, int(fault), f"the mock says {fault}")
        else:
            return False
        return True

    def _fail(self, path: str, status: int, message: str, code: str | None = None) -> None:
        waits = status in (429, 503) and self.server.retry_after
        extra = f"retry-after: {self.server.retry_after}\r\n".encode() if waits else b""
        self._write(status, JSON, error_body(path, status, message, code), extra)

    def _write(self, status: int, content_type: str, body: bytes, extra: bytes = b"") -> None:
        self._write_raw(_response(status, content_type, body, extra))

    def _write_raw(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(data)


def _response(status: int, content_type: str, body: bytes, extra: bytes = b"") -> bytes:
    return b"HTTP/1.1 %d %s\r\ncontent-type: %s\r\ncontent-length: %d\r\n%s\r\n%s" % (
        *(status, REASONS.get(status, b"Mock"), content_type.encode(), len(body), extra, body),
    )


def _stream_head(spoken: Spoken) -> bytes:
    return (
        b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\ncache-control: no-cache\r\n%s"
        b"transfer-encoding: chunked\r\n\r\n" % (spoken.content_type.encode(), RATE_LIMITS)
    )


def _piece(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _error_piece(seen: Seen) -> bytes:
    """Return an error as a line of the stream that was asked for."""
    body = error_body(seen.path, 500, f"out of memory for {seen.key}")
    if seen.path.startswith("/api/"):
        return body + b"\n"
    return (b"event: error\n" if seen.path.endswith("/messages") else b"") + b"data: %s\n\n" % body


def _shown(seen: Seen) -> dict[str, Any]:
    """Return what Ollama tells of one model."""
    return {
        "capabilities": ["completion", "tools", "vision", "thinking"],
        "details": {"family": "llama", "parameter_size": "8.0B", "quantization_level": "Q4_K_M"},
        "model_info": {"general.architecture": "llama", "llama.context_length": 131072},
    }


async def _serve(server: Upstream) -> None:
    async with server:
        sys.stdout.write(json.dumps({"url": server.url}) + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tokens", type=int, default=16)
    parser.add_argument("--first-token-ms", type=float, default=0)
    parser.add_argument("--between-ms", type=float, default=0)
    parser.add_argument("--faults", default="")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    shares = [each.split("=") for each in given.faults.split(",") if each]
    server = Upstream(
        port=given.port,
        tokens=given.tokens,
        first_token_s=given.first_token_ms / 1000,
        between_s=given.between_ms / 1000,
        shares={name: float(share) for name, share in shares},
        random=Random(given.seed),
        keeps=False,
    )
    asyncio.run(_serve(server))


if __name__ == "__main__":
    main()
