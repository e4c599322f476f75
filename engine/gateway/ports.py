"""What the gateway needs from outside, and the shape of one call."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.activity import ActivityRecord
from engine.analytics.answers import Noted
from engine.analytics.rewards import Signs
from engine.errors import EngineError
from engine.exchange import LlmRequest, Reply
from engine.gateway.snapshot import IngestView
from engine.router.snapshot import RouterSnapshot
from engine.voice.snapshot import Segment, Transcript, VoiceEvent
from engine.voice.uploads import UploadOrder


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
    """Names in lower case; without those that carry a key."""
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
class Head:
    """What is known of a request before its body is read."""

    method: str
    path: str
    """Decoded, without the query."""
    headers: Mapping[str, str]
    """Names in lower case."""


@dataclass(slots=True, eq=False)
class Visit:
    """One request from its head to the last byte of its answer."""

    head: Head
    id: str
    at_s: float
    """When it came, on the engine's clock."""
    is_admitted: bool = False
    """It takes one of the places for requests at once."""
    handler: Handler | None = None
    route: str = ""
    """The path as the routes know it, such as "/v1/models/*"."""
    client: str = ""
    largest_body_bytes: int = 0
    largest_form_bytes: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    """Go along with every answer to it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the server itself watches over."""

    head_timeout_s: float
    body_timeout_s: float
    most_connections: int
    most_held_bytes: int
    """Of the bodies of all requests that are being answered."""


class Door(Protocol):
    """What the server asks of the gateway, request by request. Nothing here raises."""

    @property
    def limits(self) -> Limits:
        """What counts now."""
        ...

    def admit(self, head: Head) -> tuple[Visit, Result | None]:
        """Return the visit, and what to answer at once where nobody may answer it.

        Every visit ends with `leave`.
        """
        ...

    async def answer(self, visit: Visit, call: Call) -> Result:
        """Return the answer to an admitted call; errors come as such, in the client's dialect."""
        ...

    def refuse(self, visit: Visit, error: EngineError) -> Result:
        """Return `error` in the client's dialect, for a body that could not be read."""
        ...

    def leave(self, visit: Visit, status: int) -> None:
        """Note that the last byte of an answer with `status` went out; 499: nobody was there."""
        ...


@dataclass(frozen=True, slots=True)
class Bound:
    """Where a server listens."""

    host: str
    port: int


class Activities(Protocol):
    """Where requests are written down that no engine has seen."""

    def add(self, record: ActivityRecord) -> None:
        """Write `record` down. Never raises."""
        ...


class HttpServer(Protocol):
    """The server under the gateway. Takes every request through a `Door`."""

    async def start(self, host: str, port: int) -> Bound:
        """Listen; port 0 takes a free one. Raises Refused where the address cannot be had."""
        ...

    @property
    def connections(self) -> int:
        """Connections that are open now."""
        ...

    async def drain(self, timeout_s: float) -> None:
        """Take no more requests, wait until running ones end or `timeout_s` has passed."""
        ...

    async def aclose(self) -> None:
        """Close every connection. Never raises; may be called twice."""
        ...


OpenServer = Callable[[Door], HttpServer]
"""Makes a server that lets its requests in through a door."""


class Router(Protocol):
    """What answers requests for language models; the router is one."""

    async def handle(self, request: LlmRequest) -> Reply:
        """Return the answer; a stream once its first piece is there. Raises EngineError."""
        ...

    async def listed(self) -> RouterSnapshot:
        """Return the models and tiers that can be asked for now."""
        ...


class Sender(Protocol):
    """Where the sound of one sender goes; the voice engine's `Guest` is one."""

    def push(self, frames: NDArray[np.float32]) -> None:
        """Hear `frames`, shape (n, channels), in [-1, 1]."""
        ...

    def events(self) -> AsyncIterator[VoiceEvent]:
        """Return everything that is understood from now on, until the sender leaves."""
        ...

    async def aclose(self) -> None:
        """Hear what was sent to its end, then forget the sender. May be called twice."""
        ...


OpenSender = Callable[[str, int, int], Sender]
"""Takes label, sample rate in Hz and channels. Raises Overloaded where there are too many."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """A sender that was let in."""

    id: str
    answer: str
    """SDP."""


class Ingest(Protocol):
    """Takes sound over WebRTC. Contract: `tests/live/test_whip.py`."""

    async def open(self, offer: str) -> Ingested:
        """Answer the SDP `offer` of somebody who wants to send sound.

        Raises Rejected where it is no such offer, Overloaded where there are too many senders.
        """
        ...

    async def close(self, id: str) -> bool:
        """End the connection `id`; False where there is none."""
        ...

    def views(self) -> tuple[IngestView, ...]:
        """Return the connections there are."""
        ...

    async def aclose(self) -> None:
        """End every connection. Never raises; may be called twice."""
        ...


class SpeechToText(Protocol):
    """What transcribes the files that clients send; the voice engine's uploads are one."""

    async def transcribe(
        self,
        path: Path,
        *,
        name: str,
        order: UploadOrder,
        heard: Callable[[Segment], None] | None = None,
    ) -> Transcript:
        """Return the text of the file at `path`, which its sender calls `name`.

        heard: told each segment as soon as it is known. Raises Rejected where the model or the
        file cannot be used, Refused, Unreachable, Damaged.
        """
        ...


class FeedbackTaker(Protocol):
    """What learns from what clients say of answers; parameter analytics does."""

    async def feedback(
        self, signs: Signs, *, suggestion_id: str = "", request_id: str = "", client: str = ""
    ) -> Noted:
        """Return what was made of it, once that is written down.

        client: name of the key it came with, "" for the application's own. Raises Rejected for ids
        that nobody knows, that are too old, or that belong to another client.
        """
        ...
