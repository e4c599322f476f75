"""Servers that do what a test wrote down for them, in a test's own time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from engine.coordinator.ports import Answer
from engine.coordinator.settings import CoordinatorSettings, Endpoint
from engine.coordinator.snapshot import EndpointState, FoundServer
from engine.errors import EngineError, Unreachable
from engine.exchange import DONE, Dialect, LlmRequest, ServedModel

WORDS = ("The", " answer", " is", " 42", ".")
NEVER_S = 1e6
"""Longer than any deadline."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a server does with one request.

    after_s: passes before the head of the answer, or before `error` is raised.
    pieces: the stream, each with the seconds that pass before it; None for a whole answer.
    breaks: raised after the last piece instead of an end.
    """

    after_s: float = 0.0
    error: EngineError | None = None
    body: bytes = b""
    pieces: tuple[tuple[float, bytes], ...] | None = None
    breaks: EngineError | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    dialect: Dialect = "openai"
    has_extra_usage: bool = False


def whole(
    text: str = "".join(WORDS), *, after_s: float = 0.0, headers: Mapping[str, str] | None = None
) -> Step:
    """Return a complete answer that says `text`, with a usage of 9 and 5 tokens."""
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "fake",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14},
    }
    return Step(after_s=after_s, body=msgspec.json.encode(body), headers=headers or {})


def event(delta: dict[str, Any], finish_reason: str | None = None, **more: Any) -> bytes:
    """Return one chunk of a streamed chat as a server-sent event."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [choice]}
    return b"data: " + msgspec.json.encode(chunk | more) + b"\n\n"


USAGE_EVENT = event({}, choices=[], usage={"prompt_tokens": 9, "completion_tokens": 5})


def stream(
    words: Iterable[str] = WORDS,
    *,
    first_s: float = 0.0,
    each_s: float = 0.0,
    head_s: float = 0.0,
    with_usage: bool = False,
) -> Step:
    """Return a streamed answer that ends well: its words, the reason, [DONE]."""
    pieces = [(each_s, event({"content": word})) for word in words]
    pieces[0] = (first_s, event({"role": "assistant", "content": ""}) + pieces[0][1])
    pieces.append((0.0, event({}, "stop")))
    if with_usage:
        pieces.append((0.0, USAGE_EVENT))
    return Step(after_s=head_s, pieces=(*pieces, (0.0, DONE)))


def broken(pieces: int = 2, error: EngineError | None = None, *, each_s: float = 0.0) -> Step:
    """Return a stream that breaks after that many pieces; 0 breaks before the first."""
    sent = tuple((each_s, event({"content": WORDS[n % 5]})) for n in range(pieces))
    return Step(pieces=sent, breaks=error or Unreachable("fake: the connection broke"))


def stalled(pieces: int = 1) -> Step:
    """Return a stream that says nothing more after that many pieces."""
    sent = tuple((0.0, event({"content": WORDS[n % 5]})) for n in range(pieces))
    return Step(pieces=(*sent, (NEVER_S, DONE)))


def fails(error: EngineError, *, after_s: float = 0.0) -> Step:
    """Return a step that raises `error`."""
    return Step(after_s=after_s, error=error)


def silent() -> Step:
    """Return a step that never answers."""
    return Step(after_s=NEVER_S)


@dataclass(slots=True)
class Call:
    """One request as a fake server got it."""

    request: LlmRequest
    model: str
    began_s: float
    was_cancelled: bool = False
    """Before its head came."""
    was_closed: bool = False
    """Its stream was closed before it had ended."""


