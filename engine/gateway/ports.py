"""What the gateway needs from outside, and the shape of one call."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came in a form, laid down in a temporary folder for the time of the call."""

    name: str
    content_type: str
    path: Path
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Form:
    """A `multipart/form-data` body."""

    fields: Mapping[str, tuple[str, ...]]
    files: Mapping[str, Upload]

    def first(self, name: str, default: str = "") -> str:
        """Return the first value of `name`."""
        return self.fields.get(name, (default,))[0]


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request, read to its end, from a client that may make it."""

    method: str
    path: str
    """Decoded, without the query."""
    id: str
    client: str
    """Name of the key it came with; "" where the path needs none."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    form: Form | None = None
    at_s: float = 0.0
    """When it came, on the engine's clock."""


@dataclass(slots=True)
class Result:
    """What goes back. `stream` is closed by whoever sends it, also when the client goes away."""

    status: int = 200
    body: bytes = b""
    stream: AsyncGenerator[bytes, None] | None = None
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Call], Awaitable[Result]]
"""Raises EngineError for what it cannot do; the server writes it in the client's dialect."""


@dataclass(frozen=True, slots=True)
class Bound:
    """Where a server listens."""

    host: str
    port: int


class HttpServer(Protocol):
    """The server under the gateway. Calls `answer` for every request that may be made."""

    async def start(self, host: str, port: int) -> Bound:
        """Listen; port 0 takes a free one. Raises Refused where the address cannot be had."""
        ...

    async def drain(self, timeout_s: float) -> None:
        """Take no more requests, wait until running ones end or `timeout_s` has passed."""
        ...

    async def aclose(self) -> None:
        """Close every connection. Never raises; may be called twice."""
        ...
