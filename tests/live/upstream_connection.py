"""One connection of the mock model server: reads requests, answers them, and fails on wish."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.live.upstream_answers import JSON, SSE, Spoken, encode, error_body, speak

if TYPE_CHECKING:
    from tests.live.upstream import Upstream

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


class Connection(asyncio.Protocol):
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
