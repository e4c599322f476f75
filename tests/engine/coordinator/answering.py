"""A server of few words for the tests of the response cache."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import msgspec

from engine.exchange import DONE, CacheWish, LlmRequest, Native, Reply, Task, Usage

TOKENS = Usage(9, 5, 2)


def chat(
    *,
    cache: CacheWish = CacheWish.USUAL,
    task: Task = Task.CHAT,
    native: Native | None = None,
    came_s: float = 0.0,
    **fields: Any,
) -> LlmRequest:
    """Return a request whose answer may be kept, unless `fields` say otherwise."""
    body = {"messages": [{"role": "user", "content": "hi"}], "temperature": 0, **fields}
    return LlmRequest(
        "m", body, task=task, id="r1", cache=cache, native=native, came_s=came_s, client="me"
    )


def whole(reason: str = "stop") -> bytes:
    """Return a whole answer."""
    return msgspec.json.encode(
        {"choices": [{"finish_reason": reason, "message": {"content": "x"}}]}
    )


def event(text: str, reason: str | None = None) -> bytes:
    """Return one event of a stream."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": reason}
    return b"data: " + msgspec.json.encode({"choices": [choice]}) + b"\n\n"


EVENTS = (event("a"), event("b"), event("c", "stop"), DONE)


class Server:
    """Makes replies as the coordinator's dispatch does, and counts.

    Each whole answer, and each event of a stream, takes a second.
    """

    def __init__(self) -> None:
        self.made = 0
        self.cancelled = 0
        self.closed = 0
        """Streams that were left before their end."""
        self.body = whole()
        self.events: tuple[bytes, ...] = EVENTS
        self.finish_reason = "stop"
        self.problem = ""
        self.error: Exception | None = None
        self.replies: list[Reply] = []

    async def whole(self) -> Reply:
        """Make a whole answer."""
        self.made += 1
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.error is not None:
            raise self.error
        reply = self._reply()
        reply.body = self.body
        self._end(reply)
        return reply

    async def stream(self) -> Reply:
        """Make a stream; its first event comes after a second."""
        self.made += 1
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.error is not None:
            raise self.error
        reply = self._reply()
        pieces = self._pieces(reply)
        await anext(pieces)
        reply.stream = pieces
        return reply

    async def _pieces(self, reply: Reply) -> AsyncGenerator[bytes, None]:
        has_ended = False
        try:
            yield b""
            for piece in self.events:
                yield piece
                await asyncio.sleep(1)
            has_ended = True
        finally:
            self.closed += not has_ended
            self._end(reply)

    def _reply(self) -> Reply:
        reply = Reply("m", "one", "r1")
        self.replies.append(reply)
        return reply

    def _end(self, reply: Reply) -> None:
        reply.usage, reply.finish_reason, reply.problem = TOKENS, self.finish_reason, self.problem
        reply.cost_usd = 0.5
        reply.finish()
