"""A reply in OpenAI's chat shape on its way to a client of another dialect."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, Protocol

import msgspec

from engine.errors import EngineError
from engine.exchange import Reply
from engine.gateway.sse import END, EventReader

ENDED_EARLY = "The answer ended before it was whole: ask again"
UNREADABLE = "The server sent what is no chat chunk: ask again"


class Translator(Protocol):
    """Turns chat chunks into the events of another dialect. Used once."""

    @property
    def is_whole(self) -> bool:
        """Whether the answer has come to its end as it should."""
        ...

    def begin(self) -> bytes:
        """Return the events that open the stream."""
        ...

    def take(self, chunk: Any) -> bytes:
        """Return the events that say what `chunk` says; may be none."""
        ...

    def end(self, problem: str = "") -> bytes:
        """Return the last events: of a whole answer, or of one that broke off by `problem`."""
        ...


class OwnedStream(AsyncGenerator[bytes, None]):
    """A stream made from another; closing it closes that one too, though nobody read a piece.

    A generator that never ran would not know that it was closed, and a server would go on
    writing for nobody.
    """

    def __init__(
        self, made: AsyncGenerator[bytes, None], close: Callable[[], Awaitable[None]]
    ) -> None:
        self._made = made
        self._close = close

    async def asend(self, value: None) -> bytes:
        """Return the next piece."""
        return await self._made.asend(value)

    async def athrow(self, *error: Any) -> bytes:
        """Raise `error` where the stream stands."""
        return await self._made.athrow(*error)

    async def aclose(self) -> None:
        """Close both streams; may be called twice."""
        try:
            await self._made.aclose()
        finally:
            await self._close()


def translated(reply: Reply, translator: Translator) -> AsyncGenerator[bytes, None]:
    """Return the events of `reply`, whole or a stream, as `translator` writes them."""
    return OwnedStream(_events(reply, translator), reply.aclose)


async def _events(reply: Reply, translator: Translator) -> AsyncGenerator[bytes, None]:
    yield translator.begin()
    if reply.stream is None:
        yield translator.take(msgspec.json.decode(reply.body)) + translator.end()
        return
    reader, problem, is_done = EventReader(), "", False
    try:
        async for piece in reply.stream:
            events = []
            for data in reader.feed(piece):
                if data == END:
                    is_done = True
                else:
                    events.append(translator.take(msgspec.json.decode(data)))
            told = b"".join(events)
            if told:
                yield told
    except EngineError as error:
        problem = str(error)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        problem = UNREADABLE
    if not problem and not (is_done and not reply.problem) and not translator.is_whole:
        problem = reply.problem or ENDED_EARLY
    yield translator.end(problem)
