"""A router that answers as a test tells it, and keeps what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from engine.exchange import DONE, LlmRequest, Reply, Task
from engine.router.snapshot import ModelView, RouterSnapshot, Tier

MODEL, ENDPOINT = "small:1b", "bench"
MODELS = (
    ModelView(MODEL, endpoints=(ENDPOINT,), capabilities=frozenset({"chat", "tools"})),
    ModelView("org/large", endpoints=("cloud",), context_tokens=128_000),
    ModelView("nowhere"),
)
TIERS = (Tier("fast", label="Fast"), Tier("balanced", description="Usually right"))


def completion(text: str = "Hello there", **fields: Any) -> dict[str, Any]:
    """Return a whole chat completion that says `text`."""
    choice = {"index": 0, "finish_reason": "stop"}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_770_000_000,
        "model": MODEL,
        "choices": [choice | {"message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9},
        "fingerprint_unknown_to_us": "kept",
    } | fields


def event(value: object) -> bytes:
    """Return `value` as one server-sent event."""
    return b"data: " + msgspec.json.encode(value) + b"\n\n"


def chunks(words: Sequence[str]) -> list[bytes]:
    """Return the events of a streamed answer, its end included."""
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": MODEL}
    told = [
        event(base | {"choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}]})
        for word in words
    ]
    last = {"index": 0, "delta": {}, "finish_reason": "stop"}
    return [*told, event(base | {"choices": [last]}), DONE]


def embedding(vectors: Sequence[object]) -> dict[str, Any]:
    """Return an answer with `vectors`: lists of floats, or base64."""
    data = [
        {"object": "embedding", "index": index, "embedding": vector}
        for index, vector in enumerate(vectors)
    ]
    return {"object": "list", "data": data, "model": MODEL, "usage": {"prompt_tokens": 3}}


@dataclass
class FakeRouter:
    """Answers every request; `error`, `answer` and `words` say how."""

    answer: object = None
    """The body of the next answers; None: something that fits the task."""
    error: BaseException | None = None
    """Raised instead."""
    words: Sequence[str] = ("Hel", "lo ", "there")
    """What a stream says, piece by piece."""
    pieces: Sequence[bytes] | None = None
    """The events of a stream as they are, instead of `words`."""
    breaks: BaseException | None = None
    """Raised by a stream instead of its end."""
    reply_fields: dict[str, Any] = field(default_factory=dict)
    """More fields of the `Reply`."""
    hold: asyncio.Event | None = None
    """Waited for before an answer, and between the pieces of a stream after the first."""
    requests: list[LlmRequest] = field(default_factory=list)
    streams_open: int = 0
    cancelled: int = 0
    """Requests and streams that ended before their time."""
    models: tuple[ModelView, ...] = MODELS
    tiers: tuple[Tier, ...] = TIERS

    async def handle(self, request: LlmRequest) -> Reply:
        """Return what the test wants to be answered."""
        self.requests.append(request)
        if self.error is not None:
            raise self.error
        fields = {"model": MODEL, "endpoint": ENDPOINT, "id": request.id} | self.reply_fields
        if request.is_stream:
            return Reply(stream=self._stream(), **fields)
        if self.hold is not None:
            try:
                await self.hold.wait()
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        return Reply(body=msgspec.json.encode(self._whole(request)), **fields)

    async def listed(self) -> RouterSnapshot:
        """Return the models and tiers."""
        return RouterSnapshot(taken_s=0.0, models=self.models, tiers=self.tiers)

    def _whole(self, request: LlmRequest) -> object:
        if self.answer is not None:
            return self.answer
        if request.task is Task.EMBEDDING:
            return embedding([[0.25, -1.0]])
        return completion("".join(self.words))

    async def _stream(self) -> AsyncGenerator[bytes, None]:
        self.streams_open += 1
        is_whole = False
        try:
            pieces = chunks(self.words) if self.pieces is None else self.pieces
            for number, piece in enumerate(pieces):
                if number and self.hold is not None:
                    await self.hold.wait()
                yield piece
            if self.breaks is not None:
                raise self.breaks
            is_whole = True
        finally:
            self.streams_open -= 1
            self.cancelled += not is_whole
