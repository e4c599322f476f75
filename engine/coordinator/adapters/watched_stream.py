"""A stream that tells when nobody reads it any more."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

from engine.byte_stream import ByteStream


class WatchedStream(ByteStream):
    """Yields what `source` does; `done` is called once, when it has ended, failed or was closed."""

    def __init__(self, source: AsyncGenerator[bytes, None], done: Callable[[], None]) -> None:
        self._source = source
        self._done: Callable[[], None] | None = done

    async def __anext__(self) -> bytes:
        """Return the next piece of the source. Raises what it raises."""
        try:
            return await self._source.__anext__()
        except BaseException:
            self._end()
            raise

    async def aclose(self) -> None:
        """Close the source; may be called twice."""
        try:
            await self._source.aclose()
        finally:
            self._end()

    def _end(self) -> None:
        done, self._done = self._done, None
        if done is not None:
            done()
