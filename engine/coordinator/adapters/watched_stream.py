"""A stream that tells when nobody reads it any more."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from types import TracebackType
from typing import NoReturn


class WatchedStream(AsyncGenerator[bytes, None]):
    """Yields what `source` does; `done` is called once, when it has ended, failed or was closed.

    No generator function: those run nothing of theirs when they are closed before they began.
    """

    def __init__(self, source: AsyncGenerator[bytes, None], done: Callable[[], None]) -> None:
        self._source = source
        self._done: Callable[[], None] | None = done

    async def asend(self, value: None) -> bytes:
        """Return the next piece of the source. Raises what it raises."""
        try:
            return await self._source.__anext__()
        except BaseException:
            self._end()
            raise

    async def athrow(
        self,
        kind: type[BaseException] | BaseException,
        value: BaseException | object = None,
        trace: TracebackType | None = None,
    ) -> NoReturn:
        """Close the source and raise what is given."""
        await self.aclose()
        raise kind

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
