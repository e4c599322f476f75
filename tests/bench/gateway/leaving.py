"""How soon a server is left whose client went away: through `serve`, beside nobody."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from urllib.parse import urlsplit
from urllib.request import urlopen

from tests.bench.gateway import parties
from tests.bench.gateway.callers import Target, request_bytes
from tests.bench.table import Row

TIMES = 20
LIMIT_MS = 100.0
FIRST_TOKEN_MS, BETWEEN_MS = 30_000, 200
"""Nobody is answered whole before leaving, and a stream is in its middle."""
SOON_S = 0.3
"""Until the request is at the server for certain."""
PATIENCE_S = 10.0


def rows() -> list[Row]:
    """Return how long it takes from a client's close to the close at the server.

    The mock notes when a connection ends before its answer; one machine has one monotonic clock.
    """
    waiting = ("--first-token-ms", str(FIRST_TOKEN_MS))
    streaming = ("--between-ms", str(BETWEEN_MS), "--tokens", "64")
    found = [
        ("whole answer awaited", _measured(waiting, is_stream=False)),
        ("first token awaited", _measured(waiting, is_stream=True)),
        ("within a stream", _measured(streaming, is_stream=True)),
    ]
    return [
        Row(f"client leaves, {what}: server left after, p95", _quantile(each, 0.95), "ms", LIMIT_MS,
            f"median {_quantile(each, 0.5):.1f}, longest {max(each):.1f} of {len(each)}")
        for what, each in found
    ]  # fmt: skip


def _measured(words: tuple[str, ...], *, is_stream: bool) -> list[float]:
    """Return each time in ms."""
    with parties.upstream(*words) as url, parties.ours(url) as here:
        return [
            asyncio.run(_leave(here.target, lambda: _left_s(url), is_stream and "--tokens" in words,
                               request_bytes(here.target, is_stream=is_stream)))
            for _ in range(TIMES)
        ]  # fmt: skip


async def _leave(
    target: Target, left_s: Callable[[], list[float]], is_begun: bool, request: bytes
) -> float:
    """Return how long the server was still asked after the client had closed, in ms."""
    place = urlsplit(target.url)
    before = len(await asyncio.to_thread(left_s))
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write(request)
    if is_begun:
        await reader.readuntil(b'"content":"')
    await asyncio.sleep(SOON_S)
    writer.transport.abort()
    closed_s = time.monotonic()
    async with asyncio.timeout(PATIENCE_S):
        while len(left := await asyncio.to_thread(left_s)) <= before:  # noqa: ASYNC110 - a process
            await asyncio.sleep(0.02)
    return 1e3 * (left[-1] - closed_s)


def _left_s(url: str) -> list[float]:
    """Return when clients left the server."""
    with urlopen(url.removesuffix("/v1") + "/__aborted", timeout=PATIENCE_S) as answer:
        found: list[float] = json.load(answer)["at_s"]
    return found


def _quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
