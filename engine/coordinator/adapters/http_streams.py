"""Streams of a server: closing one ends the request there, even before its first piece was read.

A plain async generator that was never started runs nothing when it is closed, so these are none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from engine.byte_stream import ByteStream
from engine.coordinator.adapters.aiohttp_session import outside_errors, translated
from engine.errors import EngineError

if TYPE_CHECKING:
    from aiohttp import ClientResponse


class Translator(Protocol):
    """Turns what a server streams into OpenAI's events."""

    def feed(self, piece: bytes) -> bytes:
        """Return the events that `piece` completes, b"" for none. Raises what the server says."""
        ...

    def end(self) -> bytes:
        """Return what is left to say. Raises Unreachable where the stream ended too early."""
        ...


class ServerStream(ByteStream):
    """The bytes of an answer as they come. `where` is the server, for messages."""

    def __init__(self, response: ClientResponse, where: str) -> None:
        self._response = response
        self._read = response.content.readany
        self._where = where

    async def __anext__(self) -> bytes:
        """Return the next piece. Raises Unreachable where the connection breaks."""
        try:
            piece = await self._read()
        except outside_errors() as error:
            self._response.close()
            raise translated(error, self._where) from error
        except BaseException:
            self._response.close()
            raise
        if not piece:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        """End the request at the server, where it has not ended. May be called twice."""
        self._response.close()


class TranslatedStream(ByteStream):
    """What `translator` makes of the pieces of `source`."""

    def __init__(self, source: ServerStream, translator: Translator) -> None:
        self._source = source
        self._translator = translator
        self._is_over = False

    async def __anext__(self) -> bytes:
        """Return the next events. Raises Unreachable, Damaged, Overloaded or Refused."""
        try:
            while not self._is_over:
                try:
                    made = self._translator.feed(await self._source.__anext__())
                except StopAsyncIteration:
                    self._is_over = True
                    made = self._translator.end()
                if made:
                    return made
        except EngineError:
            await self.aclose()
            raise
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """End the request at the server, where it has not ended. May be called twice."""
        self._is_over = True
        await self._source.aclose()
