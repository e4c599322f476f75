"""What the engines' own streams of bytes have in common."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from types import TracebackType
from typing import NoReturn


class ByteStream(AsyncGenerator[bytes, None]):
    """A stream into which nothing can be sent; what is made of it tells `__anext__` and `aclose`.

    No generator function: those run nothing of theirs when they are closed before they began.
    """

    async def asend(self, value: None) -> bytes:
        """Return the next piece."""
        return await self.__anext__()

    async def athrow(
        self,
        kind: type[BaseException] | BaseException,
        value: BaseException | object = None,
        trace: TracebackType | None = None,
    ) -> NoReturn:
        """Close it and raise what is given."""
        await self.aclose()
        raise kind
