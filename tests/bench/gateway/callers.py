"""Clients that cost next to nothing: keep-alive connections over bare asyncio."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

PATIENCE_S = 60.0
QUESTION = "Say hello to the gateway."


@dataclass(frozen=True, slots=True)
class Target:
    """Where to ask, and how."""

    url: str
    """With `/v1`."""
    key: str = "sk-bench"
    model: str = "mock-small"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Round:
    """What came of some requests. Latencies in ms."""

    seconds: float = 0.0
    latencies_ms: list[float] = field(default_factory=list)
    errors: int = 0
    first_error: str = ""

    def quantile(self, share: float) -> float:
        """Return the latency that `share` of the requests did not exceed."""
        found = sorted(self.latencies_ms)
        return found[min(len(found) - 1, int(len(found) * share))] if found else float("nan")

    @property
    def per_s(self) -> float:
        """Requests a second."""
        return len(self.latencies_ms) / self.seconds


def request_bytes(target: Target, *, is_stream: bool = False, **fields: object) -> bytes:
    """Return one chat request as it goes over the wire."""
    body: dict[str, object] = {
        "model": target.model,
        "messages": [{"role": "user", "content": QUESTION}],
        **fields,
    }
    if is_stream:
        body["stream"] = True
    payload = json.dumps(body).encode()
    place = urlsplit(target.url)
    head = [
        f"POST {place.path.rstrip('/')}/chat/completions HTTP/1.1",
        f"host: {place.netloc}",
        "content-type: application/json",
        f"authorization: Bearer {target.key}",
        *(f"{name}: {value}" for name, value in target.headers.items()),
        f"content-length: {len(payload)}",
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + payload


class Caller(asyncio.Protocol):
    """One connection; asks again as soon as it was answered."""

    def __init__(self, request: bytes, left: list[int], seen: Round) -> None:
        self._request = request
        self._left = left
        self._seen = seen
        self._buffer = bytearray()
        self._began_s = 0.0
        self.is_done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        self._transport = transport
        self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        """End; what was asked and not answered is an error."""
        if not self.is_done.done():
            self._fail(f"connection lost: {error}")
            self.is_done.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Look whether the answer is complete."""
        self._buffer += data
        end = _end_of(self._buffer)
        if end:
            status = bytes(self._buffer[9:12])
            if status == b"200":
                self._seen.latencies_ms.append(1000 * (time.perf_counter() - self._began_s))
            else:
                self._fail(bytes(self._buffer[:300]).decode(errors="replace"))
            del self._buffer[:end]
            self._ask()

    def _fail(self, why: str) -> None:
        self._seen.errors += 1
        self._seen.first_error = self._seen.first_error or why

    def _ask(self) -> None:
        if self._left[0] <= 0:
            if not self.is_done.done():
                self.is_done.set_result(None)
            self._transport.close()
            return
        self._left[0] -= 1
        self._began_s = time.perf_counter()
        self._transport.write(self._request)  # type: ignore[attr-defined]


def _end_of(buffer: bytearray) -> int:
    """Return where the first answer in `buffer` ends; 0 while it is not complete."""
    head = buffer.find(b"\r\n\r\n")
    if head < 0:
        return 0
    low = bytes(buffer[:head]).lower()
    if b"transfer-encoding: chunked" in low:
        end = buffer.find(b"\r\n0\r\n\r\n", head)
        return end + 7 if end >= 0 else 0
    at = low.find(b"content-length:")
    if at < 0:
        return 0
    stop = low.find(b"\r", at)
    length = int(low[at + 15 : stop if stop >= 0 else None])
    return head + 4 + length if len(buffer) >= head + 4 + length else 0


async def ask(target: Target, request: bytes, *, callers: int, requests: int) -> Round:
    """Send `requests` over `callers` connections at once."""
    place = urlsplit(target.url)
    seen, left = Round(), [requests]
    loop = asyncio.get_running_loop()
    began_s = time.perf_counter()
    async with asyncio.timeout(PATIENCE_S):
        made = await asyncio.gather(
            *(
                loop.create_connection(
                    lambda: Caller(request, left, seen), place.hostname, place.port
                )
                for _ in range(callers)
            )
        )
        await asyncio.gather(*(caller.is_done for _, caller in made))
    seen.seconds = time.perf_counter() - began_s
    return seen
