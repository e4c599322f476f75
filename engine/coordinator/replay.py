"""A stream that ran before, once more."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.byte_stream import ByteStream


class Replay(ByteStream):
    """Yields `pieces`; `finished` is called once, when it has ended or is closed."""

    def __init__(self, pieces: Sequence[bytes], finished: Callable[[], None]) -> None:
        self._pieces = iter(pieces)
        self._finished: Callable[[], None] | None = finished

    async def __anext__(self) -> bytes:
        """Return the next piece."""
        for piece in self._pieces:
            return piece
        self._end()
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """End; may be called twice."""
        self._pieces = iter(())
        self._end()

    def _end(self) -> None:
        finished, self._finished = self._finished, None
        if finished is not None:
            finished()
