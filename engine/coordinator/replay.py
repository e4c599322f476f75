"""A stream that ran before, once more."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from types import TracebackType
from typing import NoReturn


class Replay(AsyncGenerator[bytes, None]):
    """Yields `pieces`; `finished` is called once, when it has ended or is closed.

    No generator function: those run nothing of theirs when they are closed before they began.
    """

    def __init__(self, pieces: Sequence[bytes], finished: Callable[[], None]) -> None:
        self._pieces = iter(pieces)
        self._finished: Callable[[], None] | None = finished

    async def asend(self, value: None) -> bytes:
        """Return the next piece."""
        for piece in self._pieces:
            return piece
        self._end()
        raise StopAsyncIteration

    async def athrow(
        self,
        kind: type[BaseException] | BaseException,
        value: BaseException | object = None,
        trace: TracebackType | None = None,
    ) -> NoReturn:
        """End, and raise what is given."""
        await self.aclose()
        raise kind

    async def aclose(self) -> None:
        """End; may be called twice."""
        self._pieces = iter(())
        self._end()

    def _end(self) -> None:
        finished, self._finished = self._finished, None
        if finished is not None:
            finished()
