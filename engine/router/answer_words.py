"""The words of an answer, overheard on their way to the client."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

import msgspec

from engine.byte_stream import ByteStream
from engine.exchange import Reply

LONGEST = 32_000
"""Characters that are kept; nobody reads more in a list of requests."""


class _Message(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    index: int = 0
    delta: _Message | None = None
    message: _Message | None = None
    text: str | None = None


class _Delta(msgspec.Struct):
    text: str | None = None


class _Event(msgspec.Struct):
    """What OpenAI's and Anthropic's answers and events have of words."""

    choices: list[_Choice] = []
    delta: _Delta | None = None
    content: list[_Delta] = []


_decode = msgspec.json.Decoder(_Event).decode


def words_of(body: bytes) -> str:
    """Return the first choice's words of a whole answer; "" for one without words."""
    try:
        event = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return _words(event)[:LONGEST]


class Overheard(ByteStream):
    """A stream whose pieces go on untouched, and whose words are kept."""

    def __init__(self, stream: AsyncGenerator[bytes, None]) -> None:
        self._stream = stream
        self._parts: list[str] = []
        self._left = LONGEST

    @property
    def words(self) -> str:
        """The first choice's words so far."""
        return "".join(self._parts)

    async def __anext__(self) -> bytes:
        piece = await self._stream.__anext__()
        if self._left > 0:
            self._hear(piece)
        return piece

    async def aclose(self) -> None:
        """Close the stream."""
        await self._stream.aclose()

    def _hear(self, piece: bytes) -> None:
        for line in piece.split(b"\n"):
            if not line.startswith(b"data:"):
                continue
            try:
                words = _words(_decode(line[5:]))
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue  # the last event, or none of ours
            if words:
                self._parts.append(words[: self._left])
                self._left -= len(words)


def overhear(reply: Reply) -> Callable[[], str]:
    """Return a function that tells the words of `reply` once it is over."""
    if reply.stream is None:
        return lambda: words_of(reply.body)
    stream = Overheard(reply.stream)
    reply.stream = stream
    return lambda: stream.words


def _words(event: _Event) -> str:
    for choice in event.choices:
        if choice.index == 0:
            said = choice.delta or choice.message
            return (said.content if said is not None else choice.text) or ""
    if event.delta is not None:
        return event.delta.text or ""
    return "".join(each.text or "" for each in event.content)