class FakeProvider:
    """Does the steps of `script` one after the other, then `usual` for ever.

    A test may set any of the public attributes at any time.
    """

    def __init__(self, name: str = "fake", *, usual: Step | None = None) -> None:
        self.name = name
        self.script: deque[Step] = deque()
        self.usual = usual
        """None: whole or streamed, as it was asked for."""
        self.calls: list[Call] = []
        self.in_flight = 0
        """Requests whose head or stream has not ended."""
        self.most_in_flight = 0
        self.listed: tuple[ServedModel, ...] | EngineError = (ServedModel("fake"),)
        self.list_after_s = 0.0
        self.lists = 0
        self.now: tuple[EndpointState, str] | None = None
        self.closes = 0

    @property
    def state(self) -> tuple[EndpointState, str] | None:
        """What the test said."""
        return self.now

    def then(self, *steps: Step) -> FakeProvider:
        """Write further steps down; return itself."""
        self.script.extend(steps)
        return self

    async def send(self, request: LlmRequest, model: str) -> Answer:
        """Do the next step."""
        step = self.script.popleft() if self.script else self.usual
        if step is None:
            step = stream() if request.is_stream else whole()
        call = Call(request, model, asyncio.get_running_loop().time())
        self.calls.append(call)
        self._begin()
        try:
            await asyncio.sleep(step.after_s)
            if step.error is not None:
                raise step.error
        except BaseException as error:
            call.was_cancelled = isinstance(error, asyncio.CancelledError)
            self.in_flight -= 1
            raise
        if step.pieces is None:
            self.in_flight -= 1
            return Answer(headers=step.headers, body=step.body, dialect=step.dialect)
        found = _Stream(self, call, step)
        return Answer(step.headers, b"", found, step.dialect, step.has_extra_usage)

    async def models(self) -> tuple[ServedModel, ...]:
        """Return or raise what the test said."""
        self.lists += 1
        await asyncio.sleep(self.list_after_s)
        if isinstance(self.listed, EngineError):
            raise self.listed
        return self.listed

    async def aclose(self) -> None:
        """Count that it was closed."""
        self.closes += 1

    def _begin(self) -> None:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)


class _Stream(AsyncGenerator[bytes, None]):
    """A stream whose closing counts even before its first piece was asked for."""

    def __init__(self, provider: FakeProvider, call: Call, step: Step) -> None:
        self._provider = provider
        self._call = call
        self._pieces = deque(step.pieces or ())
        self._breaks = step.breaks
        self._is_over = False

    async def asend(self, value: None) -> bytes:
        if self._is_over:
            raise StopAsyncIteration
        if not self._pieces:
            self._end()
            raise self._breaks or StopAsyncIteration
        wait_s, piece = self._pieces.popleft()
        try:
            await asyncio.sleep(wait_s)
        except BaseException:
            await self.aclose()
            raise
        return piece

    async def athrow(self, *error: Any) -> bytes:
        await self.aclose()
        raise error[0]

    async def aclose(self) -> None:
        if not self._is_over:
            self._call.was_closed = True
            self._end()

    def _end(self) -> None:
        self._is_over = True
        self._provider.in_flight -= 1


class FakeProviders:
    """Opens one fake provider for each endpoint's name; a test may put its own there first."""

    def __init__(self, **providers: FakeProvider) -> None:
        self.providers = dict(providers)
        self.opened: list[Endpoint] = []
        self.keys: dict[str, Callable[[], str]] = {}
        self.closes = 0

    def __getitem__(self, name: str) -> FakeProvider:
        """Return the provider of the endpoint `name`; made where there is none yet."""
        return self.providers.setdefault(name, FakeProvider(name))

    def open(
        self, endpoint: Endpoint, key: Callable[[], str], settings: CoordinatorSettings
    ) -> FakeProvider:
        """Return the provider of `endpoint`."""
        self.opened.append(endpoint)
        self.keys[endpoint.name] = key
        return self[endpoint.name]

    async def aclose(self) -> None:
        """Count that it was closed."""
        self.closes += 1


class FakeProber:
    """Finds what a test wrote down."""

    def __init__(self, *found: FoundServer) -> None:
        self.found = found
        """What is on the usual ports."""
        self.at: dict[str, FoundServer] = {}
        """What is at an address."""
        self.after_s = 0.0
        self.looks: list[tuple[str, str]] = []
        """Addresses looked at, each with the key."""
        self.sent: tuple[tuple[str, str], ...] = ()
        """Headers that were sent along with the last look."""
        self.discoveries = 0
        self.closes = 0

    async def look(
        self, url: str, key: str = "", headers: Iterable[tuple[str, str]] = ()
    ) -> FoundServer:
        """Return what the test put at `url`."""
        self.looks.append((url, key))
        self.sent = tuple(headers)
        await asyncio.sleep(self.after_s)
        nobody = FoundServer(url, ok=False, message=f"{url}: nobody answers; start the server")
        return self.at.get(url, nobody)

    async def discover(self) -> tuple[FoundServer, ...]:
        """Return what the test put on the usual ports."""
        self.discoveries += 1
        await asyncio.sleep(self.after_s)
        return self.found

    async def aclose(self) -> None:
        """Count that it was closed."""
        self.closes += 1
