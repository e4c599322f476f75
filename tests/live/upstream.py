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
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from types import TracebackType
from typing import Any

from tests.live.upstream_connection import Connection, Seen

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
        self.connections: set[Connection] = set()
        self.spoken: dict[tuple[str, bytes], bytes] = {}
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self), "127.0.0.1", self.port, ssl=self.tls, backlog=1024
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
